/**
 * What a database holds and how its tables could be exported. Read from the catalog and from EXPLAIN; the
 * one thing asked of a table is the lowest and highest value of a large one's integer key, by its index.
 */
import { onlyHelps } from "../access/only_helps.ts";
import type { ExportMode } from "../config/schema.ts";
import { ConfigError, RivetError, toRivetError } from "../base/errors.ts";
import type {
  Catalog,
  CatalogTable,
  InspectedColumn,
  IntrospectScope,
  Source,
} from "../ports/source.ts";
import { tableQuery } from "../query/base.ts";
import { minMaxSql } from "../query/select.ts";
import { didYouMean } from "../base/suggest.ts";
import {
  type ChunkCandidate,
  chunkCandidates,
  type CursorCandidate,
  cursorCandidates,
  fallbackFor,
} from "./candidates.ts";
import { isWanted, type TableFilter } from "./glob.ts";
import { notesOf } from "./notes.ts";
import {
  FULL_ROWS,
  type ModeSuggestion,
  type SuggestInput,
  suggestionIn,
  suggestMode,
} from "./suggest_mode.ts";

export interface DiscoverOptions {
  readonly scope: IntrospectScope;
  readonly filter: TableFilter;
  /** For every table that has a column for it; null: what suits each table. */
  readonly mode: ExportMode | null;
}

/** One table or view that can be read, and what suits it. */
export interface DiscoveredTable {
  readonly table: CatalogTable;
  readonly columns: readonly InspectedColumn[];
  readonly rows: number | null;
  readonly cursors: readonly CursorCandidate[];
  /** For the best cursor, when that can be NULL. */
  readonly fallback: string | null;
  readonly chunks: readonly ChunkCandidate[];
  readonly suggestion: ModeSuggestion;
  readonly notes: readonly string[];
}

/** A table that cannot be exported as it is, and why. */
export interface LeftOutTable {
  readonly table: CatalogTable;
  readonly reason: string;
}

/** The tables of a scope; those that cannot be exported are named apart. */
export interface Discovery {
  /** The schema, or `schema.table`. */
  readonly scope: string;
  readonly tables: readonly DiscoveredTable[];
  readonly leftOut: readonly LeftOutTable[];
}

/** @throws RivetError SOURCE_OBJECT_NOT_FOUND when there is nothing to export, SourceError */
export async function discover(source: Source, options: DiscoverOptions): Promise<Discovery> {
  const { scope, filter, mode } = options;
  if (source.introspect === undefined || source.inspect === undefined) {
    throw new RivetError("NOT_AVAILABLE", `discovery of ${source.info.engine} is not available`, {
      hint: "Write the configuration by hand; `rivet check` examines it.",
    });
  }
  const catalog = await source.introspect(scope);
  const wanted = catalog.tables.filter((t) => isWanted(filter, t.schema, t.name));
  if (wanted.length === 0) throw await nothingFound(source, options, catalog);
  const tables: DiscoveredTable[] = [];
  const leftOut: LeftOutTable[] = [];
  for (const table of wanted) {
    const found = await discoverTable(source, table, mode);
    if ("reason" in found) leftOut.push(found);
    else tables.push(found);
  }
  if (tables.length === 0) throw nothingReadable(catalog, leftOut);
  return {
    scope: scope.table === null ? catalog.schema : `${wanted[0].schema}.${wanted[0].name}`,
    tables,
    leftOut,
  };
}

function nothingReadable({ schema }: Catalog, leftOut: readonly LeftOutTable[]): RivetError {
  const [{ table, reason }] = leftOut;
  const others = leftOut.length === 1 ? "" : ` (and ${leftOut.length - 1} more likewise)`;
  return new RivetError(
    "SOURCE_PERMISSION",
    `nothing in '${schema}' can be exported: ${table.name}: ${reason}${others}`,
    { hint: "Grant SELECT on the tables to this user, or choose others with --table." },
  );
}

async function nothingFound(
  source: Source,
  { scope, filter }: DiscoverOptions,
  catalog: Catalog,
): Promise<RivetError> {
  if (catalog.tables.length > 0) {
    const names = catalog.tables.map((t) => t.name);
    const [pattern] = filter.include;
    return new ConfigError(
      `--include and --exclude leave none of the ${names.length} tables of '${catalog.schema}'` +
        (pattern === undefined ? "" : didYouMean(pattern, names)),
      [],
      { code: "USAGE", hint: `There are: ${names.slice(0, 20).join(", ")}.` },
    );
  }
  if (scope.table !== null) {
    const all = await source.introspect?.({ ...scope, table: null });
    const names = all?.tables.map((t) => t.name) ?? [];
    const name = scope.table.split(".").at(-1) ?? scope.table;
    return new RivetError(
      "SOURCE_OBJECT_NOT_FOUND",
      `there is no table '${scope.table}'${didYouMean(name, names)}`,
      { hint: `Leave --table out for all tables of '${all?.schema ?? catalog.schema}'.` },
    );
  }
  const { schema, schemas } = catalog;
  const what = schema === "" ? "no database is named" : `'${schema}' holds no tables`;
  return new RivetError("SOURCE_OBJECT_NOT_FOUND", what + didYouMean(schema, schemas), {
    hint: schemas.length === 0
      ? "This user sees no table at all."
      : `Choose one of these with --schema: ${schemas.slice(0, 20).join(", ")}.`,
  });
}

async function discoverTable(
  source: Source,
  table: CatalogTable,
  mode: ExportMode | null,
): Promise<DiscoveredTable | LeftOutTable> {
  if (table.unreadable !== null) return { table, reason: table.unreadable };
  let columns: readonly InspectedColumn[];
  let base: string;
  try {
    base = await tableQuery(source, table.reference);
    columns = await source.inspect?.(base, new Map()) ?? [];
  } catch (error) {
    const { category, message } = toRivetError(error);
    // A view over something that is gone, a foreign table whose server is away: the others go on.
    if (category === "permanent" || category === "auth") return { table, reason: message };
    throw error;
  }
  const name = `'${table.reference}'`;
  const estimate = () => source.estimateRows(base);
  const rows = table.rowEstimate ?? await onlyHelps(`the rows of ${name}`, estimate, null);
  const shape = {
    columns,
    keys: await onlyHelps(`keys of ${name}`, () => source.keys(table.reference), []),
    primaryKey: await onlyHelps(
      `the primary key of ${name}`,
      async () => await source.primaryKey?.(table.reference) ?? [],
      [],
    ),
    indexedColumns: table.indexedColumns,
  };
  const cursors = cursorCandidates(shape);
  const chunks = chunkCandidates(shape);
  const input: SuggestInput = {
    kind: table.kind,
    rows,
    cursors,
    fallback: fallbackFor(cursors[0], cursors),
    chunks,
    keyRange: await keyRange(source, base, rows, chunks[0]),
  };
  const asked = mode === null ? null : suggestionIn(mode, input);
  const suggestion = asked ?? suggestMode(input);
  const notes = notesOf({ table, columns, input, suggestion, askedMode: mode });
  return { table, columns, rows, cursors, fallback: input.fallback, chunks, suggestion, notes };
}

/** Only of a large table, for which it decides between windows and pages. */
async function keyRange(
  source: Source,
  base: string,
  rows: number | null,
  best: ChunkCandidate | undefined,
): Promise<readonly [string, string] | null> {
  if (best === undefined || !best.integer || (rows !== null && rows <= FULL_ROWS)) return null;
  const ends = () => source.rows(minMaxSql(source.dialect, base, best.column.name));
  const [[min, max]] = await onlyHelps("first and last key", ends, [[null, null]]);
  return min === null || max === null ? null : [min, max];
}
