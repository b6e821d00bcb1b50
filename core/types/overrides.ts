/** The types that `columns:` may name (contracts section 8), as `formatType` writes them back. */
import { didYouMean } from "../base/suggest.ts";
import { MAX_DECIMAL_DIGITS, type RivetType } from "./types.ts";

const int = (bits: 16 | 32 | 64, signed = true): RivetType => ({ kind: "int", bits, signed });
const float = (bits: 32 | 64): RivetType => ({ kind: "float", bits });
const timestamp = (unit: "us" | "ns", utc: boolean): RivetType => ({
  kind: "timestamp",
  unit,
  utc,
});

const NAMED: Readonly<Record<string, RivetType>> = {
  bool: { kind: "bool" },
  int16: int(16),
  int32: int(32),
  int64: int(64),
  uint64: int(64, false),
  float32: float(32),
  float64: float(64),
  text: { kind: "text" },
  binary: { kind: "binary" },
  json: { kind: "json" },
  uuid: { kind: "uuid" },
  date: { kind: "date" },
  time: { kind: "time" },
  timestamp: timestamp("us", false),
  timestamp_ns: timestamp("ns", false),
  timestamp_tz: timestamp("us", true),
  timestamp_tz_ns: timestamp("ns", true),
  interval: { kind: "interval" },
};

/** Names that mean one type in every engine; ambiguous ones (`int8`, `float`) are refused below. */
const ALIASES: Readonly<Record<string, string>> = {
  boolean: "bool",
  smallint: "int16",
  int2: "int16",
  int: "int32",
  integer: "int32",
  int4: "int32",
  bigint: "int64",
  real: "float32",
  float4: "float32",
  double: "float64",
  float8: "float64",
  string: "text",
  varchar: "text",
  bytea: "binary",
  bytes: "binary",
  blob: "binary",
  jsonb: "json",
  timestamptz: "timestamp_tz",
};

const AMBIGUOUS: Readonly<Record<string, string>> = {
  int8: "int8 is 8 bytes in one engine and 8 bits in another: write int64 or int16",
  float: "float is 4 bytes in one engine and 8 in another: write float32 or float64",
  decimal: "decimal needs its digits: write decimal(precision,scale), e.g. decimal(18,2)",
  numeric: "numeric needs its digits: write decimal(precision,scale), e.g. decimal(18,2)",
};

/** The type that was written, or what is wrong with it. */
export type OverrideResult = { readonly type: RivetType } | { readonly error: string };

/** Parses one override, e.g. `decimal(10,2)`, `timestamp_tz_ns`, `list<text>` or `text[]`. */
export function parseOverride(source: string): OverrideResult {
  const text = source.trim().toLowerCase();
  const list = /^(?:list|array)\s*<(.*)>$/.exec(text) ?? /^(.*)\[\]$/.exec(text);
  if (list === null) return parseScalar(text);
  const element = parseScalar(list[1].trim());
  return "error" in element ? element : { type: { kind: "list", element: element.type } };
}

function parseScalar(text: string): OverrideResult {
  const decimal = /^(?:decimal|numeric)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$/.exec(text);
  if (decimal !== null) return parseDecimal(Number(decimal[1]), Number(decimal[2] ?? 0));
  const name = Object.hasOwn(ALIASES, text) ? ALIASES[text] : text;
  if (Object.hasOwn(NAMED, name)) return { type: NAMED[name] };
  if (Object.hasOwn(AMBIGUOUS, text)) return { error: AMBIGUOUS[text] };
  if (/^(?:decimal|numeric)\b/.test(text)) return { error: AMBIGUOUS.decimal };
  if (/[<[]/.test(text)) return { error: "lists have one dimension: write list<type>" };
  const meant = didYouMean(text, [...Object.keys(NAMED), ...Object.keys(ALIASES)]);
  const known = meant === "" ? `; known are decimal(p,s), ${Object.keys(NAMED).join(", ")}` : meant;
  return { error: `unknown type ${JSON.stringify(text)}${known}` };
}

function parseDecimal(precision: number, scale: number): OverrideResult {
  if (precision < 1 || precision > MAX_DECIMAL_DIGITS) {
    return { error: `a decimal holds 1 to ${MAX_DECIMAL_DIGITS} digits, not ${precision}` };
  }
  if (scale > precision) {
    return { error: `decimal(${precision},${scale}): the scale is larger than the precision` };
  }
  return { type: { kind: "decimal", precision, scale } };
}
