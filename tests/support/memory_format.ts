/** The simplest format: a line of JSON per row. For tests of what has nothing to do with formats. */
import type { Batch } from "../../core/batch/batch.ts";
import { valueText } from "../../core/batch/values.ts";
import type { Format, FormatEncoder } from "../../core/ports/format.ts";
import type { Column } from "../../core/types/types.ts";
import { concat } from "./format_files.ts";

const utf8 = new TextEncoder();

class LinesEncoder implements FormatEncoder {
  bytesWritten = 0;
  heldRows = 0;
  #header: Uint8Array | null;

  constructor(columns: readonly Column[]) {
    this.#header = utf8.encode(`${JSON.stringify(columns.map(({ name }) => name))}\n`);
  }

  get estimatedBytes(): number {
    return this.bytesWritten + (this.#header?.length ?? 0);
  }

  write(batch: Batch): Uint8Array[] {
    const lines: string[] = [];
    for (let row = 0; row < batch.rows; row++) {
      lines.push(JSON.stringify(
        batch.columns.map(({ type }, c) => valueText(type, batch.data[c], row)),
      ));
    }
    return this.#out(lines.map((line) => utf8.encode(`${line}\n`)));
  }

  flush(): Uint8Array[] {
    return [];
  }

  finish(): Uint8Array[] {
    return this.#out([]);
  }

  #out(chunks: Uint8Array[]): Uint8Array[] {
    const out = this.#header === null ? chunks : [this.#header, ...chunks];
    this.#header = null;
    this.bytesWritten += out.reduce((sum, chunk) => sum + chunk.length, 0);
    return out;
  }
}

/** Every row of a file, as text. */
export async function readLines(path: string): Promise<(string | null)[][]> {
  const [, ...lines] = (await Deno.readTextFile(path)).split("\n");
  if (lines.pop() !== "") throw new Error(`${path} ends within a line`);
  return lines.map((line) => JSON.parse(line));
}

export const memoryFormat: Format = {
  name: "csv",
  extension: "lines",
  open: (columns) => Promise.resolve(new LinesEncoder(columns)),
  check: async (file, { columns }) => {
    const parts: Uint8Array[] = [];
    for await (const piece of file.pieces()) parts.push(piece.slice());
    const [header, ...lines] = new TextDecoder().decode(concat(parts)).split("\n");
    const wrong = lines.pop() !== ""
      ? "it ends within a line"
      : columns !== null && header !== JSON.stringify(columns)
      ? `other columns: ${header}`
      : null;
    if (wrong === null) return { rows: lines.length, problem: null };
    const nowhere = { column: null, row_group: null, page: null, offset: null };
    return { rows: null, problem: { message: wrong, ...nowhere } };
  },
};
