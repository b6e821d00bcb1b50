/**
 * Rivet's own type system: what a source column is, independent of engine and file format.
 * Adapters map their native types onto it; the format writers map from it.
 */

/** How faithfully a source type survives the trip (cli reference, "Fidelity levels"). */
export type Fidelity = "exact" | "compatible" | "logical_string" | "lossy" | "unsupported";

/** The type of a column, with everything that its values need to be exact. */
export type RivetType =
  | { readonly kind: "bool" }
  /** Signed 16, 32, 64; unsigned only 64 (narrower unsigned types widen, contracts section 9). */
  | { readonly kind: "int"; readonly bits: 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: "float"; readonly bits: 32 | 64 }
  /** precision 1..MAX_DECIMAL_DIGITS; above 38 it is Decimal256. 0 <= scale <= precision. */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  /** Days since 1970-01-01. */
  | { readonly kind: "date" }
  /** Microseconds since midnight. */
  | { readonly kind: "time" }
  /** Ticks since 1970-01-01T00:00:00; `utc` when the column is an instant. */
  | { readonly kind: "timestamp"; readonly unit: "us" | "ns"; readonly utc: boolean }
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | { readonly kind: "uuid" }
  | { readonly kind: "binary" }
  /** ISO 8601 duration as text. */
  | { readonly kind: "interval" }
  | { readonly kind: "list"; readonly element: RivetType };

/** Of a Decimal256, the widest decimal that readers of Parquet know (Arrow, `Decimal256Type`). */
export const MAX_DECIMAL_DIGITS = 76;

/** The kinds of types, for lists of those that something takes. */
export type TypeKind = RivetType["kind"];

/** One column of an export, as described before the first row is read. */
export interface Column {
  readonly name: string;
  readonly type: RivetType;
  readonly nullable: boolean;
  /** The engine's own name of the type, e.g. `numeric(10,2)`; goes to `rivet.native_type`. */
  readonly nativeType: string;
  readonly fidelity: Fidelity;
}

/** The physical layout of a type's `ColumnData.values` (Arrow columnar format). */
export type Layout =
  | "bit"
  | "i16"
  | "i32"
  | "i64"
  | "u64"
  | "f32"
  | "f64"
  | "dec128"
  | "dec256"
  | "fixed16"
  | "bytes"
  | "list";

/** How the values of a type lie in a batch. */
export function layoutOf(type: RivetType): Layout {
  switch (type.kind) {
    case "bool":
      return "bit";
    case "int":
      if (type.bits === 16) return "i16";
      if (type.bits === 32) return "i32";
      return type.signed ? "i64" : "u64";
    case "float":
      return type.bits === 32 ? "f32" : "f64";
    case "decimal":
      return type.precision > 38 ? "dec256" : "dec128";
    case "date":
      return "i32";
    case "time":
    case "timestamp":
      return "i64";
    case "uuid":
      return "fixed16";
    case "text":
    case "json":
    case "interval":
    case "binary":
      return "bytes";
    case "list":
      return "list";
  }
}

/** Bytes per value of the fixed-width layouts. */
export const LAYOUT_WIDTH: Record<Exclude<Layout, "bit" | "bytes" | "list">, number> = {
  i16: 2,
  i32: 4,
  i64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
  dec128: 16,
  dec256: 32,
  fixed16: 16,
};

/** The type as `columns:` overrides, type reports and `rivet.logical_type` write it. */
export function formatType(type: RivetType): string {
  switch (type.kind) {
    case "int":
      return `${type.signed ? "int" : "uint"}${type.bits}`;
    case "float":
      return `float${type.bits}`;
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "timestamp":
      return `timestamp${type.utc ? "_tz" : ""}${type.unit === "ns" ? "_ns" : ""}`;
    case "list":
      return `list<${formatType(type.element)}>`;
    case "bool":
    case "date":
    case "time":
    case "text":
    case "json":
    case "uuid":
    case "binary":
    case "interval":
      return type.kind;
  }
}
