/**
 * How fast the format encoders are: 2,000,000 rows of the eight-column `orders` table, in batches.
 * Run: deno run --allow-read bench/encode.ts [rows]
 */
import { loadFormat } from "../adapters/formats/mod.ts";
import { type Batch, type ColumnData, makeBatch } from "../core/batch/batch.ts";
import type { EncoderOptions } from "../core/ports/format.ts";
import type { Column, RivetType } from "../core/types/types.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const BATCH_ROWS = 50_000;
const START_US = 1_704_067_200_000_000;
const STATUSES = ["paid", "shipped", "delivered", "cancelled", "new"];

function column(name: string, type: RivetType, nullable = false): Column {
  return { name, type, nullable, nativeType: type.kind, fidelity: "exact" };
}

const COLUMNS: readonly Column[] = [
  column("id", { kind: "int", bits: 64, signed: true }),
  column("user_id", { kind: "int", bits: 64, signed: true }),
  column("product", { kind: "text" }),
  column("price", { kind: "decimal", precision: 10, scale: 2 }),
  column("quantity", { kind: "int", bits: 32, signed: true }),
  column("status", { kind: "text" }),
  column("created_at", { kind: "timestamp", unit: "us", utc: true }),
  column("updated_at", { kind: "timestamp", unit: "us", utc: true }, true),
];

function fixed(values: BigInt64Array | Int32Array, length: number): ColumnData {
  return {
    length,
    nullCount: 0,
    validity: null,
    values: new Uint8Array(values.buffer),
    offsets: null,
    child: null,
  };
}

function text(values: readonly string[]): ColumnData {
  const parts = values.map((value) => new TextEncoder().encode(value));
  const offsets = new Int32Array(values.length + 1);
  parts.forEach((part, i) => offsets[i + 1] = offsets[i] + part.length);
  const bytes = new Uint8Array(offsets[values.length]);
  parts.forEach((part, i) => bytes.set(part, offsets[i]));
  return {
    length: values.length,
    nullCount: 0,
    validity: null,
    values: bytes,
    offsets,
    child: null,
  };
}

function bigints(rows: readonly number[], value: (row: number) => number): ColumnData {
  return fixed(BigInt64Array.from(rows, (row) => BigInt(value(row))), rows.length);
}

function ordersBatch(from: number, rows: number): Batch {
  const ids = Array.from({ length: rows }, (_, i) => from + i + 1);
  const prices = new BigInt64Array(rows * 2);
  ids.forEach((id, i) => prices[i * 2] = BigInt((id * 31) % 100_000));
  const updated = bigints(ids, (id) => id % 4 === 0 ? 0 : START_US + id * 7_000_123);
  const validity = new Uint8Array(Math.ceil(rows / 8));
  ids.forEach((id, i) => validity[i >> 3] |= (id % 4 === 0 ? 0 : 1) << (i & 7));
  return makeBatch(COLUMNS, rows, [
    bigints(ids, (id) => id),
    bigints(ids, (id) => (id * 7919) % 200_000),
    text(ids.map((id) => `product-${id % 1000}`)),
    fixed(prices, rows),
    fixed(Int32Array.from(ids, (id) => id % 9 + 1), rows),
    text(ids.map((id) => STATUSES[id % STATUSES.length])),
    bigints(ids, (id) => START_US + id * 13_000_000),
    { ...updated, validity, nullCount: ids.filter((id) => id % 4 === 0).length },
  ]);
}

async function measure(
  batches: readonly Batch[],
  format: "parquet" | "csv",
  compression: EncoderOptions["compression"],
  compressionLevel: number,
): Promise<void> {
  const encoder = await (await loadFormat(format)).open(COLUMNS, {
    compression,
    compressionLevel,
    rowGroup: { strategy: "auto" },
    encoding: "auto",
    bloomFilterColumns: [],
    csv: { escapeFormulas: false, nullText: null, fractions: "always" },
    metadata: {},
  });
  const start = performance.now();
  for (const batch of batches) encoder.write(batch);
  encoder.finish();
  const seconds = (performance.now() - start) / 1000;
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const label = format === "csv" ? "csv" : `parquet ${compression} ${compressionLevel}`;
  console.log(
    `${label.padEnd(18)} ${seconds.toFixed(2)} s  ${(rows / seconds / 1e6).toFixed(2)} M rows/s  ` +
      `${(encoder.bytesWritten / 1e6).toFixed(1)} MB`,
  );
}

const [rows = "2000000"] = scriptArgs(import.meta.url, {}, 1).positionals;
const total = numberOf(import.meta.url, rows, 1);
const batches: Batch[] = [];
for (let from = 0; from < total; from += BATCH_ROWS) {
  batches.push(ordersBatch(from, Math.min(BATCH_ROWS, total - from)));
}
console.log(`${total} rows x ${COLUMNS.length} columns`);
await measure(batches.slice(0, 2), "parquet", "zstd", 3);
await measure(batches, "parquet", "zstd", 3);
await measure(batches, "parquet", "zstd", 1);
await measure(batches, "parquet", "snappy", 0);
await measure(batches, "parquet", "lz4", 0);
await measure(batches, "parquet", "gzip", 6);
await measure(batches, "parquet", "none", 0);
await measure(batches, "csv", "none", 0);
