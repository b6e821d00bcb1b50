/**
 * SQL Server's types as Rivet types: what a column is by default, what `columns:` may make of it, and
 * what has to be cast in the SELECT for that.
 */
import { type Fidelity, formatType, type RivetType } from "../../../core/types/types.ts";
import { isRefusal, type Refusal } from "../kit/describe.ts";
import { decodesCodePage } from "./code_pages.ts";
import { baseName, type Field } from "./fields.ts";
import { textForm } from "./cast_text.ts";

/** What becomes of a column. */
export interface ColumnPlan {
  readonly type: RivetType;
  readonly fidelity: Fidelity;
  /** The expression over the quoted column that is selected, or null for the column itself. */
  readonly expression: ((column: string) => string) | null;
}

const TEXT: RivetType = { kind: "text" };
const int = (bits: 16 | 32 | 64): RivetType => ({ kind: "int", bits, signed: true });
const timestamp = (utc: boolean): RivetType => ({ kind: "timestamp", unit: "us", utc });
const exact = (type: RivetType): ColumnPlan => ({ type, fidelity: "exact", expression: null });

const cast = (type: string) => (column: string): string => `CAST(${column} AS ${type})`;
/** Every CLR type has it; of a geography or geometry it is the well-known text with Z and M. */
const toStringCall = (column: string): string => `${column}.ToString()`;

const NATURAL: Readonly<Record<string, ColumnPlan>> = {
  bit: exact({ kind: "bool" }),
  tinyint: exact(int(16)),
  smallint: exact(int(16)),
  int: exact(int(32)),
  bigint: exact(int(64)),
  real: exact({ kind: "float", bits: 32 }),
  float: exact({ kind: "float", bits: 64 }),
  smallmoney: exact({ kind: "decimal", precision: 10, scale: 4 }),
  money: exact({ kind: "decimal", precision: 19, scale: 4 }),
  date: exact({ kind: "date" }),
  time: exact({ kind: "time" }),
  smalldatetime: exact(timestamp(false)),
  datetime: exact(timestamp(false)),
  datetime2: exact(timestamp(false)),
  // The instant is kept; the offset it was written with is not.
  datetimeoffset: { type: timestamp(true), fidelity: "compatible", expression: null },
  uniqueidentifier: exact({ kind: "uuid" }),
  nchar: exact(TEXT),
  nvarchar: exact(TEXT),
  xml: { type: TEXT, fidelity: "logical_string", expression: null },
  binary: exact({ kind: "binary" }),
  varbinary: exact({ kind: "binary" }),
  rowversion: exact({ kind: "binary" }),
  text: { type: TEXT, fidelity: "exact", expression: cast("nvarchar(max)") },
  ntext: { type: TEXT, fidelity: "exact", expression: cast("nvarchar(max)") },
  image: { type: { kind: "binary" }, fidelity: "exact", expression: cast("varbinary(max)") },
};

function naturalPlan(field: Field): ColumnPlan | Refusal {
  const name = baseName(field.nativeType);
  if (field.wire === "decimal") {
    const precision = Number(/\((\d+)/.exec(field.nativeType)?.[1]);
    return exact({ kind: "decimal", precision, scale: field.scale });
  }
  if (field.wire === "codepage") {
    // The server converts what is not decoded here: multi-byte and DOS code pages.
    const direct = decodesCodePage(field.codePage);
    return { type: TEXT, fidelity: "exact", expression: direct ? null : cast("nvarchar(max)") };
  }
  return NATURAL[name] ?? { reason: "has no exact counterpart" };
}

function textExpression(field: Field): (column: string) => string {
  const form = textForm(field.nativeType);
  if (form !== null) return form;
  return field.wire === "other" ? toStringCall : cast("nvarchar(max)");
}

/** The expression to write in the query for a column that is refused. */
export function textCast(field: Field, column: string): string {
  return textExpression(field)(column);
}

const TEXT_NAMES = new Set(["char", "varchar", "nchar", "nvarchar", "text", "ntext", "xml"]);
const TIMESTAMP_WIRES = new Set(["smalldatetime", "datetime", "datetime2", "datetimeoffset"]);

function overridePlan(field: Field, type: RivetType): ColumnPlan | Refusal {
  const natural = naturalPlan(field);
  const refusal: Refusal = { reason: `cannot be read as ${formatType(type)}` };
  const via = (
    expression: (column: string) => string,
    fidelity: Fidelity = "exact",
  ): ColumnPlan => ({ type, fidelity, expression });
  const isText = TEXT_NAMES.has(baseName(field.nativeType));
  if (type.kind === "text") {
    if (isText && !isRefusal(natural)) return natural;
    return via(textExpression(field), "logical_string");
  }
  if (isRefusal(natural)) return refusal;
  if (formatType(natural.type) === formatType(type)) return natural;
  const { wire, scale } = field;
  const as = (fidelity: Fidelity): ColumnPlan => ({ ...natural, type, fidelity });
  switch (type.kind) {
    case "bool":
    case "date":
    case "time":
    case "interval":
    case "list":
      return refusal;
    case "int":
      if (wire === "int") return as("exact");
      if (wire === "bit") return via(cast("smallint"));
      return wire === "decimal" && scale === 0 && type.signed ? via(cast("bigint")) : refusal;
    case "float":
      if (wire === "float" || wire === "int") return as("exact");
      return wire === "decimal" || wire === "money" ? via(cast("float"), "lossy") : refusal;
    case "decimal":
      if (wire === "decimal" || wire === "money") return as("exact");
      return wire === "int" ? via(cast("decimal(19,0)")) : refusal;
    case "timestamp": {
      if (wire === "date") return via(cast("datetime2(0)"), "compatible");
      if (!TIMESTAMP_WIRES.has(wire) || natural.type.kind !== "timestamp") return refusal;
      const sameZone = natural.type.utc === type.utc;
      return as(sameZone ? natural.fidelity : "compatible");
    }
    case "json":
      return isText ? as("logical_string") : refusal;
    case "uuid":
      return isText ? via(cast("uniqueidentifier")) : refusal;
    case "binary":
      return isText ? as("compatible") : refusal;
  }
}

/** Decides how a column is read, by default or as `columns:` asks. */
export function planColumn(field: Field, override?: RivetType): ColumnPlan | Refusal {
  return override === undefined ? naturalPlan(field) : overridePlan(field, override);
}
