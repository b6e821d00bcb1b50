/** Batches to the bytes of one CSV file. */
import { type Batch, type ColumnData, isValid } from "../../../core/batch/batch.ts";
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

/** Quotes what was appended since `from` when RFC 4180 asks for it, or when it is empty (NULL is bare). */
function quoteFrom(out: ByteBuilder, from: number): void {
  const { bytes } = out;
  let special = out.length === from;
  for (let i = from; i < out.length && !special; i++) special = SPECIAL[bytes[i]] === 1;
  if (!special) return;
  const field = bytes.slice(from, out.length);
  out.length = from;
  out.reserve(field.length * 2 + 2);
  let at = from;
  out.bytes[at++] = QUOTE;
  for (const byte of field) {
    if (byte === QUOTE) out.bytes[at++] = QUOTE;
    out.bytes[at++] = byte;
  }
  out.bytes[at++] = QUOTE;
  out.length = at;
}

function fieldWriter({ type }: Column, data: ColumnData): ValueWriter {
  const write = type.kind === "list" ? listWriter(type, data) : valueWriter(type, data);
  switch (type.kind) {
    case "text":
    case "json":
    case "interval":
    case "list":
    case "binary":
      return (out, row) => {
        const from = out.length;
        write(out, row);
        quoteFrom(out, from);
      };
    // Digits, letters, signs, points and colons only, and never empty.
    case "bool":
    case "int":
    case "float":
    case "decimal":
    case "date":
    case "time":
    case "timestamp":
    case "uuid":
      return write;
  }
}

/** Every batch is encoded as it comes: no row is ever held. */
export class CsvEncoder implements FormatEncoder {
  readonly #out = new ByteBuilder(BLOCK_BYTES * 2);
  readonly heldRows = 0;
  bytesWritten = 0;

  constructor(columns: readonly Column[]) {
    columns.forEach(({ name }, c) => {
      if (c > 0) this.#out.byte(COMMA);
      const from = this.#out.length;
      this.#out.append(new TextEncoder().encode(name));
      quoteFrom(this.#out, from);
    });
    this.#out.byte(LF);
  }

  get estimatedBytes(): number {
    return this.bytesWritten + this.#out.length;
  }

  write(batch: Batch): Uint8Array[] {
    const out = this.#out;
    const writers = batch.columns.map((column, c) => fieldWriter(column, batch.data[c]));
    const blocks: Uint8Array[] = [];
    for (let row = 0; row < batch.rows; row++) {
      for (let c = 0; c < writers.length; c++) {
        if (c > 0) out.byte(COMMA);
        if (isValid(batch.data[c], row)) writers[c](out, row);
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
