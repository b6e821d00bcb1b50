/** The forms that a column without a dictionary can take: chosen where they are smaller, read by every reader. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { appendDelta32, appendDelta64 } from "../../../../../adapters/formats/parquet/delta.ts";
import { appendDeltaStrings } from "../../../../../adapters/formats/parquet/delta_strings.ts";
import { input, output } from "../../../../../adapters/formats/parquet/kernel/memory.ts";
import { PageBody } from "../../../../../adapters/formats/parquet/page_body.ts";
import { loadFormat } from "../../../../../adapters/formats/mod.ts";
import { release } from "../../../../../core/batch/batch.ts";
import type { ParquetEncoding } from "../../../../../core/config/loaded.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { concat, DEFAULT_OPTIONS, withFile } from "../../../../support/format_files.ts";
import { hyparquetMetadata } from "../../../../support/read_hyparquet.ts";
import { PARQUET_READERS } from "../../../../support/readers.ts";

const INT32: RivetType = { kind: "int", bits: 32, signed: true };
const INT64: RivetType = { kind: "int", bits: 64, signed: true };
const UINT64: RivetType = { kind: "int", bits: 64, signed: false };
const MICROS: RivetType = { kind: "timestamp", unit: "us", utc: true };
const DOUBLE: RivetType = { kind: "float", bits: 64 };

/** The encodings of the data pages of one column, in which all readers find `values`. */
async function formsOf(
  type: RivetType,
  values: readonly Value[],
  cut = values.length,
  encoding: ParquetEncoding = "auto",
) {
  const columns = [column("c", type)];
  const rows = values.map((value) => [value]);
  const batches = [];
  for (let from = 0; from < rows.length; from += cut) {
    batches.push(batchOf(columns, rows.slice(from, from + cut)));
  }
  return await withFile("parquet", columns, batches, { encoding }, async (path) => {
    for (const [name, read] of Object.entries(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows, name);
    }
    const [chunk] = hyparquetMetadata(path).row_groups[0].columns;
    return chunk.meta_data?.encoding_stats
      ?.filter((page) => page.page_type === "DATA_PAGE").map((page) => page.encoding);
  });
}

const series = (count: number, value: (i: number) => Value) =>
  Array.from({ length: count }, (_, i) => value(i));

/** Looks like noise, and is the same every time. */
const noise = (i: number) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 0;

Deno.test("a block is the least difference, widths, and what is above it", () => {
  // Encodings.md, second example, in blocks of the allowed size: 7, 5, 3, 1, 2, 3, 4, 5.
  const out = emptyBody();
  appendDelta32(input.put(Int32Array.of(7, 5, 3, 1, 2, 3, 4, 5)), 8, out);
  const miniblock = [0b11000000, 0b00111111, 0, 0, 0, 0, 0, 0];
  assert.deepEqual([...out.written()], [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, ...miniblock]);
});

Deno.test("integers that follow each other are written as differences", async () => {
  const delta = ["DELTA_BINARY_PACKED"];
  assert.deepEqual(await formsOf(INT32, series(5000, (i) => i * 3)), delta);
  assert.deepEqual(await formsOf(INT64, series(5000, (i) => BigInt(i) - 9n)), delta);
  const time = (i: number) => 1_700_000_000_000_000n + BigInt(i * 13_000_000 + noise(i) % 9000);
  assert.deepEqual(await formsOf(MICROS, series(5000, time), 777), delta);
  assert.deepEqual(
    await formsOf({ kind: "decimal", precision: 18, scale: 2 }, series(5000, (i) => BigInt(i * 7))),
    delta,
  );
  const nulls = (i: number) => i % 3 === 0 ? null : BigInt(i);
  assert.deepEqual(await formsOf(INT64, series(9000, nulls), 500), delta);
});

Deno.test("differences wrap at 32 bits", async () => {
  const extremes = (i: number) => (i % 2 === 0 ? -(2 ** 31) : 2 ** 31 - 1) + (i % 2 === 0 ? i : -i);
  assert.deepEqual(await formsOf(INT32, series(5000, extremes)), ["DELTA_BINARY_PACKED"]);
});

Deno.test("a page whose neighbours are too far apart for it is PLAIN", async () => {
  // The first page chooses differences; a later one holds what they cannot.
  const far = (i: number) => BigInt(i) + (i === 30_000 ? 2n ** 62n : 0n);
  const forms = await formsOf(INT64, series(45_000, far));
  assert.deepEqual(new Set(forms), new Set(["DELTA_BINARY_PACKED", "PLAIN"]));
  const unsigned = (i: number) => 2n ** 63n - 2500n + BigInt(i);
  assert.equal((await formsOf(UINT64, series(5000, unsigned)))?.length, 1);
});

Deno.test("any 64-bit neighbours up to 2^52 apart are packed as they are", async () => {
  const step = fc.oneof(
    fc.bigInt({ min: -(2n ** 52n), max: 2n ** 52n }),
    fc.bigInt({ min: -300n, max: 300n }),
  );
  const start = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
  const steps = fc.array(step, { minLength: 1, maxLength: 400 });
  await fc.assert(
    fc.property(start, steps, (first, differences) => {
      const values = [first];
      for (const difference of differences) values.push(values[values.length - 1] + difference);
      const out = emptyBody();
      const words = new Int32Array(BigInt64Array.from(values).buffer);
      assert.ok(appendDelta64(input.put(words), values.length, out));
      assert.deepEqual(unpack(out.written()), values);
    }),
    { numRuns: 300 },
  );
});

Deno.test("neighbours further apart, or around the end of 64 bits, are refused", () => {
  const far: [bigint, bigint][] = [
    [0n, 2n ** 52n + 1n],
    [2n ** 52n + 1n, 0n],
    [-(2n ** 63n), 2n ** 63n - 1n],
    [2n ** 63n - 1n, -(2n ** 63n)],
    [-(2n ** 62n) - 5n, 2n ** 62n],
  ];
  for (const pair of far) {
    const words = new Int32Array(BigInt64Array.from(pair).buffer);
    assert.equal(appendDelta64(input.put(words), 2, emptyBody()), false);
  }
});

function emptyBody(): PageBody {
  const body = new PageBody();
  body.clear();
  return body;
}

function unpack(bytes: Uint8Array): bigint[] {
  const { values, read } = unpackFrom(bytes);
  assert.equal(read, bytes.length);
  return values;
}

/** Reads DELTA_BINARY_PACKED bit by bit, as the specification says it, and says where it ends. */
function unpackFrom(bytes: Uint8Array): { values: bigint[]; read: number } {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const zigzag = () => {
    const value = varint();
    return (value >> 1n) ^ -(value & 1n);
  };
  const block = Number(varint());
  const miniblocks = Number(varint());
  const count = Number(varint());
  const values = [zigzag()];
  while (values.length < count) {
    const least = zigzag();
    const widths = bytes.subarray(at, at += miniblocks);
    for (const width of widths) {
      if (values.length >= count) break;
      for (let i = 0; i < block / miniblocks; i++) {
        let above = 0n;
        for (let b = 0; b < width; b++) {
          const bit = i * width + b;
          above |= BigInt((bytes[at + (bit >> 3)] >> (bit & 7)) & 1) << BigInt(b);
        }
        if (values.length < count) {
          values.push(BigInt.asIntN(64, values[values.length - 1] + least + above));
        }
      }
      at += width * block / miniblocks / 8;
    }
  }
  return { values, read: at };
}

Deno.test("floats whose bytes are alike are split into streams", async () => {
  const split = ["BYTE_STREAM_SPLIT"];
  const smallest = (type: RivetType, values: Value[]) =>
    formsOf(type, values, values.length, "smallest");
  const doubles = series(6000, (i) => 100 + noise(i) / 2 ** 33);
  assert.deepEqual(await smallest(DOUBLE, doubles), split);
  const single = (i: number) => Math.fround(20 + (noise(i) % 100_000) / 1e5);
  assert.deepEqual(await smallest({ kind: "float", bits: 32 }, series(6000, single)), split);
  assert.deepEqual(await formsOf(DOUBLE, doubles), ["PLAIN"], "Spark 3 would not read it");
});

Deno.test("JSON is in a form that all versions of its readers know, unless asked otherwise", async () => {
  const values = series(3000, (i) => `"${noise(i)} ${"long ".repeat(i % 90)}"`);
  assert.deepEqual(await formsOf({ kind: "json" }, values), ["PLAIN"]);
  const smallest = await formsOf({ kind: "json" }, values, values.length, "smallest");
  assert.deepEqual(smallest, ["DELTA_LENGTH_BYTE_ARRAY"]);
});

Deno.test("text is lengths, then bytes, also where runs are short, long and of two batches", async () => {
  const delta = ["DELTA_LENGTH_BYTE_ARRAY"];
  const text = (i: number) => `${noise(i)} ${"long ".repeat(i % 90)}`;
  assert.deepEqual(await formsOf({ kind: "text" }, series(3000, text), 700), delta);
  const sparse = (i: number) => i % 5 === 0 ? null : i % 7 === 0 ? "" : text(i);
  assert.deepEqual(await formsOf({ kind: "text" }, series(6000, sparse), 450), delta);
  const lists = (i: number) => i % 6 === 0 ? null : [text(i), null, `${noise(i * 3)}`].slice(i % 3);
  assert.deepEqual(
    await formsOf({ kind: "list", element: { kind: "text" } }, series(4000, lists), 333),
    delta,
  );
});

Deno.test("text that begins as the one before it is what follows, in runs of any length", async () => {
  const strings = ["DELTA_BYTE_ARRAY"];
  const key = (i: number) => `https://example.com/customers/${String(i * 7).padStart(9, "0")}`;
  assert.deepEqual(await formsOf({ kind: "text" }, series(5000, key), 700), strings);
  assert.deepEqual(await formsOf({ kind: "text" }, series(4500, key), 9), strings);
  const sparse = (i: number) => i % 5 === 0 ? null : i % 97 === 0 ? "" : key(i);
  assert.deepEqual(await formsOf({ kind: "text" }, series(9000, sparse), 450), strings);
  const lists = (i: number) => i % 6 === 0 ? null : [key(i * 2), null, key(i * 2 + 1)].slice(i % 3);
  const type: RivetType = { kind: "list", element: { kind: "text" } };
  assert.deepEqual(await formsOf(type, series(4000, lists), 333), strings);
  assert.deepEqual(await formsOf({ kind: "json" }, series(3000, (i) => `"${key(i)}"`)), ["PLAIN"]);
  const long = (i: number) => `${"the same ".repeat(40)}${String(i).padStart(9, "0")}`;
  assert.deepEqual(await formsOf({ kind: "text" }, series(3000, long), 1000), strings);
});

Deno.test("any byte strings come back from what each shares with the one before", async () => {
  const part = fc.constantFrom("", "a", "ab", "abc", "b", "ü", "abcdefgh", "x".repeat(300));
  const value = fc.tuple(part, part, part).map((parts) => parts.join(""));
  await fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
      const bytes = values.map((text) => new TextEncoder().encode(text));
      const lengths = Int32Array.from(bytes, (b) => b.length);
      const joined = concat(bytes);
      const strings = {
        bytes: input.put(joined),
        lengths: output.put(lengths),
        count: bytes.length,
      };
      const body = emptyBody();
      assert.ok(appendDeltaStrings(strings, joined.length, 0, body));
      const out = body.written();
      const prefixes = unpackFrom(out);
      const rests = unpackFrom(out.subarray(prefixes.read));
      let at = prefixes.read + rests.read;
      let before = new Uint8Array(0) as Uint8Array;
      for (const [i, expected] of bytes.entries()) {
        const rest = out.subarray(at, at += Number(rests.values[i]));
        before = concat([before.subarray(0, Number(prefixes.values[i])), rest]);
        assert.deepEqual(before, expected);
      }
      assert.equal(at, out.length);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a row group without a value follows one that chose a form", async () => {
  const columns = [column("t", { kind: "text" }), column("n", INT64)];
  const rows = Array.from(
    { length: 50 },
    (_, i): Value[] => i < 20 || i > 40 ? [`${noise(i)}`, BigInt(i)] : [null, null],
  );
  const options = { rowGroup: { strategy: "fixed_rows" as const, rows: 10 } };
  await withFile("parquet", columns, [batchOf(columns, rows)], options, async (path) => {
    for (const [name, read] of Object.entries(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows, name);
    }
  });
});

Deno.test("nothing that is still to be written lies in a batch whose memory is gone", async () => {
  const columns = [column("t", { kind: "text" }), column("n", INT64)];
  const row = (i: number): Value[] => [`${noise(i)} ${"long ".repeat(i % 200)}`, BigInt(noise(i))];
  const rows = Array.from({ length: 3000 }, (_, i) => row(i));
  const encoder = await (await loadFormat("parquet")).open(columns, DEFAULT_OPTIONS);
  const parts: Uint8Array[] = [];
  for (let from = 0; from < rows.length; from += 450) {
    const batch = batchOf(columns, rows.slice(from, from + 450));
    parts.push(...encoder.write(batch));
    release(batch);
  }
  parts.push(...encoder.finish());
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  try {
    await Deno.writeFile(path, concat(parts));
    for (const [name, read] of Object.entries(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows, name);
    }
  } finally {
    await Deno.remove(path);
  }
});
