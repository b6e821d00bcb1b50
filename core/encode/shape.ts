/** Shape: how wide a column's values are, compared between runs (`shape_drift_warn_factor`). */
import type { Batch, ColumnData } from "../batch/batch.ts";
import { LAYOUT_WIDTH, layoutOf, type RivetType } from "../types/types.ts";

/** Sums per column; structured-clone safe. NULLs count for nothing. */
export type WidthSums = Readonly<Record<string, WidthSum>>;

export interface WidthSum {
  readonly bytes: number;
  readonly values: number;
}

/** Bytes of a column's values without offsets and validity. */
function valueBytes(type: RivetType, data: ColumnData): number {
  const layout = layoutOf(type);
  switch (layout) {
    case "bit":
      return data.length - data.nullCount;
    case "bytes": {
      const offsets = data.offsets as Int32Array;
      return offsets[data.length] - offsets[0];
    }
    case "list":
      return valueBytes(
        (type as Extract<RivetType, { kind: "list" }>).element,
        data.child as ColumnData,
      );
    default:
      return (data.length - data.nullCount) * LAYOUT_WIDTH[layout];
  }
}

export class WidthCounter {
  readonly #sums = new Map<string, WidthSum>();

  add(batch: Batch): void {
    batch.columns.forEach(({ name, type }, c) => {
      const data = batch.data[c];
      this.#add(name, {
        bytes: valueBytes(type, data),
        values: data.length - data.nullCount,
      });
    });
  }

  merge(sums: WidthSums): void {
    for (const [name, sum] of Object.entries(sums)) this.#add(name, sum);
  }

  get sums(): WidthSums {
    return Object.fromEntries(this.#sums);
  }

  /** Mean bytes per value; a column without a value has no mean and is left out. */
  means(): Record<string, number> {
    return Object.fromEntries(
      [...this.#sums].flatMap(([name, { bytes, values }]) =>
        values > 0 ? [[name, bytes / values]] : []
      ),
    );
  }

  #add(name: string, { bytes, values }: WidthSum): void {
    const sum = this.#sums.get(name) ?? { bytes: 0, values: 0 };
    this.#sums.set(name, { bytes: sum.bytes + bytes, values: sum.values + values });
  }
}

function drifted(before: number, now: number, factor: number): boolean {
  return now > before * factor || before > now * factor;
}

/** One line per column, of those in both, whose mean width changed by more than `factor`. */
export function shapeDrift(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
  factor: number,
): string[] {
  return Object.keys(now)
    .filter((name) => Object.hasOwn(before, name) && drifted(before[name], now[name], factor))
    .map((name) =>
      `${name}: ${before[name].toFixed(1)} -> ${now[name].toFixed(1)} bytes per value`
    );
}
