/** The one text of each row, of any type of text that there is: for plans, which are not decoded as a table is. */
import { type ColumnMetadata, type Field, fieldOf } from "./fields.ts";
import { RowBuffer } from "./rows.ts";
import type { RowSink } from "./wire/tokens.ts";

/** What a plan may have at most. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Types whose characters take two bytes. */
const UTF16 = /^n(?:char|varchar|text)\b|^xml\b/;

function decoderOf({ nativeType, codePage }: Field): TextDecoder {
  if (UTF16.test(nativeType)) return new TextDecoder("utf-16le");
  const windows = codePage?.startsWith("CP12") ? `windows-${codePage.slice(2)}` : "utf-8";
  return new TextDecoder(windows);
}

/** Texts one behind the other, until one is refused. */
export class TextRows implements RowSink {
  readonly #onText: (text: string) => void;
  #columns: readonly ColumnMetadata[] | null = null;
  #rows: RowBuffer | null = null;
  #decoder = new TextDecoder();

  /** @param onText is given each row's first column; a NULL is empty. */
  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  get withinRow(): boolean {
    return (this.#rows?.pending ?? 0) > 0;
  }

  append(columns: readonly ColumnMetadata[], bytes: Uint8Array): void {
    if (this.#columns !== columns) {
      this.release();
      const fields = columns.map(fieldOf);
      this.#columns = columns;
      this.#rows = new RowBuffer(fields, MAX_BYTES);
      this.#decoder = decoderOf(fields[0]);
    }
    this.#rows?.append(bytes);
  }

  take(): Uint8Array | null {
    const buffer = this.#rows;
    if (buffer === null) return null;
    for (;;) {
      const { block, rows } = buffer.next();
      if (rows === 0) break;
      for (let row = 0; row < rows; row++) {
        const at = block.positions[row];
        const length = Math.max(0, block.lengths[row]);
        this.#onText(this.#decoder.decode(block.bytes.subarray(at, at + length)));
      }
    }
    return buffer.pending === 0 || buffer.withinRow ? null : buffer.rest();
  }

  /** Idempotent. */
  release(): void {
    this.#rows?.release();
    this.#rows = null;
  }
}
