/** The SQL of `mode: time_window`: rows of the last days, counted back from one moment in UTC. */
import type { Dialect } from "../ports/source.ts";
import { columnRef, outerSelect } from "./select.ts";

const DAY_MS = 86_400_000;

export interface WindowShape {
  readonly base: string;
  readonly column: string;
  readonly columnType: "timestamp" | "unix";
  readonly days: number;
  /** The column is an instant (timestamptz); else its values are taken to be UTC. */
  readonly utc: boolean;
}

/** The window's start as the column writes it: seconds, or `YYYY-MM-DD HH:MM:SS[+00]`. */
export function windowStart(shape: WindowShape, now: Date): string {
  const start = new Date(now.getTime() - shape.days * DAY_MS);
  if (shape.columnType === "unix") return String(Math.floor(start.getTime() / 1000));
  return start.toISOString().slice(0, 19).replace("T", " ") + (shape.utc ? "+00" : "");
}

export function windowSql(
  dialect: Dialect,
  shape: WindowShape,
  now: Date,
  selectList: readonly string[],
): string {
  const start = windowStart(shape, now);
  const literal = shape.columnType === "unix"
    ? start
    : dialect.literal(start, { kind: "timestamp", unit: "us", utc: shape.utc });
  return outerSelect(dialect, {
    selectList,
    base: shape.base,
    where: `${columnRef(dialect, shape.column)} >= ${literal}`,
  });
}
