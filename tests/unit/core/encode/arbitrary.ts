/** Random rows over random columns, and ways to cut them into batches. */
import fc from "fast-check";
import type { Batch } from "../../../../core/batch/batch.ts";
import { valueText } from "../../../../core/batch/values.ts";
import type { Column } from "../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import { TYPE_SAMPLES } from "../../../support/type_samples.ts";

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Value[])[];
}

/** One to five columns of any types, values from their samples or NULL. */
export const tables: fc.Arbitrary<Table> = fc
  .array(fc.constantFrom(...TYPE_SAMPLES), { minLength: 1, maxLength: 5 })
  .chain((samples) => {
    const columns = samples.map(({ type }, i) => column(`c${i}`, type));
    const row = fc.tuple(...samples.map(({ values }) => fc.constantFrom<Value>(null, ...values)));
    return fc.array(row, { maxLength: 60 }).map((rows) => ({ columns, rows }));
  });

/** Cuts the table's rows at some places, in order; a batch may be empty. */
export function cut({ columns, rows }: Table, places: readonly number[]): Batch[] {
  const ends = [...places.map((place) => place % (rows.length + 1)), rows.length]
    .sort((a, b) => a - b);
  let from = 0;
  return ends.map((to) => {
    const batch = batchOf(columns, rows.slice(from, to));
    from = to;
    return batch;
  });
}

export const places: fc.Arbitrary<number[]> = fc.array(fc.nat(), { maxLength: 5 });

/** Each row as text, for comparing multisets. */
export function rowTexts(batch: Batch): string[] {
  return Array.from(
    { length: batch.rows },
    (_, row) =>
      JSON.stringify(batch.columns.map(({ type }, c) => valueText(type, batch.data[c], row))),
  );
}
