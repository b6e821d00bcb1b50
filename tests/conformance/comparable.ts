/** What holds of every type that may be a cursor or a key, whatever the engine. */
import assert from "node:assert/strict";
import { valueText } from "../../core/batch/values.ts";
import type { Source } from "../../core/ports/source.ts";
import { literalOf, textOf } from "../../core/query/select.ts";
import { parseOverride } from "../../core/types/overrides.ts";
import type { Pipeline } from "../support/pipeline.ts";
import { readAll } from "./source.ts";

/** Values in SQL, each greater than the one before; `as` is an override of `columns:`. */
export interface Comparable {
  readonly type: string;
  readonly values: readonly string[];
  readonly as?: string;
}

/** Each is the column `k` of a table `t_<name>`. */
export type Comparables = readonly (readonly [name: string, Comparable])[];

export function overrides(as: string | undefined): Record<string, unknown> {
  return as === undefined ? {} : { columns: { k: as } };
}

/**
 * A row is found by its own value's literal, and the rows behind it, whoever wrote the value down: this
 * program, or the server.
 * @param counting the number of rows, as text, for which a condition holds
 */
export async function leadBack(
  source: Source,
  types: Comparables,
  counting: (condition: string) => string,
): Promise<void> {
  const { dialect } = source;
  for (const [name, { as, values }] of types) {
    const parsed = as === undefined ? null : parseOverride(as);
    const type = parsed !== null && "type" in parsed ? parsed.type : undefined;
    const query = `SELECT k FROM t_${name}`;
    const batches = await readAll(source, query, {
      orderBy: "k",
      overrides: new Map(type === undefined ? [] : [["k", type]]),
    });
    const [column] = batches[0].columns;
    const read = batches.flatMap((batch) =>
      Array.from(
        { length: batch.rows },
        (_, row) => valueText(column.type, batch.data[0], row) ?? "",
      )
    );
    const text = textOf(dialect, "_rivet.k", column);
    const written = await source.rows(`SELECT ${text} FROM t_${name} AS _rivet ORDER BY _rivet.k`);
    const texts = [...read, ...written.map(([own]) => own ?? "")];
    const counts = texts.map((own) => {
      const literal = literalOf(dialect, own, column);
      return `SELECT ${counting(`_rivet.k > ${literal}`)}, ${counting(`_rivet.k = ${literal}`)} ` +
        `FROM (${query}) AS _rivet`;
    });
    const found = await source.rows(counts.join(" UNION ALL "));
    const expected = values.map((_, i) => [String(values.length - 1 - i), "1"]);
    assert.deepEqual(found, [...expected, ...expected], `${name}: ${texts.join(" | ")}`);
  }
}

/** The exports of `eachComesOnce`. */
export function incrementalExports(types: Comparables): Record<string, unknown>[] {
  return types.map(([name, { as }]) => ({
    name,
    table: `t_${name}`,
    mode: "incremental",
    cursor_column: "k",
    ...overrides(as),
  }));
}

/** The tables hold all but the last value: none of those comes again, and the last one is not skipped. */
export async function eachComesOnce(
  pipeline: Pipeline,
  types: Comparables,
  insertLast: (name: string, comparable: Comparable) => Promise<unknown>,
): Promise<void> {
  const counts = new Map(types.map(([name, { values }]) => [name, values.length]));
  const runRows = async (expected: (count: number) => number) => {
    for (const { exportName, status, rows, error } of (await pipeline.run()).exports) {
      assert.equal(status, "success", `${exportName}: ${error?.message}`);
      assert.equal(rows, expected(counts.get(exportName) ?? NaN), exportName);
    }
  };
  await runRows((count) => count - 1);
  for (const [name, comparable] of types) await insertLast(name, comparable);
  await runRows(() => 1);
}
