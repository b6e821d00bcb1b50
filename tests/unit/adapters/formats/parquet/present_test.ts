/** Values between NULLs are handed on in one piece, whatever their width. */
import assert from "node:assert/strict";
import { leafOf } from "../../../../../adapters/formats/parquet/schema.ts";
import { Levels, shredRows } from "../../../../../adapters/formats/parquet/shred.ts";
import type { ColumnData } from "../../../../../core/batch/batch.ts";
import { valueText } from "../../../../../core/batch/values.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";

const SAMPLES: [RivetType, (row: number) => Value][] = [
  [{ kind: "bool" }, (row) => row % 3 === 0],
  [{ kind: "int", bits: 16, signed: true }, (row) => row - 50],
  [{ kind: "int", bits: 32, signed: true }, (row) => row * 70_000],
  [{ kind: "int", bits: 64, signed: true }, (row) => BigInt(row) * -(2n ** 40n)],
  [{ kind: "decimal", precision: 38, scale: 0 }, (row) => BigInt(row) * 10n ** 30n],
  [{ kind: "decimal", precision: 60, scale: 0 }, (row) => BigInt(row) * -(10n ** 50n)],
  [{ kind: "uuid" }, (row) => new Uint8Array(16).fill(row)],
  [{ kind: "text" }, (row) => "x".repeat(row % 7)],
];

for (const [type, valueOf] of SAMPLES) {
  Deno.test(`NULLs do not cut a column: ${type.kind} ${JSON.stringify(type)}`, () => {
    const values = Array.from({ length: 100 }, (_, row) => row % 4 === 1 ? null : valueOf(row));
    const columns = [column("c", type, true)];
    const data = batchOf(columns, values.map((value) => [value])).data[0];
    const levels = new Levels();
    const found: (string | null)[] = [];
    let calls = 0;
    const sink = (run: ColumnData, start: number, end: number) => {
      calls++;
      for (let i = start; i < end; i++) found.push(valueText(type, run, i));
    };
    shredRows(leafOf(columns[0]), data, 3, 99, levels, sink);
    const rows = Array.from({ length: 96 }, (_, i) => i + 3);
    const present = rows.filter((row) => values[row] !== null);
    assert.equal(calls, 1);
    assert.deepEqual(found, present.map((row) => valueText(type, data, row)));
    assert.equal(levels.nullCount, rows.length - present.length);
    assert.deepEqual(
      [...levels.definition],
      rows.map((row) => values[row] === null ? 0 : 1),
    );
  });
}

Deno.test("a NULL that has bytes is refused: they would become another value's", () => {
  const columns = [column("c", { kind: "text" }, true)];
  const data = batchOf(columns, [["one"], ["two"], ["three"]]).data[0];
  const broken = { ...data, nullCount: 1, validity: Uint8Array.of(0b101) };
  assert.throws(
    () => shredRows(leafOf(columns[0]), broken, 0, 3, new Levels(), () => {}),
    /a NULL came with bytes/,
  );
});

Deno.test("levels are those of all values, whether or not the first ones were all there", () => {
  const columns = [column("c", { kind: "int", bits: 32, signed: true })];
  const parts = [[1, 2, 3], [4, null, null], [5], [null]];
  for (let first = 0; first < parts.length; first++) {
    const levels = new Levels();
    // What an earlier page had is not of this one.
    levels.add(Uint8Array.of(0, 0, 0, 0), 4);
    levels.clear();
    const values = parts.slice(first);
    for (const part of values) {
      const data = batchOf(columns, part.map((value) => [value])).data[0];
      shredRows(leafOf(columns[0]), data, 0, part.length, levels, () => {});
    }
    const expected = values.flat().map((value) => value === null ? 0 : 1);
    assert.deepEqual([...levels.definition], expected);
    assert.equal(levels.count, expected.length);
    assert.equal(levels.nullCount, expected.filter((level) => level === 0).length);
  }
});
