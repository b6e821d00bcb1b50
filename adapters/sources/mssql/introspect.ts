/** What the catalog views know of a table: keys, statistics, names like its own. */
import type { TableKey } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { nearestTable } from "../kit/similar_table.ts";
import { quoteLiteral, quoteTable, tableParts } from "./dialect.ts";
import { textOf } from "./cast_text.ts";

/** The catalog views of the database that `table` is in, with their dot: `sys.` or `[other].sys.`. */
export function catalogOf(table: string): string {
  const parts = tableParts(table);
  return parts.length > 2 ? `${quoteTable(`[${parts[0].replaceAll("]", "]]")}]`)}.sys.` : "sys.";
}

export function objectId(table: string): string {
  return `OBJECT_ID(${quoteLiteral(quoteTable(table))})`;
}

/** Single-column unique NOT NULL keys, the primary key first: whole tables only, not filtered indexes. */
export async function singleKeys(rows: RunRows, table: string): Promise<TableKey[]> {
  const sys = catalogOf(table);
  const found = await rows(`
    SELECT c.name,
      MAX(CASE WHEN TYPE_NAME(c.system_type_id) IN ('tinyint', 'smallint', 'int', 'bigint') THEN 1 ELSE 0 END),
      MAX(CAST(i.is_primary_key AS int))
    FROM ${sys}indexes AS i
    JOIN ${sys}index_columns AS ic
      ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.key_ordinal > 0
    JOIN ${sys}columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
    WHERE i.object_id = ${objectId(table)} AND i.is_unique = 1 AND i.has_filter = 0
      AND i.is_disabled = 0 AND i.is_hypothetical = 0 AND c.is_nullable = 0
      AND NOT EXISTS (SELECT 1 FROM ${sys}index_columns AS other
        WHERE other.object_id = i.object_id AND other.index_id = i.index_id AND other.key_ordinal > 1)
    GROUP BY c.name, c.column_id
    ORDER BY MAX(CAST(i.is_primary_key AS int)) DESC, c.column_id`);
  return found.map(([column, integer, primary]) => ({
    column: column ?? "",
    unique: true,
    integer: integer === "1",
    primary: primary === "1",
  }));
}

/** The columns of the primary key in its order. */
export async function primaryKeyColumns(rows: RunRows, table: string): Promise<string[]> {
  const sys = catalogOf(table);
  const found = await rows(`
    SELECT c.name FROM ${sys}indexes AS i
    JOIN ${sys}index_columns AS ic
      ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.key_ordinal > 0
    JOIN ${sys}columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
    WHERE i.object_id = ${objectId(table)} AND i.is_primary_key = 1
    ORDER BY ic.key_ordinal`);
  return found.map(([column]) => column ?? "");
}

/**
 * Columns that `*` leaves out and that can be named: of a period, of a ledger. Those of a graph are hidden too,
 * and no query may name them.
 */
export async function hiddenColumns(rows: RunRows, table: string): Promise<string[]> {
  const found = await rows(`
    SELECT c.name FROM ${catalogOf(table)}columns AS c
    WHERE c.object_id = ${objectId(table)} AND c.is_hidden = 1 AND c.generated_always_type <> 0
    ORDER BY c.column_id`);
  return found.map(([column]) => column ?? "");
}

/** One step of a histogram: its upper bound and the rows up to it. */
export interface HistogramStep {
  readonly bound: string;
  readonly rows: number;
}

/** A part may be this many times larger than the others would be. */
const MAX_SKEW = 2;
const MIN_STEPS = 3;

/**
 * Bounds that cut the rows into parts of about equal counts. The server merges steps where values are
 * evenly spread: a histogram of a few unequal steps cuts nothing evenly, and gives none.
 */
export function evenBounds(steps: readonly HistogramStep[]): string[] {
  const total = steps.reduce((sum, step) => sum + step.rows, 0);
  if (steps.length < MIN_STEPS || total === 0) return [];
  const largest = Math.max(...steps.map((step) => step.rows));
  const parts = Math.min(steps.length, Math.floor(MAX_SKEW * total / largest));
  if (parts < MIN_STEPS) return [];
  const bounds: string[] = [];
  let sum = 0;
  for (const step of steps) {
    sum += step.rows;
    if (sum >= (bounds.length + 1) * total / parts) bounds.push(step.bound);
  }
  return bounds;
}

/** Types whose text needs a style, with what a variant that holds one is cast to. */
const STYLED: Readonly<Record<string, string>> = {
  money: "money",
  smallmoney: "money",
  float: "float",
  real: "real",
  date: "date",
  time: "time(7)",
  smalldatetime: "smalldatetime",
  datetime: "datetime",
  datetime2: "datetime2(7)",
  datetimeoffset: "datetimeoffset(7)",
  binary: "varbinary(8000)",
  varbinary: "varbinary(8000)",
};

/** A `sql_variant` as exact text, whatever it holds. */
function variantText(variant: string): string {
  const styled = Object.entries(STYLED).map(([name, type]) =>
    `WHEN N'${name}' THEN ${textOf(`CAST(${variant} AS ${type})`, type)}`
  );
  return `CASE CAST(SQL_VARIANT_PROPERTY(${variant}, 'BaseType') AS nvarchar(128)) ` +
    `${styled.join(" ")} ELSE CONVERT(nvarchar(max), CAST(${variant} AS nvarchar(4000))) END`;
}

/** Cut points from the histogram of the column's statistics (SQL Server 2016 SP1 and later). */
export async function histogramBounds(
  rows: RunRows,
  table: string,
  column: string,
): Promise<string[]> {
  const sys = catalogOf(table);
  const found = await rows(`
    SELECT ${variantText("h.range_high_key")}, h.range_rows + h.equal_rows
    FROM (
      SELECT TOP (1) s.object_id, s.stats_id FROM ${sys}stats AS s
      JOIN ${sys}stats_columns AS sc
        ON sc.object_id = s.object_id AND sc.stats_id = s.stats_id AND sc.stats_column_id = 1
      JOIN ${sys}columns AS c ON c.object_id = sc.object_id AND c.column_id = sc.column_id
      WHERE s.object_id = ${objectId(table)} AND s.has_filter = 0 AND c.name = ${
    quoteLiteral(column)
  }
      ORDER BY STATS_DATE(s.object_id, s.stats_id) DESC
    ) AS latest
    CROSS APPLY ${sys}dm_db_stats_histogram(latest.object_id, latest.stats_id) AS h
    WHERE h.range_high_key IS NOT NULL
    ORDER BY h.step_number`);
  return evenBounds(found.map(([bound, count]) => ({ bound: bound ?? "", rows: Number(count) })));
}

/** The readable table nearest to a name that does not exist: elsewhere by schema, or by spelling. */
export async function similarTable(rows: RunRows, name: string): Promise<string | undefined> {
  const found = await rows(`
    SELECT TOP (5000) SCHEMA_NAME(o.schema_id), o.name FROM sys.objects AS o
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
    ORDER BY 1, 2`);
  return nearestTable(tableParts(name).at(-1) ?? name, found);
}
