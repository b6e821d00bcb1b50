/** One entry of `exports:` in a scaffold. */
import { grouped } from "../base/grouped.ts";
import type { DiscoveredTable } from "../discover/discover.ts";
import type { ModeSuggestion } from "../discover/suggest_mode.ts";
import { isBareNumeric } from "../discover/notes.ts";
import type { TableType } from "../config/table_formats.ts";
import { DEFAULT_CHUNK_SIZE } from "../config/modes.ts";
import type { InspectedColumn } from "../ports/source.ts";
import { formatType, type RivetType } from "../types/types.ts";
import type { ScaffoldDestination, ScaffoldedExport, ScaffoldOptions } from "./options.ts";
import { nameProblems, overrideReason, tableOverride, writeTableFormat } from "./table_block.ts";
import { scalar, type YamlText } from "./yaml_text.ts";

export function scaffoldExport(
  yaml: YamlText,
  { name, found }: ScaffoldedExport,
  options: ScaffoldOptions,
): void {
  const { tableFormat } = options;
  for (const note of found.notes) yaml.comment(1, note);
  for (const note of tableFormat === null ? [] : nameProblems(tableFormat, found.columns)) {
    yaml.comment(1, note);
  }
  yaml.raw(1, `- name: ${scalar(name)}`);
  writeWhat(yaml, found, options);
  writeMode(yaml, found);
  yaml.entry(2, "format", "parquet");
  if (tableFormat !== null) writeTableFormat(yaml, found, tableFormat);
  writeColumns(yaml, found.columns, tableFormat);
  writeMetaColumns(yaml, found.columns);
  writeDestination(yaml, options.destination);
}

/** `table:` takes names, and what reads like SQL is refused there. */
const READS_LIKE_SQL = /^\s*select\b|[;()]/i;

function writeWhat(yaml: YamlText, found: DiscoveredTable, options: ScaffoldOptions): void {
  const { reference } = found.table;
  const cast = found.columns.some(({ refusal }) => refusal !== null && refusal.override === null);
  if (!cast && !READS_LIKE_SQL.test(reference) && reference.trim() === reference) {
    yaml.entry(2, "table", reference);
    return;
  }
  const list = cast ? found.columns.map((c) => selectItem(c, options)).join(", ") : "*";
  yaml.entry(2, "query", `SELECT ${list} FROM ${options.dialect.table(reference)}`);
}

function selectItem({ name, refusal }: InspectedColumn, { dialect }: ScaffoldOptions): string {
  return refusal !== null && refusal.override === null ? refusal.cast : dialect.quote(name);
}

/** `~120,000 rows`. */
function rowsText(rows: number | null): string {
  return rows === null ? "size unknown" : `~${grouped(rows)} rows`;
}

function writeMode(yaml: YamlText, { suggestion, rows }: DiscoveredTable): void {
  yaml.entry(2, "mode", suggestion.mode, rowsText(rows));
  writeModeKeys(yaml, suggestion);
}

function writeModeKeys(yaml: YamlText, suggestion: ModeSuggestion): void {
  switch (suggestion.mode) {
    case "full":
      return;
    case "chunked": {
      const key = suggestion.by === "range" ? "chunk_column" : "chunk_by_key";
      yaml.entry(2, key, suggestion.column);
      const unit = suggestion.by === "range" ? "key values per chunk" : "rows per page";
      yaml.entry(2, "chunk_size", DEFAULT_CHUNK_SIZE, unit);
      yaml.entry(2, "chunk_checkpoint", true, "for --resume, reconcile and repair");
      yaml.comment(2, "parallel: 4                   readers at the same time");
      return;
    }
    case "incremental":
      yaml.entry(2, "cursor_column", suggestion.cursor, "only rows beyond the last run's");
      if (suggestion.fallback !== null) {
        yaml.entry(2, "cursor_fallback_column", suggestion.fallback);
        yaml.entry(2, "incremental_cursor_mode", "coalesce");
      }
      yaml.entry(2, "skip_empty", true);
      return;
    case "time_window":
      yaml.entry(2, "time_column", suggestion.column);
      yaml.entry(2, "days_window", suggestion.days, "days back from the start of each run");
      return;
  }
}

const REVIEW = "REVIEW: bare NUMERIC; a value with more digits fails the run and is named";

interface Override {
  readonly type: RivetType;
  readonly comment?: string;
}

/** The overrides without which the run would fail, and the decimals, so that their digits are pinned. */
function overrideOf(column: InspectedColumn, tableFormat: TableType | null): Override | null {
  const { refusal, nativeType } = column;
  const own = refusal === null ? column.type : refusal.override;
  const wider = tableFormat === null || own === null ? null : tableOverride(tableFormat, own);
  if (tableFormat !== null && own !== null && wider !== null) {
    return { type: wider, comment: overrideReason(tableFormat, own) };
  }
  if (refusal !== null) {
    const comment = isBareNumeric(column) ? REVIEW : `${nativeType} ${refusal.reason}`;
    return own === null ? null : { type: own, comment };
  }
  const element = own?.kind === "list" ? own.element : own;
  return own !== null && element?.kind === "decimal" ? { type: own } : null;
}

function writeColumns(
  yaml: YamlText,
  columns: readonly InspectedColumn[],
  tableFormat: TableType | null,
): void {
  const overridden = columns.flatMap(({ name, ...column }) => {
    const override = overrideOf({ name, ...column }, tableFormat);
    return override === null ? [] : [{ name, ...override }];
  });
  if (overridden.length === 0) return;
  yaml.block(2, "columns");
  for (const { name, type, comment } of overridden) {
    yaml.raw(3, `${scalar(name)}: ${formatType(type)}`, comment);
  }
}

const META = { exported_at: "_rivet_exported_at", row_hash: "_rivet_row_hash" } as const;

/** On, but for a table that has a column of that name already. */
function writeMetaColumns(yaml: YamlText, columns: readonly InspectedColumn[]): void {
  yaml.block(2, "meta_columns");
  for (const [key, name] of Object.entries(META)) {
    const taken = columns.some((column) => column.name === name);
    yaml.entry(3, key, !taken, taken ? "the table has such a column" : `adds ${name}`);
  }
}

function writeDestination(yaml: YamlText, destination: ScaffoldDestination): void {
  yaml.block(2, "destination");
  yaml.entry(3, "type", destination.type);
  switch (destination.type) {
    case "local":
      yaml.raw(3, "path: ./output/{export}");
      return;
    case "s3":
      yaml.entry(3, "bucket", destination.bucket);
      yaml.raw(3, 'prefix: "{export}/"');
      yaml.comment(3, "region: us-east-1            else AWS_REGION; credentials: the AWS chain");
      return;
    case "gcs":
      yaml.entry(3, "bucket", destination.bucket);
      yaml.raw(3, 'prefix: "{export}/"', "credentials: Application Default Credentials");
      return;
    case "azure":
      yaml.entry(3, "bucket", destination.container);
      yaml.raw(3, 'prefix: "{export}/"');
      yaml.entry(3, "connection_string_env", "AZURE_STORAGE_CONNECTION_STRING");
      return;
  }
}
