/**
 * What `parquet.encoding: smallest` costs and saves on columns that are no arithmetic series: CPU time and file
 * size of one column at a time, against `plain`, in turn.
 * Run: deno run --allow-read bench/forms.ts [rows] [zstd level]
 */
import process from "node:process";
import { loadFormat } from "../adapters/formats/mod.ts";
import { type ColumnData, makeBatch } from "../core/batch/batch.ts";
import type { EncoderOptions } from "../core/ports/format.ts";
import type { Column, RivetType } from "../core/types/types.ts";
import { median } from "./measure.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const [rows = "262144", level = "3"] = scriptArgs(import.meta.url, {}, 2).positionals;
const ROWS = numberOf(import.meta.url, rows, 1);
const LEVEL = numberOf(import.meta.url, level);
const BATCH_ROWS = 65_536;
const REPEAT = 5;

/** 32 bits that look like noise, and are the same every time. */
function noise(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return (x ^ (x >>> 13)) >>> 0;
}

function words(value: (i: number) => bigint): (from: number) => ColumnData {
  return (from) => fixed(BigInt64Array.from({ length: BATCH_ROWS }, (_, i) => value(from + i)));
}

function fixed(values: BigInt64Array<ArrayBuffer> | Float64Array<ArrayBuffer>): ColumnData {
  const bytes = new Uint8Array(values.buffer);
  return {
    length: BATCH_ROWS,
    nullCount: 0,
    validity: null,
    values: bytes,
    offsets: null,
    child: null,
  };
}

function texts(value: (i: number) => string): (from: number) => ColumnData {
  return (from) => {
    const encoder = new TextEncoder();
    const parts = Array.from({ length: BATCH_ROWS }, (_, i) => encoder.encode(value(from + i)));
    const offsets = new Int32Array(BATCH_ROWS + 1);
    parts.forEach((part, i) => offsets[i + 1] = offsets[i] + part.length);
    const values = new Uint8Array(offsets[BATCH_ROWS]);
    parts.forEach((part, i) => values.set(part, offsets[i]));
    return { length: BATCH_ROWS, nullCount: 0, validity: null, values, offsets, child: null };
  };
}

const INT64: RivetType = { kind: "int", bits: 64, signed: true };
const hex = (i: number) => noise(i).toString(16).padStart(8, "0");

const COLUMNS: [string, RivetType, (from: number) => ColumnData][] = [
  ["ids with gaps", INT64, words((i) => BigInt(i * 4 + noise(i) % 4))],
  [
    "times with jitter",
    { kind: "timestamp", unit: "us", utc: true },
    words(
      (i) => 1_704_067_200_000_000n + BigInt(i) * 1_000_000n + BigInt(noise(i) % 900_000),
    ),
  ],
  ["keys at random", INT64, words((i) => BigInt(noise(i) % 2_000_000))],
  ["amounts", { kind: "decimal", precision: 18, scale: 2 }, (from) => {
    const pairs = new BigInt64Array(BATCH_ROWS * 2);
    for (let i = 0; i < BATCH_ROWS; i++) pairs[i * 2] = BigInt(noise(from + i) % 5_000_000);
    return fixed(pairs);
  }],
  ["measurements", { kind: "float", bits: 64 }, (from) =>
    fixed(
      Float64Array.from({ length: BATCH_ROWS }, (_, i) => 20 + noise(from + i) / 2 ** 33),
    )],
  ["short text", { kind: "text" }, texts((i) => `order-${hex(i)}`)],
  ["long text", { kind: "text" }, texts((i) => `Lorem ipsum dolor, ${hex(i)}.\n`.repeat(i % 12))],
];

async function encode(
  column: Column,
  data: (from: number) => ColumnData,
  encoding: EncoderOptions["encoding"],
): Promise<{ cpuMs: number; bytes: number }> {
  const encoder = await (await loadFormat("parquet")).open([column], {
    compression: "zstd",
    compressionLevel: LEVEL,
    rowGroup: { strategy: "auto" },
    encoding,
    bloomFilterColumns: [],
    csv: { escapeFormulas: false, nullText: null, fractions: "always" },
    metadata: {},
  });
  let micros = 0;
  for (let from = 0; from < ROWS; from += BATCH_ROWS) {
    const batch = makeBatch([column], BATCH_ROWS, [data(from)]);
    const before = process.cpuUsage();
    encoder.write(batch);
    const { user, system } = process.cpuUsage(before);
    micros += user + system;
  }
  encoder.finish();
  return { cpuMs: micros / 1000, bytes: encoder.bytesWritten };
}

console.log(`${ROWS} rows, zstd ${LEVEL}, median of ${REPEAT}: plain -> smallest`);
for (const [name, type, data] of COLUMNS) {
  const column: Column = { name, type, nullable: false, nativeType: type.kind, fidelity: "exact" };
  const cpu: Record<"plain" | "smallest", number[]> = { plain: [], smallest: [] };
  const bytes = { plain: 0, smallest: 0 };
  for (let i = 0; i <= REPEAT; i++) {
    for (const encoding of ["plain", "smallest"] as const) {
      const run = await encode(column, data, encoding);
      if (i > 0) cpu[encoding].push(run.cpuMs);
      bytes[encoding] = run.bytes;
    }
  }
  console.log(
    `${name.padEnd(18)} CPU ${median(cpu.plain).toFixed(0).padStart(5)} -> ` +
      `${median(cpu.smallest).toFixed(0).padStart(5)} ms   size ` +
      `${(bytes.plain / 1e6).toFixed(2).padStart(6)} -> ${(bytes.smallest / 1e6).toFixed(2)} MB`,
  );
}
