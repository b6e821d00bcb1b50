/** Single values of a batch as text: exact, in the form that a SQL literal of their type takes. */
import { civilDate } from "../types/civil.ts";
import type { RivetType } from "../types/types.ts";
import { type ColumnData, isValid } from "./batch.ts";

function view(data: ColumnData): DataView {
  return new DataView(data.values.buffer, data.values.byteOffset, data.values.byteLength);
}

/** Two's complement little-endian integer of `bytes` bytes at `at`. */
function wideInteger(data: DataView, at: number, bytes: number): bigint {
  let value = 0n;
  for (let i = bytes - 8; i >= 0; i -= 8) {
    const word = i === bytes - 8 ? data.getBigInt64(at + i, true) : data.getBigUint64(at + i, true);
    value = (value << 64n) | BigInt.asUintN(64, word);
    if (i === bytes - 8) value = BigInt.asIntN(64, value);
  }
  return value;
}

/** All digits of a decimal, with as many behind the point as its scale says. */
export function decimalText(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
  return negative ? `-${text}` : text;
}

function dateText(days: number): string {
  const { year, month, day } = civilDate(days);
  const md = `${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  return year > 0
    ? `${String(year).padStart(4, "0")}-${md}`
    : `${String(1 - year).padStart(4, "0")}-${md} BC`;
}

function clockText(ticks: bigint, perSecond: bigint): string {
  const seconds = Number(ticks / perSecond);
  const digits = perSecond === 1_000_000n ? 6 : 9;
  const fraction = (ticks % perSecond).toString().padStart(digits, "0");
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${
    two(seconds % 60)
  }`;
  return `${clock}.${fraction}`;
}

function timestampText(ticks: bigint, unit: "us" | "ns", utc: boolean): string {
  const perSecond = unit === "us" ? 1_000_000n : 1_000_000_000n;
  const perDay = perSecond * 86_400n;
  let days = ticks / perDay;
  if (ticks < days * perDay) days -= 1n;
  const date = dateText(Number(days));
  const clock = clockText(ticks - days * perDay, perSecond) + (utc ? "+00" : "");
  return date.endsWith(" BC") ? `${date.slice(0, -3)} ${clock} BC` : `${date} ${clock}`;
}

function uuidText(bytes: Uint8Array): string {
  const hex = bytes.toHex();
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

const utf8 = new TextDecoder();

function bytesAt(data: ColumnData, row: number): Uint8Array {
  const offsets = data.offsets as Int32Array;
  return data.values.subarray(offsets[row], offsets[row + 1]);
}

/** Full precision: microseconds of a timestamp, all digits of a bigint or decimal. NULL is null. */
export function valueText(type: RivetType, data: ColumnData, row: number): string | null {
  if (!isValid(data, row)) return null;
  const v = view(data);
  switch (type.kind) {
    case "bool":
      return (data.values[row >> 3] & (1 << (row & 7))) !== 0 ? "true" : "false";
    case "int":
      if (type.bits === 16) return String(v.getInt16(row * 2, true));
      if (type.bits === 32) return String(v.getInt32(row * 4, true));
      return String(type.signed ? v.getBigInt64(row * 8, true) : v.getBigUint64(row * 8, true));
    case "float":
      return String(type.bits === 32 ? v.getFloat32(row * 4, true) : v.getFloat64(row * 8, true));
    case "decimal": {
      const width = type.precision > 38 ? 32 : 16;
      return decimalText(wideInteger(v, row * width, width), type.scale);
    }
    case "date":
      return dateText(v.getInt32(row * 4, true));
    case "time":
      return clockText(v.getBigInt64(row * 8, true), 1_000_000n);
    case "timestamp":
      return timestampText(v.getBigInt64(row * 8, true), type.unit, type.utc);
    case "uuid":
      return uuidText(data.values.subarray(row * 16, row * 16 + 16));
    case "text":
    case "json":
    case "interval":
      return utf8.decode(bytesAt(data, row));
    case "binary":
      return bytesAt(data, row).toHex();
    case "list": {
      const offsets = data.offsets as Int32Array;
      const child = data.child as ColumnData;
      const items: (string | null)[] = [];
      for (let i = offsets[row]; i < offsets[row + 1]; i++) {
        items.push(valueText(type.element, child, i));
      }
      return JSON.stringify(items);
    }
  }
}
