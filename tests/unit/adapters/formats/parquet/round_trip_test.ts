import assert from "node:assert/strict";
import type { EncoderOptions } from "../../../../../core/ports/format.ts";
import { type Column, formatType, type RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { withFile } from "../../../../support/format_files.ts";
import { PARQUET_READERS, type ReadFile } from "../../../../support/readers.ts";
import { TYPE_SAMPLES } from "../../../../support/type_samples.ts";

const CODECS: EncoderOptions["compression"][] = ["zstd", "snappy", "gzip", "lz4", "none"];

/** Repeats values to `rows`, a NULL after every second one when the column is nullable. */
function fill(values: readonly Value[], rows: number, nullable: boolean): Value[] {
  const cycle = nullable
    ? values.flatMap((value, i) => i % 2 === 0 ? [value, null] : [value])
    : values;
  return Array.from({ length: rows }, (_, i) => cycle[i % cycle.length]);
}

function columnsOf(nullable: boolean): Column[] {
  return TYPE_SAMPLES.map(({ type }, i) => column(`c${i}_${formatType(type)}`, type, nullable));
}

/** What DuckDB has no type for, it reads as the nearest one. */
function duckdbType(type: RivetType): RivetType {
  if (type.kind === "list") return { kind: "list", element: duckdbType(type.element) };
  if (type.kind === "decimal" && type.precision > 38) return { kind: "float", bits: 64 };
  if (type.kind === "timestamp" && type.utc) return { ...type, unit: "us" };
  return type.kind === "interval" ? { kind: "text" } : type;
}

function duckdbValue(type: RivetType, value: Value): Value {
  if (value === null) return null;
  if (type.kind === "list" && Array.isArray(value)) {
    return value.map((item) => duckdbValue(type.element, item));
  }
  if (type.kind === "decimal" && type.precision > 38) return Number(value) / 10 ** type.scale;
  if (type.kind === "timestamp" && type.utc && type.unit === "ns") {
    return BigInt(value as bigint) / 1000n;
  }
  return value;
}

/** Parquet has no type for intervals of months: they are text. */
function plainType(type: RivetType): RivetType {
  if (type.kind === "list") return { kind: "list", element: plainType(type.element) };
  return type.kind === "interval" ? { kind: "text" } : type;
}

/** Doubles that stand in for wide decimals are equal to 15 digits. */
function rounded(value: Value): Value {
  if (Array.isArray(value)) return value.map(rounded);
  return typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)
    ? Number(value.toPrecision(14))
    : value;
}

function expectColumn(reader: string, read: ReadFile, c: number, type: RivetType, values: Value[]) {
  const label = `${reader} ${read.columns[c].name}`;
  const actual = read.rows.map((row) => row[c]);
  if (reader !== "duckdb") {
    assert.deepEqual(read.columns[c].type, plainType(type), label);
    assert.deepEqual(actual, values, label);
    return;
  }
  const inner = type.kind === "list" ? type.element : type;
  const wide = inner.kind === "decimal" && inner.precision > 38;
  assert.deepEqual(read.columns[c].type, duckdbType(type), label);
  const expected = values.map((value) => duckdbValue(type, value));
  if (wide) assert.deepEqual(actual.map(rounded), expected.map(rounded), label);
  else assert.deepEqual(actual, expected, label);
}

for (const codec of CODECS) {
  for (const nullable of [true, false]) {
    Deno.test(`every type, ${nullable ? "nullable" : "required"}, ${codec}, read back`, async () => {
      const columns = columnsOf(nullable);
      const cells = TYPE_SAMPLES.map(({ values }) => fill(values, 50, nullable));
      const rows = Array.from({ length: 50 }, (_, r) => cells.map((cell) => cell[r]));
      const options = { compression: codec, compressionLevel: 6 };
      await withFile("parquet", columns, [batchOf(columns, rows)], options, async (path) => {
        for (const [reader, read] of Object.entries(PARQUET_READERS)) {
          const file = await read(path);
          assert.deepEqual(file.columns.map(({ name }) => name), columns.map(({ name }) => name));
          columns.forEach(({ type }, c) => expectColumn(reader, file, c, type, cells[c]));
        }
      });
    });
  }
}

for (const [reader, read] of Object.entries(PARQUET_READERS)) {
  Deno.test(`a file without rows has its columns, ${reader}`, async () => {
    const columns = columnsOf(true);
    await withFile("parquet", columns, [], {}, async (path) => {
      const file = await read(path);
      assert.deepEqual(file.rows, []);
      assert.deepEqual(file.columns.map(({ name }) => name), columns.map(({ name }) => name));
    });
  });

  Deno.test(`columns that are all NULL, ${reader}`, async () => {
    const columns = columnsOf(true);
    const rows = Array.from({ length: 9 }, () => columns.map(() => null));
    await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
      assert.deepEqual((await read(path)).rows, rows);
    });
  });
}
