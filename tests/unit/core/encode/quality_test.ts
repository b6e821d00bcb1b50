import assert from "node:assert/strict";
import fc from "fast-check";
import {
  QualityCounter,
  type QualityCounts,
  QualityTotals,
} from "../../../../core/encode/quality.ts";
import { createXxh3 } from "../../../../core/encode/xxh3.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import { cut, places, type Table, tables } from "./arbitrary.ts";

const xxh3 = createXxh3();
const text = column("t", { kind: "text" });

function counted(table: Table, at: readonly number[], unique: readonly string[], max: number) {
  const counter = new QualityCounter({ columns: unique, maxEntries: max }, xxh3);
  for (const batch of cut(table, at)) counter.add(batch);
  return counter.counts();
}

/** One counter per piece, as parallel chunks have, summed. */
function totalled(table: Table, at: readonly number[], unique: readonly string[], max: number) {
  const totals = new QualityTotals({ columns: unique, maxEntries: max });
  for (const batch of cut(table, at)) {
    const counter = new QualityCounter({ columns: unique, maxEntries: max }, xxh3);
    counter.add(batch);
    totals.add(structuredClone(counter.counts()));
  }
  return totals;
}

function texts(...values: (string | null)[]): Table {
  return { columns: [text], rows: values.map((value): Value[] => [value]) };
}

function sorted(counts: QualityCounts) {
  const unique = Object.entries(counts.unique).map(([name, { repeats, hashes }]) => [
    name,
    repeats,
    hashes === null ? null : [...new BigInt64Array(hashes.buffer)].sort(),
  ]);
  return { ...counts, unique };
}

Deno.test("quality: counts rows, NULLs and repeats", () => {
  const counts = counted(texts("a", null, "b", "a", null, "a"), [], ["t"], 10);
  assert.equal(counts.rows, 6);
  assert.deepEqual(counts.nulls, { t: 2 });
  assert.equal(counts.unique.t.repeats, 2);
  assert.equal(counts.unique.t.hashes?.length, 4);
});

Deno.test("quality: NULLs and empty texts do not repeat each other", () => {
  const totals = totalled(texts(null, "", null), [1], ["t"], 10);
  assert.deepEqual(totals.unique("t"), { repeats: 0, givenUp: false });
  assert.equal(totals.nulls("t"), 2);
});

Deno.test("quality: a value that two chunks share is a repeat", () => {
  const totals = totalled(texts("a", "b", "c", "b"), [2], ["t"], 10);
  assert.deepEqual(totals.unique("t"), { repeats: 1, givenUp: false });
});

Deno.test("quality: beyond the limit of entries the check is given up", () => {
  const values = texts("a", "b", "c", "d");
  for (const at of [[], [2], [1, 2, 3]]) {
    assert.deepEqual(totalled(values, at, ["t"], 4).unique("t"), { repeats: 0, givenUp: false });
    assert.deepEqual(totalled(values, at, ["t"], 3).unique("t"), { repeats: 0, givenUp: true });
  }
  assert.equal(counted(values, [], ["t"], 3).unique.t.hashes, null);
});

Deno.test("quality: repeats found before it was given up are kept", () => {
  const totals = totalled(texts("a", "a", "b", "c"), [2], ["t"], 2);
  assert.deepEqual(totals.unique("t"), { repeats: 1, givenUp: true });
});

Deno.test("quality: a column that was given up in one chunk stays given up", () => {
  const totals = new QualityTotals({ columns: ["t"], maxEntries: 2 });
  totals.add({ rows: 3, nulls: { t: 0 }, unique: { t: { repeats: 0, hashes: null } } });
  totals.add(counted(texts("a", "a"), [], ["t"], 2));
  assert.deepEqual(totals.unique("t"), { repeats: 1, givenUp: true });
});

Deno.test("quality: short and long values of every type are told apart", () => {
  fc.assert(fc.property(tables, ({ columns, rows }) => {
    const distinct = new Set(rows.map((row) => form(row[0])).filter((key) => key !== null));
    const present = rows.filter((row) => row[0] !== null).length;
    const counts = counted({ columns, rows }, [], ["c0"], 1000);
    assert.equal(counts.unique.c0.repeats, present - distinct.size);
  }));
});

/** A value as text, equal when the values are. */
function form(value: Value): string | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return `b${value.toHex()}`;
  if (Array.isArray(value)) return `[${value.map((element) => form(element) ?? "NULL").join()}]`;
  return Object.is(value, -0) ? "-0" : `${typeof value}${value}`;
}

Deno.test("quality: does not depend on batches, chunks or their order", () => {
  fc.assert(fc.property(tables, places, places, fc.boolean(), (table, at, chunks, backwards) => {
    const unique = table.columns.map(({ name }) => name);
    assert.deepEqual(
      sorted(counted(table, at, unique, 1000)),
      sorted(counted(table, [], unique, 1000)),
    );
    const pieces = cut(table, chunks).map((batch) => {
      const counter = new QualityCounter({ columns: unique, maxEntries: 1000 }, xxh3);
      counter.add(batch);
      return counter.counts();
    });
    const totals = new QualityTotals({ columns: unique, maxEntries: 1000 });
    for (const piece of backwards ? pieces.reverse() : pieces) totals.add(piece);
    const whole = counted(table, [], unique, 1000);
    assert.equal(totals.rows, whole.rows);
    for (const name of unique) {
      assert.equal(totals.nulls(name), whole.nulls[name] ?? 0);
      assert.equal(totals.unique(name).repeats, whole.unique[name].repeats);
    }
  }));
});

Deno.test("quality: an empty batch counts nothing", () => {
  const counter = new QualityCounter({ columns: ["t"], maxEntries: 1 }, xxh3);
  counter.add(batchOf([text], []));
  assert.equal(counter.counts().rows, 0);
  assert.equal(counter.counts().unique.t.hashes?.length, 0);
});
