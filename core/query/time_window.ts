/** The SQL of `mode: time_window`: rows of the last days, counted back from one moment in UTC. */
import type { Dialect } from "../ports/source.ts";
import { columnRef, type ComparedType, literalOf, outerSelect } from "./select.ts";

const DAY_MS = 86_400_000;

export interface WindowShape {
  readonly base: string;
  readonly column: string;
  /** `time_column_type: unix`: seconds since 1970; else a date or timestamp. */
  readonly unix: boolean;
  readonly columnType: ComparedType;
  readonly days: number;
}

/**
 * The window's start as the column's values are written: seconds, a day, or `YYYY-MM-DD HH:MM:SS` with `+00`
 * where the column is an instant; else its values are taken to be UTC. The day that the start is in counts
 * whole in a column of days.
 */
export function windowStart({ unix, columnType: { type }, days }: WindowShape, now: Date): string {
  const start = new Date(now.getTime() - days * DAY_MS);
  if (unix) return String(Math.floor(start.getTime() / 1000));
  const text = start.toISOString().slice(0, 19).replace("T", " ");
  if (type.kind === "date") return text.slice(0, 10);
  return type.kind === "timestamp" && type.utc ? `${text}+00` : text;
}

/** Rows from the window's start on; none are bounded above. */
export function windowSql(
  dialect: Dialect,
  shape: WindowShape,
  now: Date,
  selectList: readonly string[],
): string {
  const start = windowStart(shape, now);
  const literal = shape.unix ? start : literalOf(dialect, start, shape.columnType);
  return outerSelect(dialect, {
    selectList,
    base: shape.base,
    where: `${columnRef(dialect, shape.column)} >= ${literal}`,
  });
}
