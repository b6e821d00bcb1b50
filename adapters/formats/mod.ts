/** The one list of formats that an export can be written in. */
import { registry } from "../../core/ports/adapters.ts";
import type { Format } from "../../core/ports/format.ts";

/** A format by its name. @throws RivetError NOT_AVAILABLE */
export const loadFormat: (name: string) => Promise<Format> = registry<Format["name"], Format>(
  "format",
  {
    parquet: async () =>
      (await import("./parquet/mod.ts" as string) as typeof import("./parquet/mod.ts")).parquet,
    csv: async () => (await import("./csv/mod.ts" as string) as typeof import("./csv/mod.ts")).csv,
  },
);
