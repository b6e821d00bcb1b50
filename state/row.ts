/** Reads the cells of a `SqlRow` as the port's types; an unexpected cell means the state was tampered with. */
import { StateError } from "../core/base/errors.ts";
import type { SqlRow } from "./connection.ts";

function unexpected(row: SqlRow, column: string): StateError {
  const value = row[column];
  return new StateError(
    "STATE_CORRUPT",
    `the state holds ${value === null ? "NULL" : `a ${typeof value}`} in column ${column}`,
    { hint: "Restore the state from a backup; it was changed by something other than Rivet." },
  );
}

/** A text. */
export function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw unexpected(row, column);
}

/** A text, or NULL. */
export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/** A number; integers come as bigint from SQLite and as text from PostgreSQL. */
export function number(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  if (typeof value === "bigint" || (typeof value === "string" && /^-?\d+$/.test(value))) {
    return Number(value);
  }
  throw unexpected(row, column);
}

/** A number, or NULL. */
export function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** A boolean, or NULL; SQLite has 0 and 1. */
export function booleanOrNull(row: SqlRow, column: string): boolean | null {
  const value = row[column];
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "bigint") return value !== 0n;
  throw unexpected(row, column);
}

/** One of the words that the column may hold. */
export function word<const W extends string>(
  row: SqlRow,
  column: string,
  words: readonly W[],
): W {
  const value = row[column];
  const found = words.find((w) => w === value);
  if (found === undefined) throw unexpected(row, column);
  return found;
}

/** One of the words, or NULL. */
export function wordOrNull<const W extends string>(
  row: SqlRow,
  column: string,
  words: readonly W[],
): W | null {
  return row[column] === null ? null : word(row, column, words);
}
