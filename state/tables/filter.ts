/** The WHERE and LIMIT of a listing. */
import type { SqlParameter } from "../connection.ts";

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

export function limit(last: number | undefined): Filter {
  return last === undefined ? { sql: "", parameters: [] } : { sql: " LIMIT ?", parameters: [last] };
}
