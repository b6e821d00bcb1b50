/**
 * CPU time per row of `_rivet_row_hash` over 8 columns, and of `hash-wasm` alone on as many bytes.
 * Run: `deno run bench/row_hash.ts`
 */
import process from "node:process";
import { createXXHash128 } from "hash-wasm";
import { type Batch, makeBatch } from "../core/batch/batch.ts";
import {
  builderFor,
  BytesBuilder,
  type ColumnBuilder,
  WordsBuilder,
} from "../core/batch/builders.ts";
import { RowHasher } from "../core/encode/row_hash.ts";
import { createXxh3 } from "../core/encode/xxh3.ts";
import type { Column, RivetType } from "../core/types/types.ts";

const ROWS = 65_536;
const ROUNDS = 20;

const bigint: RivetType = { kind: "int", bits: 64, signed: true };
const TYPES: readonly RivetType[] = [
  bigint,
  bigint,
  { kind: "text" },
  { kind: "decimal", precision: 10, scale: 2 },
  { kind: "int", bits: 32, signed: true },
  { kind: "text" },
  { kind: "timestamp", unit: "us", utc: true },
  { kind: "timestamp", unit: "us", utc: true },
];
const encoder = new TextEncoder();

function fill(builder: ColumnBuilder, row: number, isLast: boolean): void {
  builder.reserve(1);
  if (builder instanceof BytesBuilder) {
    const text = encoder.encode(row % 3 === 0 ? "pending" : `customer-${row}@example.com`);
    builder.reserveBytes(text.length);
    builder.data.set(text, builder.used);
    builder.used += text.length;
    builder.offsets[row + 1] = builder.used;
  } else if (isLast && row % 2 === 0) builder.markNull(row);
  else if (builder instanceof WordsBuilder) builder.values[row * builder.stride] = row * 7919;
  builder.length++;
}

function sample(): Batch {
  const columns: Column[] = TYPES.map((type, i) => ({
    name: `c${i}`,
    type,
    nullable: true,
    nativeType: type.kind,
    fidelity: "exact",
  }));
  const builders = TYPES.map(builderFor);
  for (let row = 0; row < ROWS; row++) {
    builders.forEach((builder, c) => fill(builder, row, c === TYPES.length - 1));
  }
  return makeBatch(columns, ROWS, builders.map((builder) => builder.finish()));
}

function report(name: string, work: () => void): void {
  work();
  const start = process.cpuUsage().user;
  for (let i = 0; i < ROUNDS; i++) work();
  const microseconds = process.cpuUsage().user - start;
  console.log(`${name}: ${(microseconds / ROWS / ROUNDS).toFixed(3)} us of CPU per row`);
}

const batch = sample();
const hasher = new RowHasher(createXxh3(), 0);
const columns = TYPES.map((_, i) => i);
report("row hash, 8 columns", () => hasher.hash(batch, columns));

const wasm = await createXXHash128();
const bytes = new Uint8Array(1 << 20);
report("hash-wasm alone, 90 bytes", () => {
  for (let row = 0; row < ROWS; row++) {
    const at = row & 0xffff;
    wasm.init().update(bytes.subarray(at, at + 90)).digest("binary");
  }
});
