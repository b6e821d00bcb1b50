/**
 * The shape of `rivet.yaml`. Names are public API (contracts section 8). Relations between fields are
 * rules in `rules/`; the schema says only what each field is. JSON Schema and the configuration
 * reference are generated from it, so every field's description carries its default and unit.
 */
import type { Infer } from "../base/shape.ts";
import { s } from "../base/shapes.ts";
import { exportSchema } from "./schema/export.ts";
import { text } from "./schema/fields.ts";
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
export const notificationsSchema = s.strictObject({
  slack: s.strictObject({
    webhook_url: text.optional().describe("Incoming webhook; prefer webhook_url_env."),
    webhook_url_env: text.optional().describe("Environment variable that holds the webhook."),
    on: s.array(s.enum(["failure", "schema_change", "degraded"])).default(["failure"]).describe(
      "Events to tell about. Default: failure.",
    ),
  }).optional().describe("Messages to a Slack channel. A failing webhook only warns."),
}).describe("Whom to tell about a run.");

export const configSchema = s.strictObject({
  source: sourceSchema,
  exports: s.array(exportSchema).min(1).describe("What to export, at least one."),
  notifications: notificationsSchema.optional(),
  lineage: lineageSchema.optional(),
  parallel_exports: s.boolean().default(false).describe(
    "Run all exports at the same time in one process, as --parallel-exports does. Default: false.",
  ),
  parallel_export_processes: s.boolean().default(false).describe(
    "Run each export as a process of its own, as --parallel-export-processes does. Default: false.",
  ),
}).describe("Configuration of Rivet: one source, its exports.");

/** The block after parsing, with its defaults. */
export type NotificationsConfig = Infer<typeof notificationsSchema>;
/** A whole file after parsing, with its defaults; nothing is resolved or read yet. */
export type RivetConfig = Infer<typeof configSchema>;
