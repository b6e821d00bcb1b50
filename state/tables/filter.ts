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

/** A LIMIT, or nothing. */
/**
 * `matching` and a run: `orders_20260521T120000` names `orders_20260521T120000.123` too. What begins with
 * `<id>.` lies between that and `<id>/`, the next byte.
 */
export function ofRun(matching: Filter, column: string, runId: string | undefined): Filter {
  if (runId === undefined) return matching;
  const run = `(${column} = ? OR (${column} >= ? AND ${column} < ?))`;
  return {
    sql: matching.sql === "" ? ` WHERE ${run}` : `${matching.sql} AND ${run}`,
    parameters: [...matching.parameters, runId, `${runId}.`, `${runId}/`],
  };
}

/** The newest `last` rows; all of them without it. */
export function limit(last: number | undefined): Filter {
  return last === undefined ? { sql: "", parameters: [] } : { sql: " LIMIT ?", parameters: [last] };
}
