/**
 * Ties on the cursor's last value under `incremental_safety`: the next run reads that value again, and
 * the rows of it that were exported are dropped. A row is known by its primary key, or by all its values
 * where there is none; equal rows are counted, so that only as many are dropped as were exported.
 */
import { createHash } from "node:crypto";
import { type Batch, isValid } from "../batch/batch.ts";
import { valueText } from "../batch/values.ts";
import { gatherRows } from "../batch/gather.ts";

/** Rows of one value that are remembered; with more, the next run writes all of them again. */
export const MAX_TIES = 10_000;

/** Structured-clone safe. */
export interface TieSpec {
  /** The columns that tell rows apart. */
  readonly identity: readonly string[];
  /** The cursor that the run starts at; null on the first run. */
  readonly after: string | null;
  /** Of the rows at `after` that were exported, one each; null: not remembered, nothing is dropped. */
  readonly exported: readonly string[] | null;
}

/** 128 bits of SHA-256 over the values' exact texts: short enough to keep, and not by chance equal. */
function identityOf(batch: Batch, columns: readonly number[], row: number): string {
  const values = columns.map((c) => valueText(batch.columns[c].type, batch.data[c], row));
  return createHash("sha256").update(JSON.stringify(values)).digest("base64url").slice(0, 22);
}

/** As `CursorState.ties` keeps them; anything else is not remembered, which costs duplicates only. */
export function parseTies(stored: string | undefined): readonly string[] | null {
  if (stored === undefined) return null;
  try {
    const ties: unknown = JSON.parse(stored);
    return Array.isArray(ties) && ties.every((id) => typeof id === "string") ? ties : null;
  } catch {
    return null;
  }
}

/** Where a batch has what the filter looks at; all batches of a read have the same columns. */
interface Places {
  readonly cursor: number;
  readonly identity: readonly number[];
}

export class TieFilter {
  readonly #spec: TieSpec;
  readonly #cursor: string;
  readonly #exported = new Map<string, number>();
  #reached = false;
  #lastValue: string | null = null;
  /** Of the rows at `#lastValue`; null when there are too many. */
  #last: string[] | null = [];
  /** Rows that were read and are not written again. */
  dropped = 0;

  /** @param cursor the column that the rows are ordered by. */
  constructor(spec: TieSpec, cursor: string) {
    this.#spec = spec;
    this.#cursor = cursor;
    for (const id of spec.exported ?? []) {
      this.#exported.set(id, (this.#exported.get(id) ?? 0) + 1);
    }
  }

  /** Of all rows at the last value, the dropped ones too; null when they are too many to remember. */
  get last(): readonly string[] | null {
    return this.#last;
  }

  /** The batch without the rows that were exported. Batches come in the order of the cursor. */
  apply(batch: Batch): Batch {
    const index = (name: string) => batch.columns.findIndex((column) => column.name === name);
    const places = { cursor: index(this.#cursor), identity: this.#spec.identity.map(index) };
    this.#remember(batch, places);
    if (this.#exported.size === 0) return batch;
    const kept: number[] = [];
    for (let row = 0; row < batch.rows; row++) {
      if (!this.#wasExported(batch, places, row)) kept.push(row);
    }
    const gone = batch.rows - kept.length;
    this.dropped += gone;
    return gone === 0 ? batch : gatherRows(batch, Int32Array.from(kept));
  }

  /** Each exported row is found once. */
  #wasExported(batch: Batch, places: Places, row: number): boolean {
    if (this.#exported.size === 0) return false;
    if (valueAt(batch, places.cursor, row) !== this.#spec.after) {
      // Behind the last value there is nothing left to find.
      if (this.#reached) this.#exported.clear();
      return false;
    }
    this.#reached = true;
    const id = identityOf(batch, places.identity, row);
    const count = this.#exported.get(id) ?? 0;
    if (count > 1) this.#exported.set(id, count - 1);
    else this.#exported.delete(id);
    return count > 0;
  }

  #remember(batch: Batch, { cursor, identity }: Places): void {
    let row = batch.rows - 1;
    // Rows without a cursor come last, and only on the first run.
    while (row >= 0 && !isValid(batch.data[cursor], row)) row--;
    if (row < 0) return;
    const value = valueAt(batch, cursor, row);
    if (value !== this.#lastValue) {
      this.#lastValue = value;
      this.#last = [];
    }
    for (; row >= 0 && this.#last !== null && valueAt(batch, cursor, row) === value; row--) {
      if (this.#last.length === MAX_TIES) this.#last = null;
      else this.#last.push(identityOf(batch, identity, row));
    }
  }
}

function valueAt(batch: Batch, column: number, row: number): string | null {
  return valueText(batch.columns[column].type, batch.data[column], row);
}
