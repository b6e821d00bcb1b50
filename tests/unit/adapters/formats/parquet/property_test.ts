/** Any rows, in any batches and row groups, come back from every reader. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { EncoderOptions } from "../../../../../core/ports/format.ts";
import { type RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { DEFAULT_OPTIONS, withFile } from "../../../../support/format_files.ts";
import { PARQUET_READERS } from "../../../../support/readers.ts";

const micros = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });

const SCALARS: [RivetType, fc.Arbitrary<Value>][] = [
  [{ kind: "bool" }, fc.boolean()],
  [{ kind: "int", bits: 16, signed: true }, fc.integer({ min: -32768, max: 32767 })],
  [{ kind: "int", bits: 32, signed: true }, fc.integer({ min: -3, max: 3 })],
  [{ kind: "int", bits: 64, signed: true }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [{ kind: "float", bits: 64 }, fc.double()],
  [{ kind: "decimal", precision: 18, scale: 3 }, fc.bigInt({ min: -999n, max: 10n ** 18n - 1n })],
  [{ kind: "decimal", precision: 38, scale: 3 }, fc.bigInt({ min: -999n, max: 10n ** 38n - 1n })],
  [{ kind: "timestamp", unit: "us", utc: true }, micros],
  [{ kind: "text" }, fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("paid", "new"))],
  [{ kind: "uuid" }, fc.uint8Array({ minLength: 16, maxLength: 16 })],
  [{ kind: "binary" }, fc.uint8Array({ maxLength: 40 })],
];

const TYPES: [RivetType, fc.Arbitrary<Value>][] = [
  ...SCALARS,
  ...SCALARS.map(([element, value]): [RivetType, fc.Arbitrary<Value>] => [
    { kind: "list", element },
    fc.array(fc.option(value, { freq: 4 }), { maxLength: 5 }),
  ]),
];

const COLUMNS = TYPES.map(([type], c) => column(`c${c}`, type, c % 3 !== 0));

const rows = fc.array(
  fc.tuple(...TYPES.map(([, value], c) => c % 3 === 0 ? value : fc.option(value, { freq: 3 }))),
  { maxLength: 60 },
);

const options: fc.Arbitrary<Partial<EncoderOptions>> = fc.record({
  compression: fc.constantFrom("zstd", "snappy", "gzip", "lz4", "none"),
  compressionLevel: fc.constant(1),
  encoding: fc.constantFrom("auto", "smallest", "plain"),
  rowGroup: fc.oneof(
    fc.constant(DEFAULT_OPTIONS.rowGroup),
    fc.record({
      strategy: fc.constant("fixed_rows" as const),
      rows: fc.integer({ min: 1, max: 80 }),
    }),
    fc.record({
      strategy: fc.constant("fixed_memory" as const),
      bytes: fc.integer({ min: 1, max: 5000 }),
    }),
  ),
});

Deno.test("rows split at random points read back equal", async () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rows, cuts, options, async (all, sizes, encoderOptions) => {
      const batches = [];
      for (let from = 0, s = 0; from < all.length; s++) {
        const to = from + sizes[s % sizes.length];
        batches.push(batchOf(COLUMNS, all.slice(from, to)));
        from = to;
      }
      await withFile("parquet", COLUMNS, batches, encoderOptions, async (path) => {
        for (const [name, read] of Object.entries(PARQUET_READERS)) {
          assert.deepEqual((await read(path)).rows, all, name);
        }
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("pages cut at random offsets keep values and NULLs together", async () => {
  // Enough rows for several pages, handed over in batches that no byte boundary fits.
  const columns = [
    column("i", { kind: "int", bits: 32, signed: true }),
    column("b", { kind: "bool" }),
    column("t", { kind: "text" }),
    column("l", { kind: "list", element: { kind: "int", bits: 64, signed: true } }),
  ];
  const value = (i: number): Value[] => [
    i % 5 === 0 ? null : i * 31,
    i % 7 === 0 ? null : i % 3 === 0,
    i % 11 === 0 ? null : `t${i % 13 === 0 ? i : i % 50}`,
    i % 4 === 0 ? null : Array.from({ length: i % 3 }, (_, k) => k === 1 ? null : BigInt(i)),
  ];
  const all = Array.from({ length: 45_000 }, (_, i) => value(i));
  const batches = [];
  for (let from = 0; from < all.length; from += 1237) {
    batches.push(batchOf(columns, all.slice(from, from + 1237)));
  }
  await withFile("parquet", columns, batches, {}, async (path) => {
    for (const [name, read] of Object.entries(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, all, name);
    }
  });
});
