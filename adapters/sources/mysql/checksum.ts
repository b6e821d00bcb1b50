/**
 * Rows in the form that the checksum hashes (docs/adr/0010-checksum.md): one field per column, each of
 * which tells its own end, made from the text protocol's values here and by SQL at the server.
 */
import type { Column } from "../../../core/types/types.ts";
import type { RowChecksum } from "../../../core/batch/row_checksum.ts";
import { Md5 } from "../../../core/base/md5.ts";
import { type Block, copyBytes } from "../kit/block.ts";
import { familyOf } from "./types.ts";

/** How a value that is not NULL is written; NULL is `N` in every form. */
type Form =
  /** Without leading zeros, so that ZEROFILL does not matter, and `;`: `42;`, `.50;`, zero is `;`. */
  | "number"
  /** As it is printed, and `;`. */
  | "plain"
  /**
   * As in a JSON array, `[0.1]`, which MySQL prints as it sends it; elsewhere it may write another form, or too
   * few digits.
   */
  | "float"
  /** The hexadecimal digits of a BIT's number, without leading zeros, and `;`. */
  | "bits"
  /** Length in bytes, `:`, bytes; text in utf8mb4. */
  | "sized"
  /** The first 15 hexadecimal digits of the bytes' MD5: a row of long values stays short. */
  | "hashed";

const LONG = /^(medium|long)?(text|blob)$|^json$/;

function formOf({ name, nativeType }: Column): Form {
  switch (familyOf(nativeType)) {
    case "integer":
    case "decimal":
      return "number";
    case "bit":
      return "bits";
    case "float":
      return "float";
    case "date":
    case "time":
    case "timestamp":
    case "uuid":
      return "plain";
    case "text":
    case "bytes":
      return LONG.test(nativeType) ? "hashed" : "sized";
    case "geometry":
      return "hashed";
    case "other":
      throw new TypeError(`column "${name}" of type ${nativeType} cannot be described`);
  }
}

/** The bytes that are sent for a text or binary column; geometries are selected as WKT or WKB. */
function bytesOf({ type, nativeType }: Column, value: string): string {
  const family = familyOf(nativeType);
  const binary = family === "bytes" || (family === "geometry" && type.kind === "binary");
  return binary ? value : `CAST(CONVERT(${value} USING utf8mb4) AS BINARY)`;
}

function fieldSql(column: Column, quote: (name: string) => string): string {
  const value = `_rivet.${quote(column.name)}`;
  // NULL is asked for by itself: under MariaDB's sql_mode ORACLE, CONCAT takes it for an empty string.
  return `IF(${value} IS NULL, 'N', ${formSql(column, value)})`;
}

function formSql(column: Column, value: string): string {
  switch (formOf(column)) {
    case "number":
      return `TRIM(LEADING '0' FROM CONCAT(${value}, ';'))`;
    case "plain":
      return `CONCAT(${value}, ';')`;
    case "float":
      return `REPLACE(CONCAT(JSON_ARRAY(${value})), '.0]', ']')`;
    case "bits":
      return `TRIM(LEADING '0' FROM CONCAT(HEX(${value} + 0), ';'))`;
    case "sized": {
      const bytes = bytesOf(column, value);
      return `CONCAT(OCTET_LENGTH(${bytes}), ':', ${bytes})`;
    }
    case "hashed":
      return `LEFT(MD5(${bytesOf(column, value)}), 15)`;
  }
}

/**
 * Below minus the largest sum of 2^64 rows, and within the 65 digits of a decimal when it is summed: one
 * row that cannot be hashed makes the sum negative.
 */
const UNHASHED = `-1${"0".repeat(40)}`;

/** `Dialect.rowChecksum`. CONCAT gives NULL for more than `max_allowed_packet` bytes. */
export function rowChecksum(
  columns: readonly Column[],
  quote: (name: string) => string,
): string {
  const row = `CONCAT(${columns.map((column) => fieldSql(column, quote)).join(", ")})`;
  const hash = `CAST(CONV(LEFT(MD5(${row}), 15), 16, 10) AS DECIMAL(20))`;
  return `SUM(IFNULL(${hash}, ${UNHASHED}))`;
}

const NULL = 78;
const ZERO = 48;
const COLON = 58;
const SEMICOLON = 59;
const OPEN = 91;
const CLOSE = 93;
/** Of a field beside its value's bytes: a length of ten digits and a colon, or a hash. */
const EXTRA_BYTES = 16;

export class ChecksumForm {
  readonly #checksum: RowChecksum;
  readonly #forms: readonly Form[];
  /** Of hashed values. */
  readonly #md5 = new Md5();

  constructor(checksum: RowChecksum, columns: readonly Column[]) {
    this.#checksum = checksum;
    this.#forms = columns.map(formOf);
  }

  /** Hashes the first `rows` rows of the block. */
  add(block: Block, rows: number): void {
    const { lengths, stride } = block;
    const forms = this.#forms;
    for (let row = 0; row < rows; row++) {
      let size = forms.length * EXTRA_BYTES;
      for (let c = 0, i = row; c < forms.length; c++, i += stride) {
        if (lengths[i] > 0 && forms[c] !== "hashed") size += lengths[i] * 2;
      }
      const out = this.#checksum.reserve(size);
      let at = 0;
      for (let c = 0, i = row; c < forms.length; c++, i += stride) {
        if (lengths[i] < 0) out[at++] = NULL;
        else at = this.#write(forms[c], block, i, out, at);
      }
      this.#checksum.add(at);
    }
  }

  /** Writes the field at index `i` of the block. Returns the position behind it. */
  #write(form: Form, block: Block, i: number, out: Uint8Array, at: number): number {
    const { bytes } = block;
    const length = block.lengths[i];
    const from = block.positions[i];
    const to = from + length;
    switch (form) {
      case "number": {
        let first = from;
        while (first < to && bytes[first] === ZERO) first++;
        return terminate(out, copyBytes(bytes, first, to, out, at));
      }
      case "plain":
        return terminate(out, copyBytes(bytes, from, to, out, at));
      case "bits":
        return terminate(out, writeBits(bytes, from, to, out, at));
      case "float": {
        out[at] = OPEN;
        const end = copyBytes(bytes, from, to, out, at + 1);
        out[end] = CLOSE;
        return end + 1;
      }
      case "sized": {
        const value = writeDigits(length, out, at);
        out[value] = COLON;
        return copyBytes(bytes, from, to, out, value + 1);
      }
      case "hashed": {
        this.#md5.reserve(length);
        copyBytes(bytes, from, to, this.#md5.bytes, 0);
        this.#md5.digest(length);
        return writeHex(this.#md5.next28, 7, out, writeHex(this.#md5.first32, 8, out, at));
      }
    }
  }
}

function terminate(out: Uint8Array, at: number): number {
  out[at] = SEMICOLON;
  return at + 1;
}

/** A whole number from 0 on. */
function writeDigits(value: number, out: Uint8Array, at: number): number {
  let digits = 1;
  for (let rest = value; rest > 9; rest = Math.trunc(rest / 10)) digits++;
  for (let i = at + digits - 1, rest = value; i >= at; i--, rest = Math.trunc(rest / 10)) {
    out[i] = ZERO + rest % 10;
  }
  return at + digits;
}

const LOWER = new TextEncoder().encode("0123456789abcdef");
const UPPER = new TextEncoder().encode("0123456789ABCDEF");

/** The `digits` low hexadecimal digits of a word of 32 bits, as MD5 writes them. */
function writeHex(word: number, digits: number, out: Uint8Array, at: number): number {
  for (let i = digits - 1; i >= 0; i--) out[at++] = LOWER[(word >>> (i * 4)) & 15];
  return at;
}

/** Big-endian bytes as the hexadecimal digits of their number, as HEX writes them. */
function writeBits(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  const start = at;
  for (let i = from; i < to; i++) {
    for (const digit of [bytes[i] >> 4, bytes[i] & 15]) {
      if (at > start || digit > 0) out[at++] = UPPER[digit];
    }
  }
  return at;
}
