/**
 * Values as bytes: Iceberg's single-value serialisation, from those of Parquet's statistics.
 * https://iceberg.apache.org/spec/#binary-single-value-serialization
 */
import { minimalBytes, type PartitionValue } from "../../../core/types/partition_transform.ts";
import type { RivetType } from "../../../core/types/types.ts";

type Value = Exclude<PartitionValue, null>;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

/** A PLAIN value of Parquet, of a column of the type. Text may be cut: it comes as its bytes. */
export function plainValue(type: Exclude<RivetType, { kind: "list" }>, bytes: Uint8Array): Value {
  const view = viewOf(bytes);
  switch (type.kind) {
    case "bool":
      return bytes[0] !== 0;
    case "int":
      return bytes.length === 4 ? view.getInt32(0, true) : view.getBigInt64(0, true);
    case "float":
      return type.bits === 32 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    case "decimal":
      if (type.precision <= 9) return BigInt(view.getInt32(0, true));
      return type.precision <= 18 ? view.getBigInt64(0, true) : bigEndian(bytes);
    case "date":
      return view.getInt32(0, true);
    case "time":
    case "timestamp":
      return view.getBigInt64(0, true);
    case "text":
    case "json":
    case "interval":
    case "uuid":
    case "binary":
      return bytes;
  }
}

function filled(length: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  set(viewOf(bytes));
  return bytes;
}

const utf8 = new TextEncoder();

/** @param type Iceberg's name of the field's type, which may be wider than the file's */
export function singleValue(type: string, value: Value): Uint8Array {
  switch (type) {
    case "boolean":
      return Uint8Array.of(value === true ? 1 : 0);
    case "int":
    case "date":
      return filled(4, (view) => view.setInt32(0, Number(value), true));
    case "long":
    case "time":
    case "timestamp":
    case "timestamptz":
      return filled(8, (view) => view.setBigInt64(0, BigInt(value as number | bigint), true));
    case "float":
      return filled(4, (view) => view.setFloat32(0, value as number, true));
    case "double":
      return filled(8, (view) => view.setFloat64(0, value as number, true));
    case "string":
      return value instanceof Uint8Array ? value : utf8.encode(value as string);
    case "uuid":
    case "binary":
      return value as Uint8Array;
    default:
      return minimalBytes(value as bigint);
  }
}
