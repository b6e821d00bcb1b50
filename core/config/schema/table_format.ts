/** `table_format:` of an export: its files as the table of an open format. */
import * as v from "valibot";
import { strictObject, text } from "../../base/schema.ts";
import { TABLE_TYPES } from "../table_formats.ts";
import { defaulted, described, optional } from "./fields.ts";

const catalogSchema = described(
  strictObject({
    type: described(v.picklist(["rest"]), "rest: the Iceberg REST protocol."),
    uri: optional(text, "Address of the catalog; or uri_env."),
    uri_env: optional(text, "Environment variable that holds the address."),
    warehouse: optional(text, "Warehouse in the catalog. Default: the catalog's own."),
    token_env: optional(text, "Environment variable with a bearer token."),
    credential_env: optional(
      text,
      "Environment variable with client_id:client_secret, for OAuth2 client credentials.",
    ),
    oauth2_server_uri: optional(
      text,
      "Where tokens are asked for, with credential_env. Default: the catalog's own endpoint.",
    ),
    scope: optional(text, "Scope of the token, with credential_env. Default: catalog."),
  }),
  "Catalog that names the table. Default: none, the table is where its files are.",
);

/** `table_format:`. */
export const tableFormatSchema = described(
  strictObject({
    type: described(
      v.picklist(TABLE_TYPES),
      "delta: Delta Lake. iceberg: Apache Iceberg, version 2.",
    ),
    write: optional(
      v.picklist(["append", "replace"]),
      "append: rows are added to the table's. replace: they take the place of all that were there, in one commit; with mode time_window, of all that were in the partitions that the window reads. Default: append with mode incremental, else replace.",
    ),
    catalog: v.optional(catalogSchema),
    identifier: optional(text, "Name of the table in the catalog, namespace.table. With catalog."),
    partition_by: optional(
      v.pipe(
        v.array(strictObject({
          column: described(text, "Column that rows are laid into partitions by."),
          transform: defaulted(
            v.pipe(
              v.string(),
              v.regex(
                /^(identity|year|month|day|hour|bucket\[[1-9]\d*\]|truncate\[[1-9]\d*\])$/,
                "expected identity, year, month, day, hour, bucket[N] or truncate[N]",
              ),
            ),
            "identity",
            "What of its value: day, month or year of a date or timestamp. Default: identity.",
          ),
        })),
        v.minLength(1),
      ),
      "Partitions of the table. Default: none.",
    ),
  }),
  "Commits the run's files to a table at the destination that engines read as it is. Default: none, files and a manifest.",
);

/** The block after parsing, with its defaults. */
export type TableFormatConfig = v.InferOutput<typeof tableFormatSchema>;
/** `table_format.catalog:` after parsing. */
export type CatalogConfig = NonNullable<TableFormatConfig["catalog"]>;
