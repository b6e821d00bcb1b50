/** One value as text, by type: what a field holds before quoting. */
import { copyRange, viewOf } from "../../../core/base/copy_range.ts";
import type { ColumnData } from "../../../core/batch/batch.ts";
import type { CsvOptions } from "../../../core/config/loaded.ts";
import { layoutOf, type RivetType } from "../../../core/types/types.ts";
import type { ByteBuilder } from "../byte_builder.ts";
import { appendInteger, appendNumber, decimalAt, int64At } from "./digits.ts";
import { appendDate, appendTime, appendTimestamp } from "./temporal.ts";

/** Appends the value of `row`, which is not NULL. */
export type ValueWriter = (out: ByteBuilder, row: number) => void;

const HEX = new TextEncoder().encode("0123456789abcdef");
const TRUE = new TextEncoder().encode("true");
const FALSE = new TextEncoder().encode("false");
const DASH = 0x2d;

export function appendAscii(out: ByteBuilder, text: string): void {
  out.reserve(text.length);
  for (let i = 0; i < text.length; i++) out.bytes[out.length++] = text.charCodeAt(i);
}

function appendHex(out: ByteBuilder, bytes: Uint8Array, start: number, end: number): void {
  out.reserve((end - start) * 2);
  for (let i = start; i < end; i++) {
    out.bytes[out.length++] = HEX[bytes[i] >> 4];
    out.bytes[out.length++] = HEX[bytes[i] & 15];
  }
}

/** 8-4-4-4-12. */
function appendUuid(out: ByteBuilder, bytes: Uint8Array, start: number): void {
  let from = start;
  for (const length of [4, 2, 2, 2, 6]) {
    if (from > start) out.byte(DASH);
    appendHex(out, bytes, from, from + length);
    from += length;
  }
}

/** The shortest decimal that reads back as the same float32: JavaScript knows only that of a float64. */
function shortestFloat32(value: number): string {
  for (let precision = 1; precision <= 8; precision++) {
    const text = Number(value.toPrecision(precision));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

function floatText(value: number, bits: 32 | 64): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (Object.is(value, -0)) return "-0";
  return bits === 64 ? String(value) : shortestFloat32(value);
}

function bytesWriter(data: ColumnData, hex: boolean): ValueWriter {
  const { values, offsets } = data;
  if (offsets === null) throw new TypeError("byte arrays came without offsets");
  if (hex) return (out, row) => appendHex(out, values, offsets[row], offsets[row + 1]);
  const view = viewOf(values);
  return (out, row) => {
    const start = offsets[row];
    const end = offsets[row + 1];
    out.reserve(end - start);
    out.length = copyRange(values, view, start, end, out.bytes, out.view, out.length);
  };
}

type ScalarType = Exclude<RivetType, { kind: "list" }>;

/** The writer of a column of scalars. Text comes as it is: quoting and escaping are the caller's. */
export function valueWriter(
  type: ScalarType,
  data: ColumnData,
  { fractions }: Pick<CsvOptions, "fractions">,
): ValueWriter {
  const whole = fractions === "always";
  const { values } = data;
  const view = viewOf(values);
  switch (type.kind) {
    case "bool":
      return (out, row) => out.append((values[row >> 3] >> (row & 7)) & 1 ? TRUE : FALSE);
    case "int": {
      const { bits, signed } = type;
      if (bits === 16) return (out, row) => appendNumber(out, view.getInt16(row * 2, true));
      if (bits === 32) return (out, row) => appendNumber(out, view.getInt32(row * 4, true));
      return (out, row) => appendInteger(out, int64At(view, row * 8, signed));
    }
    case "float":
      return type.bits === 32
        ? (out, row) => appendAscii(out, floatText(view.getFloat32(row * 4, true), 32))
        : (out, row) => appendAscii(out, floatText(view.getFloat64(row * 8, true), 64));
    case "decimal": {
      const width = layoutOf(type) === "dec256" ? 32 : 16;
      return (out, row) => appendInteger(out, decimalAt(view, row * width, width), type.scale);
    }
    case "date":
      return (out, row) => appendDate(out, view.getInt32(row * 4, true));
    case "time":
      return (out, row) => appendTime(out, Number(int64At(view, row * 8, true)), whole);
    case "timestamp":
      return (out, row) => appendTimestamp(out, int64At(view, row * 8, true), type, whole);
    case "uuid":
      return (out, row) => appendUuid(out, values, row * 16);
    case "binary":
      return bytesWriter(data, true);
    case "text":
    case "json":
    case "interval":
      return bytesWriter(data, false);
  }
}
