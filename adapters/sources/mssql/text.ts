/** Strings as UTF-8, and bytes as they are. */
import { viewOf } from "../../../core/base/copy_range.ts";
import type { BytesBuilder, Fixed16Builder } from "../../../core/batch/builders.ts";
import { UNDEFINED_BYTE, utf8Table } from "./code_pages.ts";
import type { BinaryBlock } from "../kit/block.ts";
import { changedType, type Fault, valueTooLarge } from "../kit/value_fault.ts";

export interface TextShape {
  readonly column: string;
  readonly maxValueBytes: number;
}

/** Half a character: the value was cut in the middle of one. */
function loneSurrogate(fault: Fault): never {
  return fault(
    "with half of a surrogate pair",
    "it is not valid Unicode; cast it in the query, e.g. to varbinary(max)",
  );
}

/** Set in every character of two that is none of ASCII. */
const NOT_ASCII = 0xff80_ff80 | 0;

/**
 * Appends ASCII from the UTF-16 of `[at, end)` to `data`, four characters at a time; returns how many.
 */
function transcodeAscii(
  view: DataView,
  at: number,
  end: number,
  data: DataView,
  used: number,
): number {
  let p = at;
  for (; p + 8 <= end; p += 8, used += 4) {
    const low = view.getInt32(p, true);
    const high = view.getInt32(p + 4, true);
    if (((low | high) & NOT_ASCII) !== 0) break;
    data.setInt32(used, ((low | (low >> 8)) & 0xffff) | ((high | (high >> 8)) << 16), true);
  }
  return (p - at) >> 1;
}

/** Appends `length` bytes of UTF-16 at `at` to `data`, which has room; returns where they end. */
function transcode(
  bytes: Uint8Array,
  at: number,
  length: number,
  data: Uint8Array,
  used: number,
  fault: Fault,
): number {
  const end = at + length;
  for (let p = at; p < end; p += 2) {
    let code = bytes[p] | (bytes[p + 1] << 8);
    if (code < 0x80) {
      data[used++] = code;
    } else if (code < 0x800) {
      data[used++] = 0xc0 | (code >> 6);
      data[used++] = 0x80 | (code & 63);
    } else if (code < 0xd800 || code > 0xdfff) {
      data[used++] = 0xe0 | (code >> 12);
      data[used++] = 0x80 | ((code >> 6) & 63);
      data[used++] = 0x80 | (code & 63);
    } else {
      const next = p + 2 < end ? bytes[p + 2] | (bytes[p + 3] << 8) : 0;
      if (code > 0xdbff || next < 0xdc00 || next > 0xdfff) loneSurrogate(fault);
      code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
      p += 2;
      data[used++] = 0xf0 | (code >> 18);
      data[used++] = 0x80 | ((code >> 12) & 63);
      data[used++] = 0x80 | ((code >> 6) & 63);
      data[used++] = 0x80 | (code & 63);
    }
  }
  return used;
}

export function decodeUtf16(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: BytesBuilder,
  shape: TextShape,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, view, positions, lengths } = block;
  const { offsets } = builder;
  let { data, used } = builder;
  let dataView = viewOf(data);
  let row = builder.length;
  for (let i = from; i < to; i++) {
    const length = lengths[i];
    if (length < 0) builder.markNull(row);
    else {
      if ((length & 1) !== 0) changedType(fault, length);
      // Two bytes become at most three.
      if (used + length * 1.5 > data.length) {
        builder.used = used;
        builder.reserveBytes(Math.ceil(length * 1.5));
        data = builder.data;
        dataView = viewOf(data);
      }
      const start = used;
      const at = positions[i];
      const ascii = transcodeAscii(view, at, at + length, dataView, used);
      used = transcode(bytes, at + ascii * 2, length - ascii * 2, data, used + ascii, fault);
      if (used - start > shape.maxValueBytes) {
        throw valueTooLarge(shape.column, used - start, shape.maxValueBytes);
      }
    }
    offsets[++row] = used;
  }
  builder.length = row;
  builder.used = used;
}

/** Text in a single-byte code page. */
export function decodeCodePage(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: BytesBuilder,
  shape: TextShape & { readonly codePage: string },
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const table = utf8Table(shape.codePage);
  const { offsets } = builder;
  let { data, used } = builder;
  let row = builder.length;
  for (let i = from; i < to; i++) {
    const length = lengths[i];
    if (length < 0) builder.markNull(row);
    else {
      if (used + length * 3 > data.length) {
        builder.used = used;
        builder.reserveBytes(length * 3);
        data = builder.data;
      }
      const start = used;
      const end = positions[i] + length;
      for (let p = positions[i]; p < end; p++) {
        const byte = bytes[p];
        if (byte < 128) data[used++] = byte;
        else used = writeMapped(table[byte - 128], byte, shape.codePage, data, used, fault);
      }
      if (used - start > shape.maxValueBytes) {
        throw valueTooLarge(shape.column, used - start, shape.maxValueBytes);
      }
    }
    offsets[++row] = used;
  }
  builder.length = row;
  builder.used = used;
}

function writeMapped(
  entry: number,
  byte: number,
  codePage: string,
  data: Uint8Array,
  used: number,
  fault: Fault,
): number {
  if (entry === UNDEFINED_BYTE) {
    fault(`with the byte 0x${byte.toString(16)}`, `${codePage} does not define it`, "binary");
  }
  data[used++] = entry;
  data[used++] = entry >> 8;
  if (entry >>> 24 === 3) data[used++] = entry >> 16;
  return used;
}

/** The first three groups of a GUID are little-endian integers; their text form, and Arrow's, is not. */
const UUID_ORDER = Uint8Array.of(3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15);

/** As the server prints it, in upper case. */
export function uuidText({ bytes, positions }: BinaryBlock, i: number): string {
  const at = positions[i];
  const hex = Uint8Array.from(UUID_ORDER, (b) => bytes[at + b]).toHex().toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .join("-");
}

export function decodeUuid(
  block: BinaryBlock,
  from: number,
  to: number,
  builder: Fixed16Builder,
  fault: Fault,
): void {
  builder.reserve(to - from);
  const { bytes, positions, lengths } = block;
  const out = builder.values;
  let row = builder.length;
  for (let i = from; i < to; i++, row++) {
    if (lengths[i] === 16) {
      const at = positions[i];
      for (let b = 0; b < 16; b++) out[row * 16 + b] = bytes[at + UUID_ORDER[b]];
    } else if (lengths[i] < 0) builder.markNull(row);
    else changedType(fault, lengths[i]);
  }
  builder.length = row;
}
