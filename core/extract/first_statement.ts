/** The statement that a read sends first, for who wants to see its plan. */
import type { Tuning } from "../config/tuning.ts";
import type { Dialect, ReadRequest } from "../ports/source.ts";
import { pageSql } from "../query/page.ts";
import type { ReadSpec } from "../query/unit_read.ts";

/** A page's rows until their width is known. */
const FIRST_PAGE_ROWS = 10_000;

/** A chunk is one statement, unless the tuning asks for steps of so many rows. */
export function accessOf(
  { kind }: Pick<ReadSpec, "kind">,
  { batchRows }: Pick<Tuning, "batchRows">,
): ReadRequest["access"] {
  if (kind === "cursor") return "cursor";
  return (kind === "statement" || kind === "blocks") && batchRows > 0 ? "cursor" : "statement";
}

/** Rows of a page that the tuning or the plan fixes; null: they follow from the rows' width. */
export function fixedPageRows(
  { pageRows }: { readonly pageRows: number | null },
  { batchRows }: Pick<Tuning, "batchRows">,
): number | null {
  return batchRows > 0 ? batchRows : pageRows;
}

/** Rows that the first page of a read asks for. */
export function firstPageRows(
  spec: { readonly pageRows: number | null },
  tuning: Pick<Tuning, "batchRows">,
): number {
  return fixedPageRows(spec, tuning) ?? FIRST_PAGE_ROWS;
}

/** SQL and way of reading of the first statement that a read of `spec` sends. */
export function firstStatement(
  dialect: Dialect,
  spec: ReadSpec,
  tuning: Pick<Tuning, "batchRows">,
): Pick<ReadRequest, "sql" | "access"> {
  const access = accessOf(spec, tuning);
  if (spec.kind === "blocks") return { sql: spec.sql[0], access };
  if (spec.kind !== "pages") return { sql: spec.sql, access };
  const { shape, selectList } = spec;
  const rows = firstPageRows(spec, tuning);
  return { sql: pageSql(dialect, shape, shape.after, rows, selectList), access };
}
