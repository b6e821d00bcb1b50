/** What a scaffold is made from. */
import type { SourceConfig } from "../config/schema.ts";
import type { TableType } from "../config/table_formats.ts";
import type { DiscoveredTable } from "../discover/discover.ts";

/** How the file refers to the connection; the URL itself never enters it. */
export type UrlReference =
  | { readonly key: "url_env"; readonly value: string }
  /** Relative to the configuration's folder. */
  | { readonly key: "url_file"; readonly value: string };

/** Where the scaffolded exports write to; prefixes and credentials get defaults. */
export type ScaffoldDestination =
  | { readonly type: "local" }
  | { readonly type: "s3"; readonly bucket: string }
  | { readonly type: "gcs"; readonly bucket: string }
  | { readonly type: "azure"; readonly container: string };

export interface ScaffoldOptions {
  readonly sourceType: SourceConfig["type"];
  readonly url: UrlReference;
  readonly tls: { readonly mode: string; readonly caFile: string | null } | null;
  readonly destination: ScaffoldDestination;
  /** Its exports' files are tables of the format; null: files and a manifest. */
  readonly tableFormat: TableType | null;
  /** How the engine writes names, for an export that needs a query instead of `table:`. */
  readonly dialect: { quote(name: string): string; table(name: string): string };
}

/** An export of the file and the table it stands for. */
export interface ScaffoldedExport {
  readonly name: string;
  readonly found: DiscoveredTable;
}
