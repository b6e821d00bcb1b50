/**
 * MySQL's types as Rivet types: what a column is by default, what `columns:` may make of it, what has to
 * be written in the SELECT for that, and in which form its values then arrive.
 *
 * Everything here follows from the type's name (see `fields.ts`) and the Rivet type, so that a reader in
 * another thread needs nothing but the `Column`.
 */
import {
  type Fidelity,
  formatType,
  MAX_DECIMAL_DIGITS,
  type RivetType,
} from "../../../core/types/types.ts";
import { isRefusal, type Refusal } from "../kit/describe.ts";

/** How a value is written on the wire. */
export type Wire =
  /** Digits, dates, texts: as the server prints them. */
  | "text"
  /** The bits of a BIT as big-endian bytes. */
  | "bits"
  /** Bytes as they are stored. */
  | "bytes";

/** An expression around the column without which its values would lose something. */
export type Cast =
  /** FLOAT is printed with six digits; as a double it is exact. `*` keeps the sign of zero. */
  | "double"
  | "wkt"
  | "wkb";

/** What becomes of a column. */
export interface ColumnPlan {
  readonly type: RivetType;
  readonly fidelity: Fidelity;
  /** Null to read the column as it is. */
  readonly cast: Cast | null;
}

const TEXT: RivetType = { kind: "text" };
const int = (bits: 16 | 32 | 64, signed = true): RivetType => ({ kind: "int", bits, signed });
const plan = (type: RivetType, fidelity: Fidelity = "exact", cast: Cast | null = null) => ({
  type,
  fidelity,
  cast,
});

/** By name without its numbers. What depends on them is decided in `naturalPlan`. */
const NATURAL: ReadonlyMap<string, ColumnPlan> = new Map([
  ["tinyint", plan(int(16))],
  ["tinyint unsigned", plan(int(16), "compatible")],
  ["smallint", plan(int(16))],
  ["smallint unsigned", plan(int(32), "compatible")],
  ["mediumint", plan(int(32))],
  ["mediumint unsigned", plan(int(32), "compatible")],
  ["int", plan(int(32))],
  ["int unsigned", plan(int(64), "compatible")],
  ["bigint", plan(int(64))],
  ["bigint unsigned", plan(int(64, false))],
  ["year", plan(int(16), "compatible")],
  ["float", plan({ kind: "float", bits: 32 }, "exact", "double")],
  ["double", plan({ kind: "float", bits: 64 })],
  ["date", plan({ kind: "date" })],
  ["time", plan({ kind: "time" })],
  ["datetime", plan({ kind: "timestamp", unit: "us", utc: false })],
  ["timestamp", plan({ kind: "timestamp", unit: "us", utc: true })],
  ["char", plan(TEXT)],
  ["varchar", plan(TEXT)],
  ["tinytext", plan(TEXT)],
  ["text", plan(TEXT)],
  ["mediumtext", plan(TEXT)],
  ["longtext", plan(TEXT)],
  ["enum", plan(TEXT, "logical_string")],
  ["set", plan(TEXT, "logical_string")],
  ["null", plan(TEXT)],
  ["json", plan({ kind: "json" }, "logical_string")],
  ["binary", plan({ kind: "binary" })],
  ["varbinary", plan({ kind: "binary" })],
  ["tinyblob", plan({ kind: "binary" })],
  ["blob", plan({ kind: "binary" })],
  ["mediumblob", plan({ kind: "binary" })],
  ["longblob", plan({ kind: "binary" })],
  ["uuid", plan({ kind: "uuid" })],
  ["inet4", plan(TEXT, "logical_string")],
  ["inet6", plan(TEXT, "logical_string")],
]);

const GEOMETRIES = new Set([
  "geometry",
  "point",
  "linestring",
  "polygon",
  "multipoint",
  "multilinestring",
  "multipolygon",
  "geometrycollection",
]);

interface ParsedName {
  readonly base: string;
  readonly numbers: readonly number[];
}

function parseName(name: string): ParsedName {
  const match = /^(\w+)\((\d+)(?:,(\d+))?\)$/.exec(name);
  if (match === null) return { base: name, numbers: [] };
  return { base: match[1], numbers: match.slice(2).filter((n) => n !== undefined).map(Number) };
}

export function isGeometry(nativeName: string): boolean {
  return GEOMETRIES.has(nativeName);
}

/** BIT(n) as the narrowest integer that holds n bits. */
function bitPlan(bits: number): ColumnPlan {
  if (bits === 1) return plan({ kind: "bool" });
  if (bits < 16) return plan(int(16), "compatible");
  if (bits < 32) return plan(int(32), "compatible");
  return plan(int(64, bits < 64), "compatible");
}

function naturalPlan(name: ParsedName): ColumnPlan | Refusal {
  const { base, numbers } = name;
  if (base === "tinyint" && numbers[0] === 1) return plan({ kind: "bool" });
  if (base === "bit") return bitPlan(numbers[0]);
  if (base === "decimal") {
    const [digits, scale = 0] = numbers;
    // A sum is declared with digits to spare, which no value of 65 digits needs; values are checked.
    return plan({ kind: "decimal", precision: Math.min(digits, MAX_DECIMAL_DIGITS), scale });
  }
  // DOUBLE(p,s) is printed rounded to its decimals, which is not what it holds.
  if (base === "double" && numbers.length > 0) {
    return plan({ kind: "float", bits: 64 }, "exact", "double");
  }
  return NATURAL.get(base) ?? { reason: "has no exact counterpart" };
}

/** Kinds of native types: what their values look like, and what the server compares them as. */
export type Family =
  | "integer"
  | "bit"
  | "float"
  | "decimal"
  | "date"
  | "time"
  | "timestamp"
  | "text"
  | "bytes"
  | "uuid"
  | "geometry"
  | "other";

export function familyOf(nativeType: string): Family {
  const { base } = parseName(nativeType);
  if (/^(tiny|small|medium|big)?int( unsigned)?$/.test(base) || base === "year") return "integer";
  if (/^(tiny|medium|long)?blob$|^(var)?binary$/.test(base)) return "bytes";
  if (/^(tiny|medium|long)?text$|^(var)?char$|^json$|^enum$|^set$|^inet[46]$|^null$/.test(base)) {
    return "text";
  }
  if (GEOMETRIES.has(base)) return "geometry";
  switch (base) {
    case "bit":
    case "decimal":
    case "date":
    case "time":
    case "uuid":
    case "timestamp":
      return base;
    case "datetime":
      return "timestamp";
    case "float":
    case "double":
      return "float";
    default:
      return "other";
  }
}

function textPlan(family: Family, natural: ColumnPlan | Refusal): ColumnPlan | null {
  switch (family) {
    case "bit":
    case "other":
      return null;
    case "geometry":
      return plan(TEXT, "logical_string", "wkt");
    case "text":
      return plan(TEXT, isRefusal(natural) ? "logical_string" : natural.fidelity);
    case "bytes":
      return plan(TEXT, "compatible");
    // A double prints all its digits; a FLOAT has to become one first.
    case "float":
      return plan(TEXT, "logical_string", isRefusal(natural) ? null : natural.cast);
    case "integer":
    case "decimal":
    case "date":
    case "time":
    case "timestamp":
    case "uuid":
      return plan(TEXT, "logical_string");
  }
}

/** How a column becomes `type`, or null when it cannot. Values are checked while they are decoded. */
function overridePlan(
  family: Family,
  natural: ColumnPlan | Refusal,
  type: RivetType,
): ColumnPlan | null {
  const one = (...families: Family[]) => families.includes(family);
  const cast = isRefusal(natural) ? null : natural.cast;
  switch (type.kind) {
    case "text":
      return textPlan(family, natural);
    case "bool":
      return one("integer", "bit") ? plan(type) : null;
    case "int":
      return one("integer", "bit", "decimal") ? plan(type, "compatible") : null;
    case "float":
      if (family === "decimal") return plan(type, "lossy");
      return one("float", "integer") ? plan(type, "compatible", cast) : null;
    case "decimal":
      return one("integer", "decimal", "text") ? plan(type, "compatible") : null;
    case "time":
      return one("time") ? plan(type) : null;
    case "date":
      return one("date") ? plan(type) : null;
    case "timestamp":
      return one("timestamp", "date") ? plan(type, "compatible") : null;
    case "json":
      return one("text", "bytes") ? plan(type, "logical_string") : null;
    case "uuid":
      return one("text", "bytes", "uuid") ? plan(type, "compatible") : null;
    case "binary":
      if (family === "geometry") return plan(type, "compatible", "wkb");
      return one("bytes", "text", "bit") ? plan(type, "compatible") : null;
    case "interval":
    case "list":
      return null;
  }
}

/** Decides how a column of a type is read, by default or as `columns:` asks. */
export function planColumn(nativeName: string, override?: RivetType): ColumnPlan | Refusal {
  const name = parseName(nativeName);
  const natural = naturalPlan(name);
  if (override === undefined) return natural;
  if (!isRefusal(natural) && formatType(natural.type) === formatType(override)) return natural;
  return overridePlan(familyOf(nativeName), natural, override) ??
    { reason: `cannot be read as ${formatType(override)}` };
}

/** The form in which the values of a planned column arrive. */
export function wireOf(nativeName: string): Wire {
  switch (familyOf(nativeName)) {
    case "bit":
      return "bits";
    case "bytes":
    case "geometry":
      return "bytes";
    default:
      return "text";
  }
}
