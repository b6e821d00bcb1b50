/** What the planner says about an export's statements: EXPLAIN only, and first and last key where an index has them. */
import { onlyHelps } from "../access/only_helps.ts";
import type { LoadedExport } from "../config/loaded.ts";
import { firstStatement } from "../extract/first_statement.ts";
import { chunkSpec } from "../plan/chunk_spec.ts";
import type { ChunkedStrategy, ExportPlan } from "../plan/strategy.ts";
import type { Dialect, ScanFacts, Source } from "../ports/source.ts";
import { cursorExpression, type CursorShape } from "../query/cursor.ts";
import { CUTS } from "../query/cuts/mod.ts";
import { ALIAS, columnRef, outerSelect, textOf } from "../query/select.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { IndexUse } from "./verdict.ts";

/** How an export's rows are found. */
export interface ExportScan {
  /** Of a statement that the run sends; null when the engine does not tell. */
  readonly scan: ScanFacts | null;
  /** An index has the rows in the order that they are cut or read in; null: not known, or there is no order. */
  readonly indexed: boolean | null;
}

/** How much of it indexes do: rows that one finds, and that have to be sorted afterwards, are half of it. */
export function indexUse({ scan, indexed }: ExportScan): IndexUse {
  if (scan === null) return "unknown";
  return scan.index === "full" && scan.sorted && indexed === false ? "partial" : scan.index;
}

/** The first rows in an order: read through an index exactly when one serves that order. */
function firstInOrder(dialect: Dialect, base: string, order: string, limit: number): string {
  return outerSelect(dialect, { selectList: [`${ALIAS}.*`], base, orderBy: [order], limit });
}

/** What the rows are cut, paged or windowed by: a column, or the cursor of two (CC7). */
type Order = { readonly column: string } | { readonly cursor: CursorShape };

/** Null: by nothing. */
function orderOf(exported: LoadedExport, { strategy }: ExportPlan): Order | null {
  switch (strategy.kind) {
    case "incremental": {
      const { shape } = strategy;
      return shape.fallback === null ? { column: shape.column } : { cursor: shape };
    }
    case "chunked":
      return isStorageCut(strategy) ? null : { column: strategy.shape.column };
    case "whole": {
      const { mode } = exported;
      if (mode.kind === "time_window") return { column: mode.column };
      const [read] = strategy.reads;
      return read.kind === "pages" ? { column: read.shape.key } : null;
    }
  }
}

function expressionOf(dialect: Dialect, order: Order): string {
  return "column" in order
    ? columnRef(dialect, order.column)
    : cursorExpression(dialect, order.cursor);
}

function isStorageCut({ shape }: ChunkedStrategy): boolean {
  return CUTS[shape.kind].storage !== undefined;
}

/** A chunk from the middle; where no chunk is known, as many rows as one has. */
function chunkRead(
  dialect: Dialect,
  exported: LoadedExport,
  plan: ExportPlan,
  strategy: ChunkedStrategy,
): ReadSpec {
  const { chunks, shape, pageRows, size } = strategy;
  const bounded = chunks.filter(({ start, end }) => start !== null && end !== null);
  const known = bounded.length > 0 ? bounded : chunks;
  const chunk = known[Math.floor(known.length / 2)];
  if (chunk !== undefined || pageRows !== null) {
    const open = { start: null, end: null };
    return chunkSpec(dialect, strategy, plan.description, chunk ?? open);
  }
  if (isStorageCut(strategy)) {
    const { base, description: { selectList } } = plan;
    return { kind: "statement", sql: outerSelect(dialect, { selectList, base }) };
  }
  const { mode } = exported;
  const rows = size ?? (mode.kind === "chunked" ? mode.size : 1);
  const order = columnRef(dialect, shape.column);
  return { kind: "statement", sql: firstInOrder(dialect, plan.base, order, rows) };
}

function readOf(dialect: Dialect, exported: LoadedExport, plan: ExportPlan): ReadSpec {
  const { strategy } = plan;
  switch (strategy.kind) {
    case "incremental":
      return strategy.read;
    case "chunked":
      return chunkRead(dialect, exported, plan, strategy);
    case "whole":
      return strategy.reads[0];
  }
}

/**
 * Whether an index has the rows in the export's order: the planner takes it for the first of them, or the
 * catalog knows one. Null when there is no order, or the engine does not tell.
 */
export async function hasIndex(
  source: Source,
  exported: LoadedExport,
  plan: ExportPlan,
): Promise<boolean | null> {
  const { dialect } = source;
  const order = orderOf(exported, plan);
  if (order === null) return null;
  const sql = firstInOrder(dialect, plan.base, expressionOf(dialect, order), 1);
  const explain = async () => await source.explainScan?.(sql, "statement") ?? null;
  const scan = await onlyHelps("an index of the export's order", explain, null);
  if (scan?.index === "full" && !scan.sorted) return true;
  const known = "column" in order
    ? await indexedByCatalog(source, exported.table, order.column)
    : false;
  return scan === null && !known ? null : known;
}

/** Tables of a few rows are not worth their index to a planner. */
async function indexedByCatalog(
  source: Source,
  table: string | null,
  column: string,
): Promise<boolean> {
  if (table === null) return false;
  const look = async () => await source.introspect?.({ schema: null, table }) ?? null;
  const catalog = await onlyHelps(`the indexes of '${table}'`, look, null);
  return catalog?.tables.some((found) => found.indexedColumns.includes(column)) ?? false;
}

/** Asks for the plan of the very statement that a run sends: none is made shorter for it. */
export async function probeScan(
  source: Source,
  exported: LoadedExport,
  plan: ExportPlan,
): Promise<ExportScan> {
  const { sql, access } = firstStatement(
    source.dialect,
    readOf(source.dialect, exported, plan),
    exported.tuning,
  );
  const explain = async () => await source.explainScan?.(sql, access) ?? null;
  const scan = await onlyHelps("the plan of the export's statement", explain, null);
  return { scan, indexed: scan === null ? null : await hasIndex(source, exported, plan) };
}

/** First and last key, without scanning: from the chunks, or from an index of the chunk column or cursor. */
export async function keyRangeOf(
  source: Source,
  plan: ExportPlan,
  { indexed }: ExportScan,
): Promise<readonly [string, string] | null> {
  const { strategy } = plan;
  if (strategy.kind === "whole") return null;
  if (strategy.kind === "chunked") {
    const bounded = strategy.chunks.filter((c) => c.start !== null && c.end !== null);
    const [first, last] = [bounded[0]?.start, bounded.at(-1)?.end];
    if (strategy.shape.kind === "range" && first && last) return [first, last];
  }
  if (indexed !== true) return null;
  const { dialect } = source;
  const { columnType } = strategy.shape;
  const key = strategy.kind === "chunked"
    ? columnRef(dialect, strategy.shape.column)
    : cursorExpression(dialect, strategy.shape);
  const text = textOf(dialect, key, columnType);
  const ends = async () => [
    await endOf(source, plan, key, text, ""),
    await endOf(source, plan, key, text, " DESC"),
  ];
  const [first, last] = await onlyHelps("first and last key", ends, [null, null]);
  return first === null || last === null ? null : [first, last];
}

/** The first value in an order. Not MIN: some types have an order and no MIN (uuid). */
async function endOf(
  source: Source,
  { base }: ExportPlan,
  key: string,
  text: string,
  direction: "" | " DESC",
): Promise<string | null> {
  const { dialect } = source;
  const found = await source.rows(outerSelect(dialect, {
    selectList: [text],
    base,
    where: `${key} IS NOT NULL`,
    orderBy: [key + direction],
    limit: 1,
  }));
  return found[0]?.[0] ?? null;
}
