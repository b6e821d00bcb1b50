/** The one list of source engines. */
import type { SourceConfig } from "../../core/config/schema.ts";
import { registry } from "../../core/ports/adapters.ts";
import type { NeedsOf } from "../../core/ports/needs.ts";
import type { SourceFactory } from "../../core/ports/source.ts";

/** The factory of a source type. @throws RivetError NOT_AVAILABLE */
export const sourceFactory: (type: string) => Promise<SourceFactory> = registry<
  SourceConfig["type"],
  SourceFactory
>("source type", {
  postgres: async () =>
    (await import("./postgres/mod.ts" as string) as typeof import("./postgres/mod.ts")).postgres,
  mysql: async () =>
    (await import("./mysql/mod.ts" as string) as typeof import("./mysql/mod.ts")).mysql,
  mssql: async () =>
    (await import("./mssql/mod.ts" as string) as typeof import("./mssql/mod.ts")).mssql,
});

const needs = registry<SourceConfig["type"], NeedsOf<SourceConfig>>("source type", {
  postgres: async () =>
    (await import("./postgres/needs.ts" as string) as typeof import("./postgres/needs.ts"))
      .postgresNeeds,
  mysql: async () =>
    (await import("./mysql/needs.ts" as string) as typeof import("./mysql/needs.ts")).mysqlNeeds,
  mssql: async () =>
    (await import("./mssql/needs.ts" as string) as typeof import("./mssql/needs.ts")).mssqlNeeds,
});

/** What reading from a source needs, told without its driver. */
export const sourceNeeds: NeedsOf<SourceConfig> = async (config, env) =>
  await (await needs(config.type))(config, env);
