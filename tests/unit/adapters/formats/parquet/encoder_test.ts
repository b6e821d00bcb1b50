import assert from "node:assert/strict";
import { kernel } from "../../../../../adapters/formats/parquet/kernel/memory.ts";
import { parquet } from "../../../../../adapters/formats/parquet/mod.ts";
import type { RowGroupOptions } from "../../../../../core/config/loaded.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import {
  checkedRows,
  concat,
  DEFAULT_OPTIONS,
  withFile,
} from "../../../../support/format_files.ts";
import { hyparquetMetadata } from "../../../../support/read_hyparquet.ts";
import { arrowSchemaOf, queryDuckdb, readDuckdb } from "../../../../support/readers.ts";

const COLUMNS = [
  column("id", { kind: "int", bits: 64, signed: true }, false),
  column("note", { kind: "text" }),
];

function rowsOf(from: number, count: number): Value[][] {
  return Array.from({ length: count }, (_, i) => [
    BigInt(from + i),
    i % 3 === 0 ? null : `note ${from + i}`,
  ]);
}

function rowGroup(options: RowGroupOptions): { rowGroup: RowGroupOptions } {
  return { rowGroup: options };
}

async function rowGroupSizes(
  batches: readonly number[],
  options: { rowGroup: RowGroupOptions },
): Promise<number[]> {
  let from = 0;
  const made = batches.map((count) => {
    from += count;
    return batchOf(COLUMNS, rowsOf(from - count, count));
  });
  return await withFile("parquet", COLUMNS, made, options, async (path) => {
    const ids = (await readDuckdb(path)).rows.map(([id]) => id);
    assert.deepEqual(ids, Array.from({ length: from }, (_, i) => BigInt(i)));
    return hyparquetMetadata(path).row_groups.map((group) => Number(group.num_rows));
  });
}

Deno.test("fixed_rows cuts and merges batches into groups of that many rows", async () => {
  const options = rowGroup({ strategy: "fixed_rows", rows: 100 });
  assert.deepEqual(await rowGroupSizes([250], options), [100, 100, 50]);
  assert.deepEqual(await rowGroupSizes([33, 33, 33, 33], options), [100, 32]);
  assert.deepEqual(await rowGroupSizes([1, 99, 100], options), [100, 100]);
});

Deno.test("fixed_memory keeps groups within their bytes, a larger row on its own", async () => {
  // A row is 8 bytes of id and at most 13 of note.
  const options = rowGroup({ strategy: "fixed_memory", bytes: 1000 });
  const sizes = await rowGroupSizes([500], options);
  assert.ok(sizes.length > 8 && sizes.length < 15, `${sizes}`);
  assert.ok(sizes.every((rows) => rows <= 75), `${sizes}`);
  const tight = rowGroup({ strategy: "fixed_memory", bytes: 5 });
  assert.deepEqual(await rowGroupSizes([3, 2], tight), [1, 1, 1, 1, 1]);
});

Deno.test("auto cuts at 131,072 rows", async () => {
  const columns = [COLUMNS[0]];
  const rows = Array.from({ length: 140_000 }, (_, i) => [BigInt(i)]);
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, (path) => {
    const groups = hyparquetMetadata(path).row_groups.map((group) => Number(group.num_rows));
    assert.deepEqual(groups, [131_072, 140_000 - 131_072]);
    return Promise.resolve();
  });
});

Deno.test("auto cuts wide rows by bytes", async () => {
  const columns = [column("body", { kind: "binary" }, false)];
  const body = new Uint8Array(1 << 20);
  const batch = batchOf(columns, Array.from({ length: 70 }, () => [body]));
  await withFile("parquet", columns, [batch], {}, (path) => {
    const groups = hyparquetMetadata(path).row_groups.map((group) => Number(group.num_rows));
    assert.deepEqual(groups, [63, 7]);
    return Promise.resolve();
  });
});

Deno.test("flush ends the row group, and what is counted is what is handed out", async () => {
  const encoder = await parquet.open(COLUMNS, DEFAULT_OPTIONS);
  const parts: Uint8Array[] = [];
  const size = () => concat(parts).length;
  parts.push(...encoder.write(batchOf(COLUMNS, rowsOf(0, 10))));
  assert.equal(encoder.heldRows, 10);
  parts.push(...encoder.flush());
  assert.equal(encoder.heldRows, 0);
  assert.equal(encoder.bytesWritten, size());
  parts.push(...encoder.write(batchOf(COLUMNS, rowsOf(10, 5))), ...encoder.finish());
  assert.equal(encoder.bytesWritten, size());
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  await Deno.writeFile(path, concat(parts));
  assert.deepEqual(hyparquetMetadata(path).row_groups.map((g) => Number(g.num_rows)), [10, 5]);
  assert.equal(await checkedRows(parquet, path), 15);
  await Deno.remove(path);
});

Deno.test("the estimate is near the size of the file", async () => {
  const encoder = await parquet.open(COLUMNS, DEFAULT_OPTIONS);
  for (let from = 0; from < 150_000; from += 5_000) {
    encoder.write(batchOf(COLUMNS, rowsOf(from, 5_000)));
  }
  const estimate = encoder.estimatedBytes;
  encoder.finish();
  const ratio = estimate / encoder.bytesWritten;
  assert.ok(ratio > 0.8 && ratio < 1.25, `${estimate} of ${encoder.bytesWritten}`);
});

Deno.test("a NULL in a required column is refused by name", async () => {
  const encoder = await parquet.open(COLUMNS, DEFAULT_OPTIONS);
  assert.throws(() => encoder.write(batchOf(COLUMNS, [[null, "x"]])), /"id" is NOT NULL/);
});

Deno.test("a list of lists is refused by name", async () => {
  const nested = column("matrix", {
    kind: "list",
    element: { kind: "list", element: { kind: "bool" } },
  });
  await assert.rejects(parquet.open([nested], DEFAULT_OPTIONS), /"matrix" is a list of lists/);
});

Deno.test("a check counts rows, and refuses a file without a footer", async () => {
  await withFile("parquet", COLUMNS, [batchOf(COLUMNS, rowsOf(0, 321))], {}, async (path) => {
    assert.equal(await checkedRows(parquet, path), 321);
    const { size } = await Deno.stat(path);
    for (const length of [size - 1, size >> 1, 4, 0]) {
      await Deno.truncate(path, length);
      await assert.rejects(checkedRows(parquet, path), /not a complete Parquet file/);
    }
  });
});

Deno.test("metadata: the caller's keys, created_by, the Arrow schema with its fields'", async () => {
  const columns = [
    { ...column("id", { kind: "uuid" }, false), nativeType: "uuid" },
    {
      ...column("doc", { kind: "json" }),
      nativeType: "jsonb",
      fidelity: "logical_string" as const,
    },
    {
      ...column("price", { kind: "decimal", precision: 50, scale: 2 }),
      nativeType: "numeric(50,2)",
    },
  ];
  const options = { metadata: { "rivet.export": "orders", "rivet.note": "žluť" } };
  await withFile("parquet", columns, [], options, async (path) => {
    const pairs = await queryDuckdb(
      `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${path}')`,
    );
    assert.deepEqual(pairs.map(({ key }) => key), ["rivet.export", "rivet.note", "ARROW:schema"]);
    assert.deepEqual(pairs.slice(0, 2).map(({ value }) => value), ["orders", "žluť"]);
    assert.match(hyparquetMetadata(path).created_by ?? "", /^rivet version \d+\.\d+\.\d+/);
    const fields = arrowSchemaOf(path).fields;
    const metadata = fields.map((field) => Object.fromEntries(field.metadata));
    assert.equal(metadata[0]["ARROW:extension:name"], "arrow.uuid");
    assert.equal(metadata[1]["ARROW:extension:name"], "arrow.json");
    assert.deepEqual(fields.map(({ nullable }) => nullable), [false, true, true]);
    assert.equal(metadata[1]["rivet.native_type"], "jsonb");
    assert.equal(metadata[1]["rivet.fidelity"], "logical_string");
    assert.equal(metadata[2]["rivet.logical_type"], "decimal(50,2)");
  });
});

Deno.test("what files of many columns lay in is there for the next ones", async () => {
  const columns = Array.from({ length: 60 }, (_, c) => column(`c${c}`, { kind: "text" }));
  const row = (i: number) =>
    columns.map((_, c) => `value ${(i * (c + 7)) % (c % 2 === 0 ? 40 : 9973)}`);
  const batch = batchOf(columns, Array.from({ length: 3000 }, (_, i) => row(i)));
  const write = async () => {
    const encoder = await parquet.open(columns, DEFAULT_OPTIONS);
    encoder.write(batch);
    encoder.finish();
  };
  await write();
  const { byteLength } = kernel().run.memory.buffer;
  for (let i = 0; i < 5; i++) await write();
  assert.equal(kernel().run.memory.buffer.byteLength, byteLength);
});
