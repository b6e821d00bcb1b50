/** Adds `_rivet_exported_at` and `_rivet_row_hash` to batches (contracts section 8). */
import { type Batch, type ColumnData, makeBatch } from "../batch/batch.ts";
import { columnIndex, RowHasher } from "./row_hash.ts";
import { addedColumns, type StageSpec } from "./stage_plan.ts";
import type { Xxh3 } from "./xxh3.ts";

function required(length: number, values: ArrayBuffer): ColumnData {
  return {
    length,
    nullCount: 0,
    validity: null,
    values: new Uint8Array(values),
    offsets: null,
    child: null,
  };
}

function timestamps(rows: number, at: Date): ColumnData {
  const micros = new BigInt64Array(rows).fill(BigInt(at.getTime()) * 1000n);
  return required(rows, micros.buffer);
}

export class MetaColumns {
  readonly #spec: Pick<StageSpec, "exportedAt" | "rowHash">;
  /** Null without a row hash. */
  readonly #hasher: RowHasher | null;
  readonly #now: () => Date;

  constructor(
    spec: Pick<StageSpec, "exportedAt" | "rowHash">,
    xxh3: Xxh3 | null,
    now: () => Date = () => new Date(),
  ) {
    this.#spec = spec;
    this.#hasher = xxh3 && new RowHasher(xxh3, 0);
    this.#now = now;
  }

  /** The batch with the added columns behind its own; all its rows have the same `exported_at`. */
  apply(batch: Batch): Batch {
    const { exportedAt, rowHash } = this.#spec;
    const added: ColumnData[] = [];
    if (exportedAt) added.push(timestamps(batch.rows, this.#now()));
    if (rowHash !== null) {
      if (this.#hasher === null) throw new TypeError("a row hash without xxh3");
      const columns = rowHash.map((name) => columnIndex(batch, name));
      added.push(required(batch.rows, this.#hasher.hash(batch, columns).buffer));
    }
    if (added.length === 0) return batch;
    const columns = [...batch.columns, ...addedColumns(this.#spec)];
    return makeBatch(columns, batch.rows, [...batch.data, ...added]);
  }
}
