import assert from "node:assert/strict";
import fc from "fast-check";
import { gatherRows } from "../../../../core/batch/gather.ts";
import { splitByPartition } from "../../../../core/encode/partition.ts";
import type { Partitioning } from "../../../../core/config/loaded.ts";
import type { RivetType } from "../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import { cut, places, rowTexts, tables } from "./arbitrary.ts";

const date: RivetType = { kind: "date" };
const micros: RivetType = { kind: "timestamp", unit: "us", utc: true };
const nanos: RivetType = { kind: "timestamp", unit: "ns", utc: false };

type Granularity = Partitioning["granularity"];

function segments(type: RivetType, values: Value[], granularity: Granularity, name = "at") {
  const batch = batchOf([column("v", type)], values.map((value) => [value]));
  return [...splitByPartition(batch, { column: "v", granularity, name })].map((
    [key, { rows }],
  ) => [key, rows]);
}

const monthly = (column: string): Partitioning => ({ column, granularity: "month", name: "p" });

Deno.test("partition: days, months and years of dates, NULLs apart", () => {
  const values = [20_484, null, 20_484, 20_483, 20_454];
  assert.deepEqual(segments(date, values, "day"), [
    ["at=2026-01-31", 2],
    ["at=__HIVE_DEFAULT_PARTITION__", 1],
    ["at=2026-01-30", 1],
    ["at=2026-01-01", 1],
  ]);
  assert.deepEqual(segments(date, values, "month"), [
    ["at=2026-01", 4],
    ["at=__HIVE_DEFAULT_PARTITION__", 1],
  ]);
  assert.deepEqual(segments(date, values, "year"), [
    ["at=2026", 4],
    ["at=__HIVE_DEFAULT_PARTITION__", 1],
  ]);
});

Deno.test("partition: a timestamp belongs to its UTC day, also before 1970", () => {
  const day = 86_400_000_000n;
  assert.deepEqual(segments(micros, [0n, day - 1n, day, -1n, -day, -day - 1n], "day"), [
    ["at=1970-01-01", 2],
    ["at=1970-01-02", 1],
    ["at=1969-12-31", 2],
    ["at=1969-12-30", 1],
  ]);
});

Deno.test("partition: years beyond four digits and before year 1", () => {
  assert.deepEqual(segments(date, [2_932_896, 2_932_897, -719_162, -719_163, -719_529], "day"), [
    ["at=9999-12-31", 1],
    ["at=+010000-01-01", 1],
    ["at=0001-01-01", 1],
    ["at=0000-12-31", 1],
    ["at=-000001-12-31", 1],
  ]);
});

Deno.test("partition: every tick of 64 bits falls into the day that exact arithmetic gives", () => {
  const perDay = { us: 86_400_000_000n, ns: 86_400_000_000_000n };
  const tick = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    // Around midnights, where an inexact division would show.
    fc.tuple(fc.integer({ min: -106_751, max: 106_751 }), fc.integer({ min: -1, max: 1 }))
      .map(([days, off]) => BigInt(days) * perDay.ns + BigInt(off)),
    fc.tuple(fc.integer({ min: -106_751_991, max: 106_751_991 }), fc.integer({ min: -1, max: 1 }))
      .map(([days, off]) => BigInt(days) * perDay.us + BigInt(off)),
  ).filter((t) => t >= -(2n ** 63n) && t < 2n ** 63n);
  fc.assert(
    fc.property(tick, fc.boolean(), (ticks, inNanos) => {
      const unit = inNanos ? perDay.ns : perDay.us;
      const days = ticks / unit - (ticks % unit < 0n ? 1n : 0n);
      const expected = segments(date, [Number(days)], "day");
      assert.deepEqual(segments(inNanos ? nanos : micros, [ticks], "day"), expected);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("partition: what Hive cannot have in a name is percent-escaped", () => {
  const odd = "a/b=c%d:e?{f}[g]\u0001'\"#*^\\ ü";
  assert.deepEqual(segments(date, [0], "year", odd), [
    ["a%2Fb%3Dc%25d%3Ae%3F%7Bf}%5Bg%5D%01%27%22%23%2A%5E%5C ü=1970", 1],
  ]);
});

Deno.test("partition: a batch of one partition is passed on untouched; none has none", () => {
  const batch = batchOf([column("at", date)], [[1], [2]]);
  assert.equal(splitByPartition(batch, monthly("at")).get("p=1970-01"), batch);
  assert.equal(splitByPartition(batchOf([column("at", date)], []), monthly("at")).size, 0);
});

Deno.test("gather: any rows of any columns, repeated and reordered", () => {
  fc.assert(fc.property(tables, fc.array(fc.nat(), { maxLength: 40 }), (table, picks) => {
    const [batch] = cut(table, []);
    fc.pre(batch.rows > 0);
    const rows = Int32Array.from(picks, (pick) => pick % batch.rows);
    const texts = rowTexts(batch);
    const gathered = gatherRows(batch, rows);
    assert.deepEqual(rowTexts(gathered), [...rows].map((row) => texts[row]));
    const again = batchOf(table.columns, [...rows].map((row) => table.rows[row]));
    assert.deepEqual(gathered.data.map((d) => d.nullCount), again.data.map((d) => d.nullCount));
    assert.equal(gathered.byteLength, again.byteLength);
  }));
});

Deno.test("partition: however rows are batched, each partition has the same rows in order", () => {
  const day = fc.option(fc.integer({ min: -40, max: 40 }));
  const withDays = tables.chain((table) =>
    fc.array(day, { minLength: table.rows.length, maxLength: table.rows.length }).map((days) => ({
      columns: [...table.columns, column("day", date)],
      rows: table.rows.map((row, i) => [...row, days[i]]),
    }))
  );
  fc.assert(fc.property(withDays, places, (table, at) => {
    const split = (cuts: number[]) => {
      const rows = new Map<string, string[]>();
      for (const batch of cut(table, cuts)) {
        for (const [key, part] of splitByPartition(batch, monthly("day"))) {
          rows.set(key, [...rows.get(key) ?? [], ...rowTexts(part)]);
        }
      }
      return rows;
    };
    const whole = split([]);
    assert.deepEqual(split(at), whole);
    const all = [...whole.values()].flat().sort();
    assert.deepEqual(all, cut(table, []).flatMap(rowTexts).sort());
  }));
});
