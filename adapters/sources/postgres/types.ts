/**
 * PostgreSQL's types as Rivet types: what a column is by default, what `columns:` may make of it, what
 * has to be cast in the SELECT for that, and in which binary form its values then arrive.
 *
 * Everything here follows from the type's name and the Rivet type, so that a reader in another thread needs
 * nothing but the `Column`. Names are taken as the server calls them or as `format_type` writes them, which
 * plans and checkpoints of before hold.
 */
import {
  type Fidelity,
  formatType,
  MAX_DECIMAL_DIGITS,
  type RivetType,
} from "../../../core/types/types.ts";
import { isRefusal, type Refusal } from "../kit/describe.ts";
import { shortName } from "./type_names.ts";

/** The binary send format of a value (`*send` functions of the server). */
export type ScalarWire =
  | "bool"
  | "int2"
  | "int4"
  | "int8"
  | "oid"
  | "float4"
  | "float8"
  | "numeric"
  | "date"
  | "time"
  | "timestamp"
  | "uuid"
  /** A version byte, then JSON text. */
  | "jsonb"
  /** The bytes themselves: every kind of text, bytea. */
  | "bytes";

export type Wire = ScalarWire | { readonly element: ScalarWire };

interface Rule {
  readonly type: RivetType;
  readonly fidelity: Fidelity;
  /** The binary form of what is selected. */
  readonly wire: ScalarWire;
  /** Needed when the binary form of the type itself cannot be decoded. */
  readonly via?: Conversion;
}

/** What a column goes through in the SELECT. */
export type Conversion =
  | "text"
  /** As the server prints it, where a cast to text writes something else. */
  | "printed inet"
  /** A text's bytes as the database stores them. */
  | "stored bytes"
  | "numeric"
  | "double precision"
  | "timestamp"
  | "json"
  | "uuid";

/** Of a value; an array of them goes through `arraySql`. */
export function conversionSql(conversion: Conversion, column: string): string {
  switch (conversion) {
    case "printed inet":
      return `pg_catalog.textin(pg_catalog.inet_out(${column}))`;
    case "stored bytes":
      return `pg_catalog.convert_to(${column}, pg_catalog.getdatabaseencoding())`;
    default:
      return `${column}::${conversion}`;
  }
}

/** Elements as text are those that the array prints. */
export function arraySql(conversion: Conversion, column: string): string {
  const asText = conversion === "text" || conversion === "printed inet";
  return asText ? `${column}::text::text[]` : `${column}::${conversion}[]`;
}

const TEXT: RivetType = { kind: "text" };
const asText: Rule = { type: TEXT, fidelity: "logical_string", wire: "bytes", via: "text" };

const int = (bits: 16 | 32 | 64): RivetType => ({ kind: "int", bits, signed: true });
const timestamp = (utc: boolean): RivetType => ({ kind: "timestamp", unit: "us", utc });
const exact = (wire: ScalarWire, type: RivetType): Rule => ({ type, fidelity: "exact", wire });

/** By the server's name without modifiers. `numeric` is decided by its modifiers in `naturalRule`. */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ["bool", exact("bool", { kind: "bool" })],
  ["int2", exact("int2", int(16))],
  ["int4", exact("int4", int(32))],
  ["int8", exact("int8", int(64))],
  ["oid", { type: int(64), fidelity: "compatible", wire: "oid" }],
  ["float4", exact("float4", { kind: "float", bits: 32 })],
  ["float8", exact("float8", { kind: "float", bits: 64 })],
  // Its text form follows the server's locale; the cast is exact and 19 digits hold every value.
  ["money", {
    type: { kind: "decimal", precision: 19, scale: 2 },
    fidelity: "compatible",
    wire: "numeric",
    via: "numeric",
  }],
  ["date", exact("date", { kind: "date" })],
  ["time", exact("time", { kind: "time" })],
  ["timetz", asText],
  ["timestamp", exact("timestamp", timestamp(false))],
  ["timestamptz", exact("timestamp", timestamp(true))],
  ["text", exact("bytes", TEXT)],
  ["varchar", exact("bytes", TEXT)],
  // Padded as the server sends it.
  ["bpchar", { type: TEXT, fidelity: "compatible", wire: "bytes" }],
  ['"char"', { type: TEXT, fidelity: "compatible", wire: "bytes", via: "text" }],
  ["name", exact("bytes", TEXT)],
  ["json", { type: { kind: "json" }, fidelity: "logical_string", wire: "bytes" }],
  ["jsonb", { type: { kind: "json" }, fidelity: "logical_string", wire: "jsonb" }],
  ["uuid", exact("uuid", { kind: "uuid" })],
  ["bytea", exact("bytes", { kind: "binary" })],
  // IntervalStyle is iso_8601 in every transaction.
  ["interval", {
    type: { kind: "interval" },
    fidelity: "logical_string",
    wire: "bytes",
    via: "text",
  }],
  ["inet", { ...asText, via: "printed inet" }],
  ["cidr", asText],
  ["macaddr", asText],
  ["macaddr8", asText],
  ["xml", asText],
  ["bit", asText],
  ["varbit", asText],
]);

/** A column's type as the catalogs resolve it: domains replaced by what they are over. */
export interface NativeType {
  /** The server's short name of the base type with its modifiers, e.g. `int4`, `numeric(10,2)` or `mood[]`. */
  readonly name: string;
  /** An enum, or of the string category (citext): text is its natural form. */
  readonly textual: boolean;
}

/** What becomes of a column. */
export interface ColumnPlan {
  readonly type: RivetType;
  readonly fidelity: Fidelity;
  /** Null to read the column as it is. */
  readonly via: Conversion | null;
  /** It is an array's elements that are converted. */
  readonly elements?: boolean;
}

interface ParsedName {
  /** Without modifiers and array brackets. */
  readonly base: string;
  readonly modifiers: readonly number[];
  readonly array: boolean;
}

function parseName(given: string): ParsedName {
  const name = shortName(given);
  const array = name.endsWith("[]");
  const element = (array ? name.slice(0, -2) : name).replace(/^interval .*/, "interval");
  // A quoted name is a user's own, parentheses and all.
  const match = element.startsWith('"') ? null : /\((-?\d+)(?:,(-?\d+))?\)/.exec(element);
  if (match === null) return { base: element, modifiers: [], array };
  const modifiers = [match[1], match[2]].filter((m) => m !== undefined).map(Number);
  return { base: element.replace(match[0], ""), modifiers, array };
}

/** The type's name without modifiers: `numeric`, `int4[]`. */
export function nativeBase(nativeType: string): string {
  const { base, array } = parseName(nativeType);
  return array ? `${base}[]` : base;
}

/** One of the server's own scalar types that are known here. */
export function isBuiltIn(nativeType: string): boolean {
  const { base, array } = parseName(nativeType);
  return !array && (base === "numeric" || RULES.has(base));
}

/**
 * `numeric(p,s)` as a decimal that holds every value of it. PostgreSQL 15 allows a negative scale
 * (rounded to tens, hundreds: whole numbers of more digits) and a scale above the precision.
 */
function declaredDecimal(modifiers: readonly number[]): RivetType | null {
  if (modifiers.length === 0) return null;
  const [declared, scale = 0] = modifiers;
  const precision = scale < 0 ? declared - scale : Math.max(declared, scale);
  return precision > MAX_DECIMAL_DIGITS
    ? null
    : { kind: "decimal", precision, scale: Math.max(0, scale) };
}

function naturalRule(name: ParsedName, textual: boolean): Rule | Refusal {
  if (name.base === "numeric") {
    const type = declaredDecimal(name.modifiers);
    if (type !== null) return exact("numeric", type);
    return {
      reason: name.modifiers.length === 0
        ? "has no precision and scale"
        : `has more than the ${MAX_DECIMAL_DIGITS} digits of the widest decimal`,
    };
  }
  const rule = RULES.get(name.base);
  if (rule !== undefined) return rule;
  return textual ? asText : { reason: "has no exact counterpart" };
}

function sameType(a: RivetType, b: RivetType): boolean {
  return formatType(a) === formatType(b);
}

/** Which casts to a decimal are exact in the server; the value is checked against (p,s) while decoding. */
const EXACT_AS_NUMERIC = new Set([
  "int2",
  "int4",
  "int8",
  "money",
  "text",
  "varchar",
]);
const INTEGER_WIRES = new Set<ScalarWire>(["int2", "int4", "int8", "oid", "numeric"]);
const TEXT_NAMES = new Set(["text", "varchar", "name"]);

/** How a scalar column becomes `type`: directly or through a conversion, or why it cannot. */
function overrideScalar(name: ParsedName, type: RivetType): ColumnPlan | Refusal {
  const rule = name.base === "numeric" ? exact("numeric", TEXT) : RULES.get(name.base);
  const direct = (fidelity: Fidelity = "exact"): ColumnPlan => ({ type, fidelity, via: null });
  const through = (via: Conversion, fidelity: Fidelity): ColumnPlan => ({ type, fidelity, via });
  const refusal: Refusal = { reason: `cannot be read as ${formatType(type)}` };
  // A type that is text already is read as it is anyway.
  if (rule !== undefined && sameType(rule.type, type) && name.base !== "numeric") return asIs(rule);
  if (type.kind === "text") return through("text", "logical_string");
  if (rule === undefined) return refusal;
  const isText = TEXT_NAMES.has(name.base);
  switch (type.kind) {
    case "bool":
    case "time":
    case "interval":
    case "list":
      return refusal;
    case "int":
      return INTEGER_WIRES.has(rule.wire) && rule.via === undefined ? direct() : refusal;
    case "float":
      if (name.base === "numeric") return through("double precision", "lossy");
      return ["float4", "float8", "int2", "int4", "int8"].includes(rule.wire) ? direct() : refusal;
    case "decimal":
      if (name.base === "numeric") return direct();
      return EXACT_AS_NUMERIC.has(name.base) ? through("numeric", "exact") : refusal;
    case "date":
      return refusal;
    case "timestamp":
      if (rule.wire === "timestamp") {
        const natural = rule.type.kind === "timestamp" && rule.type.utc === type.utc;
        return direct(natural ? "exact" : "compatible");
      }
      return rule.wire === "date" ? through("timestamp", "compatible") : refusal;
    case "json":
      return isText ? through("json", "logical_string") : refusal;
    case "uuid":
      return isText ? through("uuid", "exact") : refusal;
    case "binary":
      if (isText) return through("stored bytes", "compatible");
      return rule.wire === "uuid" ? direct("compatible") : refusal;
  }
}

function planScalar(
  name: ParsedName,
  textual: boolean,
  override: RivetType | undefined,
): ColumnPlan | Refusal {
  if (override !== undefined) return overrideScalar(name, override);
  const rule = naturalRule(name, textual);
  return isRefusal(rule) ? rule : asIs(rule);
}

function asIs({ type, fidelity, via }: Rule): ColumnPlan {
  return { type, fidelity, via: via ?? null };
}

/** Decides how a column of `native` is read, by default or as `columns:` asks. */
export function planColumn(native: NativeType, override?: RivetType): ColumnPlan | Refusal {
  const name = parseName(native.name);
  if (!name.array) return planScalar(name, native.textual, override);
  if (override?.kind === "text") return { type: TEXT, fidelity: "logical_string", via: "text" };
  if (override !== undefined && override.kind !== "list") {
    return { reason: `is an array; an override is text or list<${formatType(override)}>` };
  }
  const element = planScalar(name, native.textual, override?.element);
  if (isRefusal(element)) return element;
  // The server has no cast of a text array to one of bytes; in their binary forms they are alike.
  const via = element.via === "stored bytes" ? null : element.via;
  const type: RivetType = { kind: "list", element: element.type };
  return { type, fidelity: element.fidelity, via, elements: true };
}

/** What a conversion's result is sent as; the rest of the conversions lead to text or bytes. */
const CONVERTED: Partial<Record<Conversion, ScalarWire>> = {
  "numeric": "numeric",
  "double precision": "float8",
  "timestamp": "timestamp",
  "uuid": "uuid",
};

/** The binary form in which the values of a planned column arrive. */
export function wireOf(nativeName: string, type: RivetType): Wire {
  const name = parseName(nativeName);
  if (name.array && type.kind === "list") {
    return { element: scalarWire({ ...name, array: false }, type.element) };
  }
  return scalarWire(name, type);
}

function scalarWire(name: ParsedName, type: RivetType): ScalarWire {
  if (type.kind === "text") return "bytes";
  const plan = overrideScalar(name, type);
  const via = isRefusal(plan) ? null : plan.via;
  if (via !== null) return CONVERTED[via] ?? "bytes";
  return name.base === "numeric" ? "numeric" : RULES.get(name.base)?.wire ?? "bytes";
}
