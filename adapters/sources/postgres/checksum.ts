/**
 * Rows in the form of `record_send`, which the checksum hashes: a 32-bit column count, then per column the
 * 32-bit OID of its type, and its length and bytes just as COPY delivers them.
 */
import type { RowChecksum } from "../../../core/batch/row_checksum.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { quoteIdentifier } from "./dialect.ts";
import { type BinaryBlock, copyBytes } from "../kit/block.ts";

/**
 * The type of each column as `record_send` writes it: a domain's own OID, which a RowDescription replaces
 * by that of its base type. No row of the statement is computed.
 */
export async function recordTypes(
  rows: RunRows,
  sql: string,
  columns: readonly { readonly name: string }[],
): Promise<number[]> {
  const types = columns.map(({ name }) => `pg_catalog.pg_typeof(r.${quoteIdentifier(name)})::oid`);
  const [found] = await rows(
    `SELECT ${types.join(", ")} FROM (SELECT 1) AS one ` +
      `LEFT JOIN (SELECT * FROM (\n${sql}\n) AS q LIMIT 0) AS r ON true`,
  );
  return found.map(Number);
}

export class RecordForm {
  readonly #checksum: RowChecksum;
  /** The column count. */
  readonly #header = new Uint8Array(4);
  /** One 4-byte OID per column. */
  readonly #types: readonly Uint8Array[];

  constructor(checksum: RowChecksum, types: readonly number[]) {
    this.#checksum = checksum;
    new DataView(this.#header.buffer).setInt32(0, types.length);
    this.#types = types.map((oid) => {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, oid);
      return bytes;
    });
  }

  /** Hashes the first `rows` tuples of the block. */
  add({ bytes, positions, lengths, stride }: BinaryBlock, rows: number): void {
    const types = this.#types;
    const fixed = 4 + 8 * types.length;
    for (let row = 0; row < rows; row++) {
      let size = fixed;
      for (let i = row; i < types.length * stride; i += stride) {
        if (lengths[i] > 0) size += lengths[i];
      }
      const record = this.#checksum.reserve(size);
      let at = copyBytes(this.#header, 0, 4, record, 0);
      for (let c = 0, i = row; c < types.length; c++, i += stride) {
        at = copyBytes(types[c], 0, 4, record, at);
        // The length stands right before the value; a NULL has nothing but its length.
        const from = positions[i] - 4;
        const to = positions[i] + Math.max(0, lengths[i]);
        at = copyBytes(bytes, from, to, record, at);
      }
      this.#checksum.add(at);
    }
  }
}
