/**
 * Rows of the text protocol: per field a length-encoded string, or 0xFB for NULL.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 */
import { SourceError } from "../../../core/base/errors.ts";
import { type Block, BLOCK_ROWS } from "../kit/block.ts";
import { valueTooLarge } from "../kit/value_fault.ts";

const NULL = 0xfb;
const TWO_BYTES = 0xfc;
const THREE_BYTES = 0xfd;
const EIGHT_BYTES = 0xfe;
const TWO_32 = 4_294_967_296;

export interface FieldLimits {
  readonly columnNames: readonly string[];
  readonly maxValueBytes: number;
}

/** Gathers rows that lie in the same bytes, so that they can be decoded a column at a time. */
export class FieldGatherer {
  readonly #limits: FieldLimits;
  readonly #positions: Int32Array;
  readonly #lengths: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #rows = 0;
  #byteLength = 0;

  constructor(limits: FieldLimits) {
    this.#limits = limits;
    this.#positions = new Int32Array(limits.columnNames.length * BLOCK_ROWS);
    this.#lengths = new Int32Array(limits.columnNames.length * BLOCK_ROWS);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the gathered rows. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** True when a row in `bytes` can be added; else the block has to be taken first. */
  fits(bytes: Uint8Array): boolean {
    return this.#rows === 0 || (this.#bytes === bytes && this.#rows < BLOCK_ROWS);
  }

  /** Adds the row at `[start, end)` of `bytes`, which must stay as they are until the block is taken. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const columns = this.#limits.columnNames.length;
    const positions = this.#positions;
    const lengths = this.#lengths;
    const row = this.#rows;
    let at = start;
    for (let i = row; i < columns * BLOCK_ROWS; i += BLOCK_ROWS) {
      let length = bytes[at++];
      if (length === NULL) {
        lengths[i] = -1;
        continue;
      }
      if (length > NULL) {
        const tag = length;
        length = longLength(bytes, at, tag);
        at += tag === TWO_BYTES ? 2 : tag === THREE_BYTES ? 3 : 8;
        const { maxValueBytes, columnNames } = this.#limits;
        if (length > maxValueBytes) {
          throw valueTooLarge(columnNames[(i - row) / BLOCK_ROWS], length, maxValueBytes);
        }
      }
      positions[i] = at;
      lengths[i] = length;
      at += length;
    }
    if (at !== end) throw malformed();
    this.#bytes = bytes;
    this.#rows = row + 1;
    this.#byteLength += end - start;
  }

  /** The gathered rows, valid until the next `add`. */
  take(): { readonly block: Block; readonly rows: number } {
    const rows = this.#rows;
    const block: Block = {
      bytes: this.#bytes,
      positions: this.#positions,
      lengths: this.#lengths,
      stride: BLOCK_ROWS,
    };
    this.#rows = 0;
    this.#byteLength = 0;
    return { block, rows };
  }
}

/** A length above 250, little-endian behind its tag. */
function longLength(bytes: Uint8Array, at: number, tag: number): number {
  const low = bytes[at] + bytes[at + 1] * 0x100;
  if (tag === TWO_BYTES) return low;
  if (tag === THREE_BYTES) return low + bytes[at + 2] * 0x1_0000;
  if (tag !== EIGHT_BYTES) throw malformed();
  let high = 0;
  for (let i = 7; i >= 4; i--) high = high * 0x100 + bytes[at + i];
  return low + bytes[at + 2] * 0x1_0000 + bytes[at + 3] * 0x100_0000 + high * TWO_32;
}

function malformed(): SourceError {
  return new SourceError("SOURCE_QUERY", "MySQL sent a row of other columns than described", {
    hint: "Did the table change while it was read? Run the export again.",
  });
}

const latin1 = new TextDecoder("latin1");

/** A value of digits and punctuation as text; for messages and rare forms only. */
export function asciiText(bytes: Uint8Array, at: number, length: number): string {
  return latin1.decode(bytes.subarray(at, at + length));
}
