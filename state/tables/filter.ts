/** The WHERE and LIMIT of a listing. */
import type { SqlParameter } from "../connection.ts";

/** A piece of SQL with the values that are bound to it. */
export interface Filter {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

/** A WHERE over the columns that have a value, or nothing. Column names are ours, values are bound. */
export function where(columns: Readonly<Record<string, SqlParameter | undefined>>): Filter {
  const given = Object.entries(columns).flatMap(([column, value]) =>
    value === undefined ? [] : [{ column, value }]
  );
  return {
    sql: given.length === 0 ? "" : ` WHERE ${given.map((g) => `${g.column} = ?`).join(" AND ")}`,
    parameters: given.map((g) => g.value),
  };
}

/** `matching`, and nothing of before an instant. */
export function since(matching: Filter, column: string, at: string | undefined): Filter {
  return at === undefined ? matching : narrowed(matching, `${column} >= ?`, [at]);
}

/** `matching`, where `condition` holds too. */
export function narrowed(
  matching: Filter,
  condition: string,
  parameters: readonly SqlParameter[],
): Filter {
  return {
    sql: matching.sql === "" ? ` WHERE ${condition}` : `${matching.sql} AND ${condition}`,
    parameters: [...matching.parameters, ...parameters],
  };
}

/**
 * `matching` and a run: `orders_20260521T120000` names `orders_20260521T120000.123` too. What begins with
 * `<id>.` lies between that and `<id>/`, the next byte.
 */
export function ofRun(matching: Filter, column: string, runId: string | undefined): Filter {
  if (runId === undefined) return matching;
  const run = `(${column} = ? OR (${column} >= ? AND ${column} < ?))`;
  return narrowed(matching, run, [runId, `${runId}.`, `${runId}/`]);
}

/** The newest `last` rows; all of them without it. */
export function limit(last: number | undefined): Filter {
  return last === undefined ? { sql: "", parameters: [] } : { sql: " LIMIT ?", parameters: [last] };
}
