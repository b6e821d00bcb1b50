/**
 * The shape of `rivet.yaml`. Names are public API (contracts section 8). Relations between fields are
 * rules in `rules/`; the schema says only what each field is. JSON Schema and the configuration
 * reference are generated from it, so every field's description carries its default and unit.
 */
import * as v from "valibot";
import { strictObject, text } from "../base/schema.ts";
import { exportSchema } from "./schema/export.ts";
import { defaulted, described, optional } from "./schema/fields.ts";
import { lineageSchema } from "./schema/lineage.ts";
import { sourceSchema } from "./schema/source.ts";

export { type DestinationConfig, destinationSchema } from "./schema/destination.ts";
export { type ExportConfig, type ExportMode, exportSchema } from "./schema/export.ts";
export { type LineageConfig, lineageSchema } from "./schema/lineage.ts";
export {
  type MetaColumnsConfig,
  metaColumnsSchema,
  type ParquetConfig,
  parquetSchema,
  type QualityConfig,
  qualitySchema,
} from "./schema/output.ts";
export {
  type CatalogConfig,
  type TableFormatConfig,
  tableFormatSchema,
} from "./schema/table_format.ts";
export {
  type SourceConfig,
  sourceSchema,
  type TlsConfig,
  tlsSchema,
  type TuningConfig,
  tuningSchema,
} from "./schema/source.ts";

/** `notifications:` at the top of the file. */
export const notificationsSchema = described(
  strictObject({
    slack: optional(
      strictObject({
        webhook_url: optional(text, "Incoming webhook; prefer webhook_url_env."),
        webhook_url_env: optional(text, "Environment variable that holds the webhook."),
        on: defaulted(
          v.array(v.picklist(["failure", "schema_change", "degraded"])),
          ["failure"],
          "Events to tell about. Default: failure.",
        ),
      }),
      "Messages to a Slack channel. A failing webhook only warns.",
    ),
  }),
  "Whom to tell about a run.",
);

export const configSchema = described(
  strictObject({
    source: sourceSchema,
    exports: described(
      v.pipe(v.array(exportSchema), v.minLength(1)),
      "What to export, at least one.",
    ),
    notifications: v.optional(notificationsSchema),
    lineage: v.optional(lineageSchema),
    parallel_exports: defaulted(
      v.boolean(),
      false,
      "Run all exports at the same time in one process, as --parallel-exports does. Default: false.",
    ),
    parallel_export_processes: defaulted(
      v.boolean(),
      false,
      "Run each export as a process of its own, as --parallel-export-processes does. Default: false.",
    ),
  }),
  "Configuration of Rivet: one source, its exports.",
);

/** The block after parsing, with its defaults. */
export type NotificationsConfig = v.InferOutput<typeof notificationsSchema>;
/** A whole file after parsing, with its defaults; nothing is resolved or read yet. */
export type RivetConfig = v.InferOutput<typeof configSchema>;
