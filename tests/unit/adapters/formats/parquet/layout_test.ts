/** What lies where in a file: encodings, pages, statistics and the page index, as readers see them. */
import assert from "node:assert/strict";
import { ThriftReader, type ThriftStruct } from "../../../../../adapters/formats/parquet/thrift.ts";
import { formatType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { withFile } from "../../../../support/format_files.ts";
import { hyparquetMetadata, hyparquetPageIndex } from "../../../../support/read_hyparquet.ts";
import { PARQUET_READERS, queryDuckdb } from "../../../../support/readers.ts";
import { TYPE_SAMPLES } from "../../../../support/type_samples.ts";

const TEXT = column("text", { kind: "text" });
const INT64 = column("int64", { kind: "int", bits: 64, signed: true }, false);

function encodings(path: string): string[][] {
  return hyparquetMetadata(path).row_groups[0].columns.map((chunk) =>
    (chunk.meta_data?.encoding_stats ?? []).map((page) => `${page.page_type} ${page.encoding}`)
  );
}

Deno.test("repeated values get a dictionary, distinct ones the smallest form", async () => {
  const columns = [TEXT, column("city", { kind: "text" }), INT64];
  const rows = Array.from(
    { length: 6000 },
    (_, i) => [`value ${i}`, `city ${i % 20}`, BigInt(i % 7)],
  );
  const options = { compression: "none" as const };
  await withFile("parquet", columns, [batchOf(columns, rows)], options, (path) => {
    const dictionary = ["DICTIONARY_PAGE PLAIN", "DATA_PAGE RLE_DICTIONARY"];
    const distinct = ["DATA_PAGE DELTA_BYTE_ARRAY"];
    assert.deepEqual(encodings(path), [distinct, dictionary, dictionary]);
    return Promise.resolve();
  });
});

Deno.test("encoding: plain knows dictionaries and PLAIN alone", async () => {
  const columns = [
    ...[TEXT, INT64, column("f", { kind: "float", bits: 64 })],
    column("city", { kind: "text" }),
  ];
  const rows = Array.from(
    { length: 6000 },
    (_, i) => [`value ${i}`, BigInt(i), Math.sin(i), `city ${i % 20}`],
  );
  await withFile("parquet", columns, [batchOf(columns, rows)], { encoding: "plain" }, (path) => {
    const plain = ["DATA_PAGE PLAIN"];
    const dictionary = ["DICTIONARY_PAGE PLAIN", "DATA_PAGE RLE_DICTIONARY"];
    assert.deepEqual(encodings(path), [plain, plain, plain, dictionary]);
    return Promise.resolve();
  });
});

Deno.test("a dictionary whose values come back late is tried for a whole page", async () => {
  // Of the first 4,096 values most are new, of a page a quarter.
  let state = 1;
  const picked = Array.from({ length: 45_000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % 5000;
  });
  const columns = [
    TEXT,
    column("unique", { kind: "text" }),
    column("n", { kind: "int", bits: 64, signed: true }),
  ];
  const rows = Array.from(
    { length: 45_000 },
    (
      _,
      i,
    ): Value[] => [`/pages/${picked[i]}`, `/pages/${picked[i] * 45_000 + i}`, BigInt(picked[i])],
  );
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
    const [repeated, unique, numbers] = encodings(path);
    assert.deepEqual(repeated, ["DICTIONARY_PAGE PLAIN", "DATA_PAGE RLE_DICTIONARY"]);
    assert.ok(!unique.includes("DATA_PAGE RLE_DICTIONARY"));
    // A number of few bits is no longer than its index.
    assert.deepEqual(numbers, ["DATA_PAGE DELTA_BINARY_PACKED"]);
    for (const read of Object.values(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows);
    }
  });
});

Deno.test("a dictionary that grows too large is left for pages without", async () => {
  // The first 30,000 rows repeat; what follows brings 3 MB of distinct text.
  const text = (i: number) => i < 30_000 ? `r${i % 100}` : i.toString().repeat(20);
  const rows = Array.from({ length: 60_000 }, (_, i): Value[] => [i % 11 === 0 ? null : text(i)]);
  await withFile("parquet", [TEXT], [batchOf([TEXT], rows)], {}, async (path) => {
    assert.deepEqual(encodings(path)[0], [
      "DICTIONARY_PAGE PLAIN",
      "DATA_PAGE RLE_DICTIONARY",
      "DATA_PAGE DELTA_LENGTH_BYTE_ARRAY",
    ]);
    for (const read of Object.values(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows);
    }
  });
});

Deno.test("the more columns, the smaller their pages, so that open ones stay within a bound", async () => {
  const texts = Array.from({ length: 2600 }, (_, i) => `${i} `.repeat(80).slice(0, 200));
  const pages = async (others: number) => {
    const more = Array.from({ length: others }, (_, i) => column(`b${i}`, { kind: "bool" }));
    const columns = [TEXT, ...more];
    const rows = texts.map((text): Value[] => [text, ...Array<Value>(others).fill(null)]);
    let count = 0;
    await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
      count = hyparquetPageIndex(path)[0][0].offset.page_locations.length;
      const sql = `SELECT count(DISTINCT text) AS found FROM read_parquet('${path}')`;
      const [{ found }] = await queryDuckdb(sql);
      assert.equal(Number(found), texts.length);
    });
    return count;
  };
  assert.equal(await pages(0), 1);
  const many = await pages(599);
  assert.ok(many >= 4, `${many} pages`);
});

Deno.test("statistics are those that DuckDB computes from the rows", async () => {
  // DuckDB has no decimals over 38 digits, and shows bounds of lists and bytes in forms of their own.
  const samples = TYPE_SAMPLES.filter(({ type }) =>
    !["list", "binary", "uuid"].includes(type.kind) &&
    (type.kind !== "decimal" || type.precision <= 38)
  );
  const columns = samples.map(({ type }, i) => column(`c${i}_${formatType(type)}`, type));
  // Long text is cut, NaN left out, and DuckDB shows no infinite bounds: each has a test of its own.
  const plain = (value: Value) =>
    typeof value === "number" ? Number.isFinite(value) : String(value).length < 60;
  const cells = samples.map(({ values }) => [...values.filter(plain), null]);
  const rows = Array.from({ length: 40 }, (_, r) => cells.map((cell) => cell[r % cell.length]));
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
    const stored = await queryDuckdb(
      `SELECT path_in_schema AS name, stats_min_value AS min, stats_max_value AS max,
              stats_null_count AS nulls, min_is_exact, max_is_exact
       FROM parquet_metadata('${path}') ORDER BY column_id`,
    );
    for (const [c, { name, type }] of columns.entries()) {
      const [computed] = await queryDuckdb(
        `SELECT min("${name}")::VARCHAR AS min, max("${name}")::VARCHAR AS max,
                count(*) - count("${name}") AS nulls FROM read_parquet('${path}')`,
      );
      const bounds = { ...stored[c] };
      // A lower bound of zero is stored as -0; adding 0 takes the sign off.
      if (type.kind === "float") {
        assert.equal(Number(bounds.min) + 0, Number(computed.min) + 0, name);
      }
      assert.deepEqual(bounds, {
        name,
        ...computed,
        min: type.kind === "float" ? bounds.min : computed.min,
        min_is_exact: true,
        max_is_exact: true,
      });
    }
  });
});

Deno.test("filters that skip by statistics return every row, NaN included", async () => {
  const columns = [column("f", { kind: "float", bits: 64 })];
  const rows = [[1], [NaN], [-0], [0], [null]];
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
    const count = async (where: string) =>
      (await queryDuckdb(`SELECT count(*) AS n FROM read_parquet('${path}') WHERE ${where}`))[0].n;
    assert.equal(await count("f = 0"), 2n);
    assert.equal(await count("f > 0.5"), 2n);
    assert.equal(await count("isnan(f)"), 1n);
  });
});

function pageHeader(bytes: Uint8Array, offset: bigint): ThriftStruct {
  return new ThriftReader(bytes, Number(offset)).struct();
}

Deno.test("the page index leads to every page and bounds its values", async () => {
  const columns = [INT64, TEXT];
  const rows = Array.from({ length: 50_000 }, (_, i): Value[] => [
    BigInt(i),
    i < 20_000 ? null : `t${String(99_999 - i)}`,
  ]);
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
    const bytes = await Deno.readFile(path);
    const [[id, text]] = hyparquetPageIndex(path);
    assert.deepEqual(id.column?.min_values, [0n, 20_000n, 40_000n]);
    assert.deepEqual(id.column?.max_values, [19_999n, 39_999n, 49_999n]);
    assert.equal(id.column?.boundary_order, "ASCENDING");
    assert.deepEqual(text.column?.null_pages, [true, false, false]);
    assert.deepEqual(text.column?.null_counts, [20_000n, 0n, 0n]);
    assert.deepEqual(text.column?.min_values.slice(1), ["t60000", "t50000"]);
    assert.equal(text.column?.boundary_order, "DESCENDING");
    for (const { offset } of [id, text]) {
      assert.deepEqual(offset.page_locations.map((page) => page.first_row_index), [
        0n,
        20_000n,
        40_000n,
      ]);
      for (const [p, page] of offset.page_locations.entries()) {
        const data = pageHeader(bytes, page.offset).get(5);
        assert.ok(data instanceof Map);
        assert.equal(data.get(1), p < 2 ? 20_000n : 10_000n);
      }
    }
  });
});

Deno.test("a page of NaN alone leaves the column without a column index", async () => {
  const columns = [column("f", { kind: "float", bits: 32 })];
  await withFile("parquet", columns, [batchOf(columns, [[NaN], [NaN]])], {}, (path) => {
    const [[{ column: index, offset }]] = hyparquetPageIndex(path);
    assert.equal(index, null);
    assert.equal(offset.page_locations.length, 1);
    return Promise.resolve();
  });
});

Deno.test("values over a page's size make pages of their own", async () => {
  const columns = [column("b", { kind: "binary" })];
  const big = (fill: number) => new Uint8Array(1_500_000).fill(fill);
  const rows: Value[][] = [[big(1)], [null], [Uint8Array.of(7)], [big(2)], [big(3)]];
  await withFile("parquet", columns, [batchOf(columns, rows)], {}, async (path) => {
    const [[{ offset }]] = hyparquetPageIndex(path);
    assert.ok(offset.page_locations.length >= 3);
    for (const read of Object.values(PARQUET_READERS)) {
      assert.deepEqual((await read(path)).rows, rows);
    }
  });
});
