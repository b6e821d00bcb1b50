/** A cursor of the documented tool in the form in which ours are stored. */

/** `2026-01-01T00:16:40.000000`: UTC where the type is an instant, and the zone is never written. */
const MOMENT = /^(\d{4,}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?$/;

const MOMENTS = new Set(["timestamp", "datetime", "datetime2", "smalldatetime"]);
const INSTANTS = new Set(["timestamptz", "datetimeoffset"]);

/** What the tool noted of a cursor's column. */
export interface NotedType {
  /** `int8`, `timestamptz`, `varchar`; null: not noted. */
  readonly type: string | null;
  /** `postgres`, `mysql`, `mssql`; null: not noted. */
  readonly engine: string | null;
}

/** A text that looks like a time stays a text. */
export function storedCursor(value: string, { type, engine }: NotedType): string {
  const match = MOMENT.exec(value);
  if (match === null || type === null) return value;
  const instant = INSTANTS.has(type) || (engine === "mysql" && type === "timestamp");
  if (!instant && !MOMENTS.has(type)) return value;
  const [, date, clock, fraction = ""] = match;
  return `${date} ${clock}.${fraction.padEnd(6, "0")}${instant ? "+00" : ""}`;
}
