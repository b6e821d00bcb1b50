/** What is larger than a page goes past the kernel, whose memory stays as large as it once was. */
import assert from "node:assert/strict";
import { kernel } from "../../../../../adapters/formats/parquet/kernel/memory.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { withFile } from "../../../../support/format_files.ts";
import { PARQUET_READERS, queryDuckdb } from "../../../../support/readers.ts";

const TEXT: RivetType = { kind: "text" };
const COLUMNS = [
  column("one", TEXT, true),
  column("many", { kind: "list", element: TEXT }, true),
];
const LARGE = 9_000_000;

for (const [name, read] of Object.entries(PARQUET_READERS)) {
  Deno.test(`values larger than pages among small ones, by ${name}`, async () => {
    const long = (letter: string) => letter.repeat(LARGE);
    const rows: Value[][] = [
      ["small", ["a", null]],
      [long("z"), ["b"]],
      [null, [long("c"), null, "", "k".repeat(1000)]],
      ["é".repeat(100), null],
      [long("a"), []],
    ];
    const before = kernel().run.memory.buffer.byteLength;
    await withFile("parquet", COLUMNS, [batchOf(COLUMNS, rows)], {}, async (path) => {
      assert.deepEqual((await read(path)).rows, rows);
      const [bounds] = await queryDuckdb(
        `SELECT stats_min_value[1] AS low, stats_max_value[1] AS high
         FROM parquet_metadata('${path}') WHERE path_in_schema = 'one'`,
      );
      assert.deepEqual(bounds, { low: "a", high: "é" });
    });
    assert.ok(kernel().run.memory.buffer.byteLength - before < LARGE);
  });
}

Deno.test("a list longer than many pages is one page, and its bounds are of all of it", async () => {
  const columns = [column("n", { kind: "list", element: { kind: "int", bits: 64, signed: true } })];
  const rows: Value[][] = [
    [[1n, 2n]],
    [Array.from({ length: 1_200_000 }, (_, i) => BigInt(i) - 5n)],
    [[3n]],
  ];
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
    assert.deepEqual((await PARQUET_READERS.duckdb(path)).rows, rows);
    const [bounds] = await queryDuckdb(
      `SELECT stats_min_value[1:9] AS low, stats_max_value[1:9] AS high FROM parquet_metadata('${path}')`,
    );
    assert.deepEqual(bounds, { low: "-5", high: "1199994" });
  });
});
