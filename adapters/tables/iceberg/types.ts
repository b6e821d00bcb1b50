/** Rivet's types as Iceberg's. https://iceberg.apache.org/spec/#schemas-and-data-types */
import type { RivetType } from "../../../core/types/types.ts";

/** A primitive by its name, `decimal(10, 2)` included, or a list. */
export type IcebergColumn = string | IcebergList;
/** Or what only others write. */
export type IcebergType = IcebergColumn | IcebergOther;

/** Goes along as it is. */
export interface IcebergOther {
  readonly type: "struct" | "map";
}

export function isList(type: IcebergType): type is IcebergList {
  return typeof type !== "string" && type.type === "list";
}

export interface IcebergList {
  readonly type: "list";
  readonly "element-id": number;
  readonly element: IcebergType;
  readonly "element-required": boolean;
}

/** Why a type has no equal, and the override that has. */
export interface Refusal {
  readonly why: string;
  readonly override: string;
}

export type Mapped = { readonly name: string } | { readonly refusal: Refusal };

/** What a scalar column is in an Iceberg table of format version 2. */
export function icebergScalar(type: Exclude<RivetType, { kind: "list" }>): Mapped {
  switch (type.kind) {
    case "bool":
      return { name: "boolean" };
    case "int":
      if (!type.signed) {
        return { refusal: { why: "it has no unsigned numbers", override: "decimal(20,0)" } };
      }
      return { name: type.bits === 64 ? "long" : "int" };
    case "float":
      return { name: type.bits === 32 ? "float" : "double" };
    case "decimal":
      return type.precision > 38
        ? { refusal: { why: "its decimals have 38 digits", override: "text" } }
        : { name: `decimal(${type.precision}, ${type.scale})` };
    case "date":
    case "time":
    case "uuid":
    case "binary":
      return { name: type.kind };
    case "timestamp":
      if (type.unit === "ns") {
        const override = type.utc ? "timestamp_tz" : "timestamp";
        return { refusal: { why: "version 2 has no nanoseconds", override } };
      }
      return { name: type.utc ? "timestamptz" : "timestamp" };
    case "text":
    case "json":
    case "interval":
      return { name: "string" };
  }
}

/** The type with the element's id still to be given: `elementId` gives it. */
export function icebergType(
  type: RivetType,
  elementId: () => number,
): { readonly type: IcebergColumn } | { readonly refusal: Refusal } {
  if (type.kind !== "list") {
    const mapped = icebergScalar(type);
    return "refusal" in mapped ? mapped : { type: mapped.name };
  }
  const { element } = type;
  if (element.kind === "list") {
    return { refusal: { why: "lists of lists are not written", override: "json" } };
  }
  const mapped = icebergScalar(element);
  if ("refusal" in mapped) {
    const { why, override } = mapped.refusal;
    return { refusal: { why, override: `${override}[]` } };
  }
  const list: IcebergList = {
    type: "list",
    "element-id": elementId(),
    element: mapped.name,
    "element-required": false,
  };
  return { type: list };
}

const DECIMAL = /^decimal\((\d+),\s*(\d+)\)$/;

/** Digits of a decimal type; null for others. */
export function decimalOf(type: string): { precision: number; scale: number } | null {
  const match = DECIMAL.exec(type);
  return match === null ? null : { precision: Number(match[1]), scale: Number(match[2]) };
}

/** Whether every value of `from` is one of `to`, by a promotion that the format allows or by none. */
export function promotes(from: string, to: string): boolean {
  if (from === to) return true;
  if (from === "int") return to === "long";
  if (from === "float") return to === "double";
  const [a, b] = [decimalOf(from), decimalOf(to)];
  return a !== null && b !== null && a.scale === b.scale && a.precision <= b.precision;
}
