/** Batches to the bytes of one CSV file. */
import { type Batch, type ColumnData, isValid } from "../../../core/batch/batch.ts";
import type { CsvOptions } from "../../../core/config/loaded.ts";
import type { FormatEncoder } from "../../../core/ports/format.ts";
import type { Column } from "../../../core/types/types.ts";
import { ByteBuilder } from "../byte_builder.ts";
import { listWriter } from "./lists.ts";
import { type ValueWriter, valueWriter } from "./values.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/** Bytes handed out at a time. */
const BLOCK_BYTES = 256 * 1024;

/** Bytes that make quotes necessary, as a table over all bytes. */
const SPECIAL = new Uint8Array(256);
for (const byte of [COMMA, QUOTE, LF, CR]) SPECIAL[byte] = 1;

const EMPTY_TEXT = Uint8Array.of(QUOTE, QUOTE);
const SPACE = 0x20;

/** What else than RFC 4180 makes quotes necessary. */
interface Quoting {
  /** What stands for NULL: a value that is the same is quoted. */
  readonly marker: Uint8Array;
  /** The field is its whole line, which some readers skip when it is blank. */
  readonly alone: boolean;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= SPACE);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function mustQuote(out: ByteBuilder, from: number, { marker, alone }: Quoting): boolean {
  const { bytes } = out;
  if (out.length === from) return true;
  for (let i = from; i < out.length; i++) if (SPECIAL[bytes[i]] === 1) return true;
  if (marker.length === out.length - from && equal(bytes.subarray(from, out.length), marker)) {
    return true;
  }
  return alone && bytes[from] <= SPACE && isBlank(bytes.subarray(from, out.length));
}

/** Quotes what was appended since `from` when it must be, or when it is empty (NULL is bare). */
function quoteFrom(out: ByteBuilder, from: number, quoting: Quoting): void {
  if (!mustQuote(out, from, quoting)) return;
  let quotes = 0;
  for (let i = from; i < out.length; i++) if (out.bytes[i] === QUOTE) quotes++;
  out.reserve(quotes + 2);
  const { bytes } = out;
  const { length } = out;
  out.length = length + quotes + 2;
  bytes[out.length - 1] = QUOTE;
  if (quotes === 0) bytes.copyWithin(from + 1, from, length);
  else doubleQuotes(bytes, from, length, out.length - 1);
  bytes[from] = QUOTE;
}

/** Moves [from, end) behind itself so that it ends before `target`, each quote twice. */
function doubleQuotes(bytes: Uint8Array, from: number, end: number, target: number): void {
  let at = target;
  for (let i = end - 1; i >= from; i--) {
    const byte = bytes[i];
    bytes[--at] = byte;
    if (byte === QUOTE) bytes[--at] = QUOTE;
  }
}

const APOSTROPHE = 0x27;
/** What a spreadsheet takes for the beginning of a formula, or leaves out before one. */
const STARTS = new Set([..."=+-@\t\r\n"].map((char) => char.charCodeAt(0)));
/** The last two bytes of the full-width forms of =, +, - and @, which begin with 0xEF. */
const WIDE_STARTS = [[0xbc, 0x9d], [0xbc, 0x8b], [0xbc, 0x8d], [0xbc, 0xa0]];

/** Puts an apostrophe before what was appended since `from` when it begins as a formula does. */
function escapeFrom(out: ByteBuilder, from: number): void {
  if (out.length === from) return;
  const [first, second, third] = out.bytes.subarray(from, out.length);
  const wide = first === 0xef && WIDE_STARTS.some(([a, b]) => a === second && b === third);
  if (!wide && !STARTS.has(first)) return;
  out.reserve(1);
  out.bytes.copyWithin(from + 1, from, out.length);
  out.bytes[from] = APOSTROPHE;
  out.length++;
}

function fieldWriter(
  { type }: Column,
  data: ColumnData,
  options: CsvOptions,
  quoting: Quoting,
): ValueWriter {
  const write = type.kind === "list"
    ? listWriter(type, data, options)
    : valueWriter(type, data, options);
  const quoted: ValueWriter = (out, row) => {
    const from = out.length;
    write(out, row);
    quoteFrom(out, from, quoting);
  };
  switch (type.kind) {
    case "text":
      return (out, row) => {
        const from = out.length;
        write(out, row);
        if (options.escapeFormulas) escapeFrom(out, from);
        quoteFrom(out, from, quoting);
      };
    // A sign before digits is a number's, and JSON, lists and hexadecimal begin otherwise.
    case "json":
    case "interval":
    case "list":
    case "binary":
      return quoted;
    // Digits, letters, signs, points and colons only, and never empty.
    case "bool":
    case "int":
    case "float":
    case "decimal":
    case "date":
    case "time":
    case "timestamp":
    case "uuid":
      return quoting.marker.length > 0 ? quoted : write;
  }
}

/** Every batch is encoded as it comes: no row is ever held. */
export class CsvEncoder implements FormatEncoder {
  readonly #out = new ByteBuilder(BLOCK_BYTES * 2);
  readonly heldRows = 0;
  bytesWritten = 0;

  readonly #options: CsvOptions;
  readonly #quoting: Quoting;
  /** What a NULL is written as. */
  readonly #null: Uint8Array;

  constructor(columns: readonly Column[], options: CsvOptions) {
    const alone = columns.length === 1;
    this.#options = options;
    this.#quoting = { marker: new TextEncoder().encode(options.nullText ?? ""), alone };
    // An empty line is no row to many readers.
    this.#null = alone && options.nullText === null ? EMPTY_TEXT : this.#quoting.marker;
    columns.forEach(({ name }, c) => {
      if (c > 0) this.#out.byte(COMMA);
      const from = this.#out.length;
      this.#out.append(new TextEncoder().encode(name));
      if (options.escapeFormulas) escapeFrom(this.#out, from);
      quoteFrom(this.#out, from, this.#quoting);
    });
    this.#out.byte(LF);
  }

  get estimatedBytes(): number {
    return this.bytesWritten + this.#out.length;
  }

  write(batch: Batch): Uint8Array[] {
    const out = this.#out;
    const writers = batch.columns.map((column, c) =>
      fieldWriter(column, batch.data[c], this.#options, this.#quoting)
    );
    const blocks: Uint8Array[] = [];
    for (let row = 0; row < batch.rows; row++) {
      for (let c = 0; c < writers.length; c++) {
        if (c > 0) out.byte(COMMA);
        const data = batch.data[c];
        if (data.validity === null || isValid(data, row)) writers[c](out, row);
        else out.append(this.#null);
      }
      out.byte(LF);
      if (out.length >= BLOCK_BYTES) blocks.push(this.#take());
    }
    if (out.length > 0) blocks.push(this.#take());
    return blocks;
  }

  flush(): Uint8Array[] {
    return this.#out.length === 0 ? [] : [this.#take()];
  }

  finish(): Uint8Array[] {
    return this.flush();
  }

  #take(): Uint8Array {
    const block = this.#out.copy();
    this.#out.clear();
    this.bytesWritten += block.length;
    return block;
  }
}
