/** Columns that rows are found again by: a cursor, or the key of pages. */
import { ConfigError, SourceError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { Source } from "../ports/source.ts";
import type { Column } from "../types/types.ts";
import { columnRef, outerSelect } from "./select.ts";

/** The query that the column is of. */
export interface ComparedQuery {
  readonly source: Source;
  readonly exported: Pick<LoadedExport, "name">;
  readonly base: string;
}

/** Why a value of the column, kept as text, would not lead back to its place in the server's order. */
function reasonAgainst({ source: { dialect } }: ComparedQuery, column: Column): string | null {
  if (column.type.kind === "list") {
    return "a list, whose values are not kept as the server writes them";
  }
  if (column.fidelity === "lossy") return "read with fewer digits than it has";
  return dialect.notComparable?.(column.type, column.nativeType) ?? null;
}

/**
 * A cursor or key is a value that is written down and compared again later.
 * @param setting the key that names the column.
 * @throws ConfigError for a column whose values cannot be, or that the server has no order for.
 */
export async function requireComparable(
  query: ComparedQuery,
  column: Column,
  setting: string,
): Promise<void> {
  const reason = reasonAgainst(query, column) ?? await unordered(query, column);
  if (reason === null) return;
  const { name } = query.exported;
  throw new ConfigError(
    `export '${name}': ${setting} '${column.name}' is ${column.nativeType}, ${reason}`,
    [],
    { hint: "Choose another column, or leave its override in `columns:` out." },
  );
}

/** Whether the server has an order for the column is for the server to say; no row is read. */
async function unordered({ source, base }: ComparedQuery, column: Column): Promise<string | null> {
  const { dialect } = source;
  const key = columnRef(dialect, column.name);
  const sql = outerSelect(dialect, {
    selectList: [key],
    base,
    where: "1 = 0",
    orderBy: [key],
    limit: 1,
  });
  try {
    await source.rows(sql);
    return null;
  } catch (error) {
    if (error instanceof SourceError && error.code === "SOURCE_QUERY") {
      return `which the server cannot order: ${error.message}`;
    }
    throw error;
  }
}
