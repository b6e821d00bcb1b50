/**
 * Counters for `quality:` over the batches of one read (contracts section 8), and their sum over the
 * reads of a run. Rows are counted once, while they pass; nothing is read twice.
 */
import type { Batch } from "../batch/batch.ts";
import { HashSet } from "./hash_set.ts";
import { columnIndex, RowHasher } from "./row_hash.ts";
import type { StageSpec } from "./stage_plan.ts";
import type { Xxh3 } from "./xxh3.ts";

/** Counters of one read or of several; structured-clone safe. */
export interface QualityCounts {
  readonly rows: number;
  /** NULLs by column. */
  readonly nulls: Readonly<Record<string, number>>;
  /** By column of `unique_columns`. */
  readonly unique: Readonly<Record<string, UniqueCounts>>;
}

export interface UniqueCounts {
  /** Rows whose value had been seen before. A lower bound once the check was given up. */
  readonly repeats: number;
  /** The distinct values' hashes, two words each; null when there were more than may be remembered. */
  readonly hashes: Int32Array | null;
}

/** Above `RowHasher`'s inline minimum, so that short values do not go through WebAssembly. */
const KEY_BYTES = 17;

/**
 * One column's distinct values as 64-bit hashes. Hashes of a million distinct values hold an equal pair
 * with a chance of 3 in 10^8, of ten million with 3 in 10^6.
 */
class UniqueColumn {
  readonly #maxEntries: number;
  #seen: HashSet | null = new HashSet();
  #repeats = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  add(low: number, high: number): void {
    const seen = this.#seen;
    if (seen === null) return;
    if (!seen.add(low, high)) this.#repeats++;
    else if (seen.size > this.#maxEntries) this.#seen = null;
  }

  merge(counts: UniqueCounts): void {
    this.#repeats += counts.repeats;
    const { hashes } = counts;
    if (hashes === null) this.#seen = null;
    else for (let i = 0; i < hashes.length; i += 2) this.add(hashes[i], hashes[i + 1]);
  }

  get given(): { repeats: number; givenUp: boolean } {
    return { repeats: this.#repeats, givenUp: this.#seen === null };
  }

  snapshot(): UniqueCounts {
    return { repeats: this.#repeats, hashes: this.#seen?.entries() ?? null };
  }
}

function uniqueColumns(spec: StageSpec["unique"]): Map<string, UniqueColumn> {
  return new Map(spec.columns.map((name) => [name, new UniqueColumn(spec.maxEntries)]));
}

/** Counts the batches of one read, in the thread that encodes them. */
export class QualityCounter {
  readonly #unique: ReadonlyMap<string, UniqueColumn>;
  /** Null without unique columns. */
  readonly #hasher: RowHasher | null;
  readonly #nulls = new Map<string, number>();
  #rows = 0;

  constructor(spec: StageSpec["unique"], xxh3: Xxh3 | null) {
    this.#unique = uniqueColumns(spec);
    this.#hasher = xxh3 && new RowHasher(xxh3, KEY_BYTES);
  }

  add(batch: Batch): void {
    this.#rows += batch.rows;
    batch.columns.forEach(({ name }, c) => {
      this.#nulls.set(name, (this.#nulls.get(name) ?? 0) + batch.data[c].nullCount);
    });
    const hasher = this.#hasher;
    if (hasher === null) return;
    for (const [name, unique] of this.#unique) {
      if (!unique.given.givenUp) this.#addValues(batch, columnIndex(batch, name), unique, hasher);
    }
  }

  /** NULLs do not repeat each other, as in SQL's UNIQUE. */
  #addValues(batch: Batch, column: number, unique: UniqueColumn, hasher: RowHasher): void {
    const { validity } = batch.data[column];
    const hashes = hasher.hash(batch, [column]);
    for (let row = 0; row < batch.rows; row++) {
      if (validity !== null && (validity[row >> 3] & (1 << (row & 7))) === 0) continue;
      unique.add(hashes[row * 2], hashes[row * 2 + 1]);
    }
  }

  counts(): QualityCounts {
    return {
      rows: this.#rows,
      nulls: Object.fromEntries(this.#nulls),
      unique: Object.fromEntries([...this.#unique].map(([name, u]) => [name, u.snapshot()])),
    };
  }
}

/** The sum over a run's reads: a value that two chunks share is a repeat too. */
export class QualityTotals {
  readonly #unique: ReadonlyMap<string, UniqueColumn>;
  readonly #nulls = new Map<string, number>();
  rows = 0;

  constructor(spec: StageSpec["unique"]) {
    this.#unique = uniqueColumns(spec);
  }

  add(counts: QualityCounts): void {
    this.rows += counts.rows;
    for (const [name, nulls] of Object.entries(counts.nulls)) {
      this.#nulls.set(name, this.nulls(name) + nulls);
    }
    for (const [name, unique] of this.#unique) unique.merge(counts.unique[name]);
  }

  nulls(column: string): number {
    return this.#nulls.get(column) ?? 0;
  }

  /** `repeats` is a lower bound when the check was `givenUp`. */
  unique(column: string): { readonly repeats: number; readonly givenUp: boolean } {
    return this.#unique.get(column)?.given ?? { repeats: 0, givenUp: false };
  }
}
