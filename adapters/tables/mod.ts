/** The one list of table formats. */
import type { TableFormatConfig } from "../../core/config/schema.ts";
import type { TableType } from "../../core/config/table_formats.ts";
import { registry } from "../../core/ports/adapters.ts";
import type { NeedsOf } from "../../core/ports/needs.ts";
import type { TableFormat } from "../../core/ports/table_format.ts";

type Loaders = { readonly [T in TableType]: () => Promise<TableFormat> };

const LOADERS: Loaders = {
  delta: async () =>
    (await import("./delta/mod.ts" as string) as typeof import("./delta/mod.ts")).delta,
  iceberg: async () =>
    (await import("./iceberg/mod.ts" as string) as typeof import("./iceberg/mod.ts")).iceberg,
};

/** @throws RivetError NOT_AVAILABLE */
export const loadTableFormat: (type: string) => Promise<TableFormat> = registry(
  "table format",
  LOADERS,
);

/** What the formats need beside their destination. */
export const tableNeeds: NeedsOf<TableFormatConfig> = async (config, env) => {
  // A Delta table has nothing beside its destination.
  if (config.type === "delta") return {};
  const { icebergNeeds } = await import(
    "./iceberg/needs.ts" as string
  ) as typeof import("./iceberg/needs.ts");
  return icebergNeeds(config, env);
};
