import assert from "node:assert/strict";
import fc from "fast-check";
import { dialect } from "../../../../adapters/sources/postgres/dialect.ts";
import { blockBoundaries, blockStatements } from "../../../../core/query/blocks.ts";
import { CUTS } from "../../../../core/query/cuts/mod.ts";
import { openRanges } from "../../../../core/query/cuts/open_ranges.ts";

const shape = { kind: "ctid", base: "SELECT * FROM heap", column: "ctid" } as const;

Deno.test("blocks: boundaries ascend, and their ranges are PA5's whatever the table's size", () => {
  fc.assert(fc.property(fc.nat(2 ** 32), fc.integer({ min: 1, max: 300 }), (blocks, pieces) => {
    const inner = blockBoundaries(blocks, pieces);
    assert.ok(inner.length < Math.max(1, Math.min(pieces, blocks)));
    const ranges = openRanges(inner);
    ranges.forEach((range, i) => {
      assert.ok(CUTS.ctid.accepts(range));
      assert.equal(CUTS.ctid.problem(range, ranges[i - 1]), null);
    });
    assert.equal(ranges.at(-1)?.end, null);
  }));
});

/** Whether a statement reads a block, by its WHERE. */
function reads(sql: string, block: number): boolean {
  const from = Number(/ctid >= '\((\d+),0\)'/.exec(sql)?.[1] ?? 0);
  const until = Number(/ctid < '\((\d+),0\)'/.exec(sql)?.[1] ?? Infinity);
  return from <= block && block < until;
}

Deno.test("blocks: the statements of all stretches read each block once, also beyond the end", () => {
  const sizes = fc.tuple(
    fc.nat(200),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 40 }),
  );
  fc.assert(fc.property(sizes, fc.nat(400), ([blocks, count, step], block) => {
    const bounds = blockBoundaries(blocks, count);
    const sql = [null, ...bounds].flatMap((from, i) =>
      blockStatements(dialect, shape.base, ["_rivet.*"], { from, until: bounds[i] ?? null }, {
        // The table has grown or shrunk since its bounds were found.
        blocks: block,
        step,
      })
    );
    assert.equal(sql.filter((text) => reads(text, block)).length, 1, sql.join("\n"));
  }));
});

Deno.test("blocks: bounds that are no numbers never reach SQL", () => {
  assert.ok(!CUTS.ctid.accepts({ start: "1,0)' OR true --", end: null }));
  assert.match(CUTS.ctid.problem({ start: null, end: "x" }, undefined) ?? "no", /^no$/);
  assert.match(
    CUTS.ctid.problem({ start: "x", end: "9" }, { start: null, end: "x" }) ?? "",
    /no integers/,
  );
});

Deno.test("partitions: a partition's name is quoted wherever it comes from", () => {
  const parts = {
    ...shape,
    kind: "partitions",
    base: 'SELECT * FROM "a"."t"',
    table: "a.t",
  } as const;
  const rows = (start: string) => CUTS.partitions.rows(dialect, parts, { start, end: "1" });
  assert.equal(rows("public.p1"), 'SELECT * FROM "public"."p1"');
  assert.equal(rows('public."odd.na""me"'), 'SELECT * FROM "public"."odd.na""me"');
  assert.equal(rows('x" WHERE true --'), 'SELECT * FROM "x"" WHERE true --"');
});
