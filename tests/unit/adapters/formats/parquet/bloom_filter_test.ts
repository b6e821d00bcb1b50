/** Bloom filters: asked for by column, probed by a reader that knows them, ignored by the others. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createXXHash64 } from "hash-wasm";
import { BloomFilterBuilder } from "../../../../../adapters/formats/parquet/bloom_filter.ts";
import { leafOf } from "../../../../../adapters/formats/parquet/schema.ts";
import { hash, xxh64 } from "../../../../../adapters/formats/parquet/xxh64.ts";
import { viewOf } from "../../../../../core/base/copy_range.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, columnData, type Value } from "../../../../support/batches.ts";
import { withFile } from "../../../../support/format_files.ts";
import { hyparquetMetadata } from "../../../../support/read_hyparquet.ts";
import { PARQUET_READERS, queryDuckdb } from "../../../../support/readers.ts";

const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");

Deno.test("xxh64 is that of the library, at any length and place", async () => {
  const oracle = await createXXHash64();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, skip) => {
      const start = Math.min(skip, bytes.length);
      xxh64(viewOf(bytes), start, bytes.length - start);
      const expected = oracle.init().update(bytes.subarray(start)).digest("hex");
      assert.equal(hex(hash.high) + hex(hash.low), expected);
    }),
    { numRuns: 1000 },
  );
});

const INT64: RivetType = { kind: "int", bits: 64, signed: true };
const ROWS_PER_GROUP = 1000;

const TYPES: Readonly<Record<string, [RivetType, (i: number) => Value]>> = {
  small: [{ kind: "int", bits: 16, signed: true }, (i) => i],
  int: [{ kind: "int", bits: 32, signed: true }, (i) => i * 3],
  big: [INT64, (i) => BigInt(i) * 10_000_000_019n],
  text: [{ kind: "text" }, (i) => `item ${i} ${"and so on ".repeat(i % 9)}`],
  repeated: [{ kind: "text" }, (i) => `status ${Math.floor(i / 500)}`],
  nullable: [{ kind: "text" }, (i) => i % 3 === 0 ? null : `some ${i}`],
};

/** Row groups that DuckDB leaves out when it looks for `value`. */
async function excluded(path: string, name: string, value: string): Promise<boolean[]> {
  const rows = await queryDuckdb(
    `SELECT bloom_filter_excludes FROM parquet_bloom_probe('${path}', '${name}', ${value}) ORDER BY row_group_id`,
  );
  return rows.map((row) => row["bloom_filter_excludes"] === true);
}

const LITERALS: Readonly<Record<string, (value: Value) => string>> = {
  small: (value) => `${value}::SMALLINT`,
  int: (value) => `${value}::INTEGER`,
  big: (value) => `${value}::BIGINT`,
};
const literal = (name: string, value: Value) => LITERALS[name]?.(value) ?? `'${value}'`;

Deno.test("a reader finds every value and leaves out most row groups without it", async () => {
  const names = Object.keys(TYPES);
  const columns = names.map((name) => column(name, TYPES[name][0]));
  const rows = Array.from(
    { length: 4 * ROWS_PER_GROUP },
    (_, i) => names.map((n) => TYPES[n][1](i)),
  );
  const batches = [rows.slice(0, 1700), rows.slice(1700)].map((part) => batchOf(columns, part));
  const options = {
    rowGroup: { strategy: "fixed_rows", rows: ROWS_PER_GROUP } as const,
    bloomFilterColumns: names,
  };
  await withFile("parquet", columns, batches, options, async (path) => {
    for (const [reader, read] of Object.entries(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows, reader);
    }
    for (const [c, name] of names.entries()) {
      let left = 0;
      for (const row of [1, 499, 1700, 2000, 3998]) {
        const excludes = await excluded(path, name, literal(name, rows[row][c]));
        assert.equal(excludes.length, 4, name);
        assert.equal(excludes[Math.floor(row / ROWS_PER_GROUP)], false, `${name} of row ${row}`);
        left += excludes.filter(Boolean).length;
      }
      assert.ok(left >= 12, `${name}: ${left} of 15 row groups without the values were left out`);
    }
  });
});

Deno.test("only the columns that were asked for have one, lists by their elements", async () => {
  const list: RivetType = { kind: "list", element: { kind: "text" } };
  const columns = [column("id", INT64), column("tags", list), column("other", INT64)];
  const rows = Array.from({ length: 500 }, (_, i): Value[] => [BigInt(i), [`t${i}`, null], 1n]);
  const options = { bloomFilterColumns: ["id", "tags"] };
  await withFile("parquet", columns, [batchOf(columns, rows)], options, async (path) => {
    const chunks = hyparquetMetadata(path).row_groups[0].columns;
    const lengths = chunks.map(({ meta_data }) => meta_data?.bloom_filter_length ?? 0);
    // 500 values of 9.7 bits need 605 bytes: 1024 is the next power of two, and 15 bytes of header.
    assert.ok(lengths[0] > 1024 && lengths[0] < 1050 && lengths[1] === lengths[0]);
    assert.equal(lengths[2], 0);
    for (const [reader, read] of Object.entries(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows, reader);
    }
  });
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, (path) => {
    const chunks = hyparquetMetadata(path).row_groups[0].columns;
    assert.ok(chunks.every(({ meta_data }) => meta_data?.bloom_filter_offset === undefined));
    return Promise.resolve();
  });
});

Deno.test("a chunk without a value has none, nor one of too many", () => {
  const builder = new BloomFilterBuilder(leafOf(column("c", INT64)));
  assert.equal(builder.close(), null);
  const many = columnData(INT64, Array.from({ length: 100_000 }, (_, i) => BigInt(i)));
  builder.add(many, 0, many.length);
  assert.ok((builder.close()?.length ?? 0) > 128 * 1024);
  const words = new Int32Array(2 * 900_000).map((_, i) => i % 2 === 0 ? i : 0);
  const more = { ...many, length: 900_000, values: new Uint8Array(words.buffer) };
  builder.add(more, 0, more.length);
  assert.equal(builder.close(), null);
  builder.add(many, 0, 1);
  assert.ok((builder.close()?.length ?? 0) < 64, "the next chunk starts anew");
});
