/** `table_format:` of an export: its files as the table of an open format. */
import type { Infer } from "../../base/shape.ts";
import { s } from "../../base/shapes.ts";
import { TABLE_TYPES } from "../table_formats.ts";
import { text } from "./fields.ts";

const catalogSchema = s.strictObject({
  type: s.enum(["rest"]).describe("rest: the Iceberg REST protocol."),
  uri: text.optional().describe("Address of the catalog; or uri_env."),
  uri_env: text.optional().describe("Environment variable that holds the address."),
  warehouse: text.optional().describe("Warehouse in the catalog. Default: the catalog's own."),
  token_env: text.optional().describe("Environment variable with a bearer token."),
  credential_env: text.optional().describe(
    "Environment variable with client_id:client_secret, for OAuth2 client credentials.",
  ),
  oauth2_server_uri: text.optional().describe(
    "Where tokens are asked for, with credential_env. Default: the catalog's own endpoint.",
  ),
  scope: text.optional().describe("Scope of the token, with credential_env. Default: catalog."),
}).describe("Catalog that names the table. Default: none, the table is where its files are.");

/** `table_format:`. */
export const tableFormatSchema = s.strictObject({
  type: s.enum(TABLE_TYPES).describe("delta: Delta Lake. iceberg: Apache Iceberg, version 2."),
  write: s.enum(["append", "replace"]).optional().describe(
    "append: rows are added to the table's. replace: they take the place of all that were there, in one commit; with mode time_window, of all that were in the partitions that the window reads. Default: append with mode incremental, else replace.",
  ),
  catalog: catalogSchema.optional(),
  identifier: text.optional().describe(
    "Name of the table in the catalog, namespace.table. With catalog.",
  ),
  partition_by: s.array(s.strictObject({
    column: text.describe("Column that rows are laid into partitions by."),
    transform: s.string().regex(
      /^(identity|year|month|day|hour|bucket\[[1-9]\d*\]|truncate\[[1-9]\d*\])$/,
      "expected identity, year, month, day, hour, bucket[N] or truncate[N]",
    ).default("identity").describe(
      "What of its value: day, month or year of a date or timestamp. Default: identity.",
    ),
  })).min(1).optional().describe("Partitions of the table. Default: none."),
}).describe(
  "Commits the run's files to a table at the destination that engines read as it is. Default: none, files and a manifest.",
);

/** The block after parsing, with its defaults. */
export type TableFormatConfig = Infer<typeof tableFormatSchema>;
/** `table_format.catalog:` after parsing. */
export type CatalogConfig = NonNullable<TableFormatConfig["catalog"]>;
