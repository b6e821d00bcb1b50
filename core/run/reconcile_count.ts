/**
 * `--reconcile`: one COUNT(*) over what the run read, compared with the rows it exported. It comes
 * before the cursor moves, so that a run that does not add up is read again.
 */
import { RivetError } from "../base/errors.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Dialect, Source } from "../ports/source.ts";
import { incrementalRowsSql } from "../query/cursor.ts";
import { countSql } from "../query/select.ts";

/** The query whose rows the run read; null when an incremental run read none. */
function rowsReadSql(dialect: Dialect, plan: ExportPlan, cursor: string | null): string | null {
  const { strategy, base } = plan;
  switch (strategy.kind) {
    case "chunked":
      return base;
    case "whole": {
      const [first] = strategy.reads;
      return first.kind === "pages" || first.kind === "blocks" ? base : first.sql;
    }
    case "incremental":
      if (cursor === null) return null;
      return incrementalRowsSql(dialect, strategy.shape, strategy.window, cursor);
  }
}

/**
 * @param outcome `rows` that were read, those left out as exported before included.
 * @throws RivetError RECONCILE_MISMATCH with both counts.
 */
export async function reconcileCount(
  source: Source,
  exportName: string,
  plan: ExportPlan,
  outcome: { readonly rows: number; readonly cursor: string | null },
): Promise<void> {
  const query = rowsReadSql(source.dialect, plan, outcome.cursor);
  if (query === null) return;
  const [[count]] = await source.rows(countSql(source.dialect, query));
  if (count === String(outcome.rows)) return;
  throw new RivetError(
    "RECONCILE_MISMATCH",
    `export '${exportName}': the source has ${count} rows where ${outcome.rows} were exported`,
    {
      hint:
        "The parts are kept and the cursor has not moved. Rows that were written meanwhile also " +
        "count: run again at a quieter time, or use consistency: snapshot.",
    },
  );
}
