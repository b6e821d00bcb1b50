/** What the planner says about an export's statements: EXPLAIN only, and MIN / MAX where an index has them. */
import type { ExportPlan } from "../plan/export_plan.ts";
import type { Dialect, ScanFacts, Source } from "../ports/source.ts";
import { chunkRowsSql } from "../query/chunk.ts";
import { cursorExpression } from "../query/incremental.ts";
import { ALIAS, columnRef, outerSelect } from "../query/select.ts";

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
      const { shape, chunks } = strategy;
      // Row numbers are counted over the whole result for every chunk.
      if (shape.kind === "dense" && chunks.length > 0) {
        return chunkRowsSql(dialect, shape, chunks[0]);
      }
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
  if (source.explainScan === undefined) return null;
  return await source.explainScan(probeSql(source.dialect, plan));
}

/** First and last key, without scanning: from the chunks, or for an indexed cursor from its index. */
export async function keyRangeOf(
  source: Source,
  plan: ExportPlan,
  scan: ScanFacts | null,
): Promise<readonly [string, string] | null> {
  const { strategy, base } = plan;
  if (strategy.kind === "chunked") {
    const bounded = strategy.chunks.filter((c) => c.start !== null && c.end !== null);
    const [first, last] = [bounded[0]?.start, bounded.at(-1)?.end];
    return strategy.shape.kind !== "range" || !first || !last ? null : [first, last];
  }
  if (strategy.kind !== "incremental" || scan?.index !== "full") return null;
  const { dialect } = source;
  const cursor = cursorExpression(dialect, strategy.shape);
  const selectList = [`MIN(${cursor})`, `MAX(${cursor})`].map((e) => dialect.castText(e));
  const [[min, max]] = await source.rows(outerSelect(dialect, { selectList, base }));
  return min === null || max === null ? null : [min, max];
}
