/** What the planner says about an export's statements: EXPLAIN only, and MIN / MAX where an index has them. */
import { onlyHelps } from "../access/only_helps.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Dialect, ScanFacts, Source } from "../ports/source.ts";
import { cursorExpression } from "../query/cursor.ts";
import { ALIAS, columnRef, outerSelect, textOf } from "../query/select.ts";

/** The first row in an order: read through an index exactly when one serves that order. */
function firstInOrder(dialect: Dialect, base: string, order: string): string {
  return outerSelect(dialect, { selectList: [`${ALIAS}.*`], base, orderBy: [order], limit: 1 });
}

/** The statement whose plan tells whether the export's reads have an index (CC7: the same expression). */
function probeSql(dialect: Dialect, plan: ExportPlan): string {
  const { base, strategy } = plan;
  switch (strategy.kind) {
    case "incremental":
      return firstInOrder(dialect, base, cursorExpression(dialect, strategy.shape));
    case "chunked": {
      const { shape } = strategy;
      return firstInOrder(dialect, base, columnRef(dialect, shape.column));
    }
    case "whole": {
      const [read] = strategy.reads;
      return read.kind === "pages"
        ? firstInOrder(dialect, base, columnRef(dialect, read.shape.key))
        : read.sql;
    }
  }
}

/** Null when the engine does not tell. */
export async function probeScan(source: Source, plan: ExportPlan): Promise<ScanFacts | null> {
  const explain = async () => await source.explainScan?.(probeSql(source.dialect, plan)) ?? null;
  return await onlyHelps("the plan of the export's statement", explain, null);
}

/** First and last key, without scanning: from the chunks, or from an index of the chunk column or cursor. */
export async function keyRangeOf(
  source: Source,
  plan: ExportPlan,
  scan: ScanFacts | null,
): Promise<readonly [string, string] | null> {
  const { strategy } = plan;
  if (strategy.kind === "whole") return null;
  if (strategy.kind === "chunked") {
    const bounded = strategy.chunks.filter((c) => c.start !== null && c.end !== null);
    const [first, last] = [bounded[0]?.start, bounded.at(-1)?.end];
    if (strategy.shape.kind === "range" && first && last) return [first, last];
  }
  if (scan?.index !== "full") return null;
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
