/** What a check finds in files that were damaged, and that it finds nothing in those of others. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadFormat } from "../../../../../adapters/formats/mod.ts";
import { RangedFile, withLocalFile } from "../../../../../core/base/file_bytes.ts";
import type { CheckedFile } from "../../../../../core/ports/format.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { checkedRows, concat, DEFAULT_OPTIONS, encode } from "../../../../support/format_files.ts";
import { queryDuckdb } from "../../../../support/readers.ts";

const parquet = await loadFormat("parquet");

const COLUMNS = [
  column("id", { kind: "int", bits: 64, signed: true }, false),
  column("city", { kind: "text" }),
  column("tags", { kind: "list", element: { kind: "text" } }),
];
const NAMES = COLUMNS.map(({ name }) => name);

function rowsOf(count: number): Value[][] {
  return Array.from({ length: count }, (_, i): Value[] => [
    BigInt(i) * 7919n,
    i % 5 === 0 ? null : `city ${i % 40}`,
    i % 3 === 0 ? [] : [`tag ${i}`, null],
  ]);
}

function fileOf(bytes: Uint8Array): RangedFile {
  return new RangedFile(
    bytes.length,
    (start, length) => Promise.resolve(bytes.slice(start, start + length)),
  );
}

function check(bytes: Uint8Array): Promise<CheckedFile> {
  return parquet.check(fileOf(bytes), { compression: "zstd", columns: NAMES });
}

/** What is wrong, as it would be told. */
async function problemOf(bytes: Uint8Array): Promise<string> {
  const { problem } = await check(bytes);
  assert.ok(problem !== null, "nothing was found");
  return problem.message;
}

interface FoundPage {
  readonly column: string;
  readonly start: number;
  readonly end: number;
}

/** Pages as DuckDB finds its way to them: chunk by chunk, all bytes of all pages. */
async function chunksOf(path: string): Promise<FoundPage[]> {
  const rows = await queryDuckdb(
    `SELECT path_in_schema AS name, coalesce(dictionary_page_offset, data_page_offset) AS start,
      total_compressed_size AS size FROM parquet_metadata('${path}')`,
  );
  return rows.map(({ name, start, size }) => ({
    column: String(name).replaceAll(", ", "."),
    start: Number(start),
    end: Number(start) + Number(size),
  }));
}

async function withBytes<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  try {
    await Deno.writeFile(path, bytes);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("another byte in a column's pages is found, with its column, wherever it counts", async () => {
  const options = {
    bloomFilterColumns: ["city"],
    rowGroup: { strategy: "fixed_rows", rows: 150 },
  } as const;
  const whole = await encode("parquet", COLUMNS, [batchOf(COLUMNS, rowsOf(200))], options);
  assert.deepEqual(await check(whole), { rows: 200, problem: null });
  const chunks = await withBytes(whole, chunksOf);
  assert.equal(chunks.length, 6);
  let missed = 0;
  for (const { column, start, end } of chunks) {
    for (let at = start; at < end; at++) {
      const bytes = whole.slice();
      bytes[at] ^= 0x41;
      const { problem } = await check(bytes);
      if (problem === null) missed++;
      else assert.equal(problem.column, column, problem.message);
    }
  }
  // Of a header, only what no reader needs has nothing to be compared with: whether a bound is exact.
  assert.ok(missed <= 6 * 12, `${missed} bytes were not found`);
});

Deno.test("each region of a file is named when it is damaged", async () => {
  const options = { bloomFilterColumns: ["city"], compression: "none" } as const;
  const whole = await encode("parquet", COLUMNS, [batchOf(COLUMNS, rowsOf(300))], options);
  const text = new TextDecoder("latin1").decode(whole);
  const flipped = (at: number, bits = 0x41) =>
    whole.map((byte, i) => i === at ? byte ^ bits : byte);
  const [chunk] = (await withBytes(whole, chunksOf)).filter(({ column }) => column === "city");
  const metadata = (await withBytes(
    whole,
    (path) =>
      queryDuckdb(`SELECT bloom_filter_offset AS filter FROM parquet_metadata('${path}')
      WHERE path_in_schema = 'city'`),
  ))[0];
  const inDictionary = text.indexOf("city 1");
  const firstIndex = text.indexOf("city 1", chunk.end);
  const cases: [string, Uint8Array, RegExp][] = [
    ["magic at the start", flipped(0), /does not begin with PAR1/],
    ["magic at the end", flipped(whole.length - 1), /does not end in PAR1/],
    ["length of the footer", flipped(whole.length - 6), /footer/],
    ["page header", flipped(chunk.start), /column "city", row group 0, the dictionary page/],
    [
      "dictionary",
      flipped(inDictionary),
      /column "city", row group 0, the dictionary page at byte/,
    ],
    ["page body", flipped(chunk.end - 1), /column "city", row group 0, page 0 at byte/],
    ["column index", flipped(firstIndex), /column "city", row group 0, page 0 .*column index/],
    ["Bloom filter", flipped(Number(metadata.filter)), /column "city".*Bloom filter/],
    ["cut", whole.subarray(0, -1), /does not end in PAR1/],
    ["cut before the footer", whole.subarray(0, chunk.end), /does not end in PAR1/],
    ["more behind it", concat([whole, Uint8Array.of(1)]), /does not end in PAR1/],
    ["more before it", concat([Uint8Array.of(1), whole]), /does not begin with PAR1/],
    ["nothing", new Uint8Array(0), /it has 0 bytes/],
    ["twice", concat([whole.subarray(0, 900), whole]), /row group 0/],
  ];
  for (const [name, bytes, expected] of cases) {
    const { problem } = await check(bytes);
    assert.match(`${name}: ${problem?.message ?? "nothing was found"}`, expected);
  }
});

Deno.test("pieces of a file in another order are no file", async () => {
  const encoder = await parquet.open(COLUMNS, { ...DEFAULT_OPTIONS, compression: "none" });
  const parts = [...encoder.write(batchOf(COLUMNS, rowsOf(45_000))), ...encoder.finish()];
  assert.deepEqual(await check(concat(parts)), { rows: 45_000, problem: null });
  for (let i = 0; i + 1 < parts.length; i++) {
    const swapped = [...parts];
    [swapped[i], swapped[i + 1]] = [swapped[i + 1], swapped[i]];
    await problemOf(concat(swapped)).catch(() => assert.fail(`pieces ${i} and ${i + 1}`));
  }
  // The first two pages of the first column, with their headers: each is right in itself.
  const [magic, header1, body1, header2, body2, ...rest] = parts;
  const pages = concat([magic, header2, body2, header1, body1, ...rest]);
  assert.match(await problemOf(pages), /column "id", row group 0, page 0 .*offset index/);
});

Deno.test("files of other makers, and of versions without checksums, are whole", async () => {
  const old = new URL("../../../../../fixtures/parquet/without_checksums.parquet", import.meta.url);
  assert.equal(await checkedRows(parquet, fileURLToPath(old), "none", ["id", "city"]), 300);
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  try {
    for (const version of ["V1", "V2"]) {
      await queryDuckdb(
        `COPY (SELECT range AS id, CASE WHEN range % 3 > 0 THEN 'c' || range % 50 END AS city,
          [range, NULL] AS list, {'x': range} AS s FROM range(70000)) TO '${path}'
          (FORMAT parquet, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 20000)`,
      );
      assert.equal(await checkedRows(parquet, path), 70_000);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a file is read once, in pieces, whatever its size", async () => {
  const whole = await encode("parquet", COLUMNS, [batchOf(COLUMNS, rowsOf(60_000))], {
    compression: "none",
  });
  let read = 0;
  let largest = 0;
  const file = new RangedFile(whole.length, (start, length) => {
    read += length;
    largest = Math.max(largest, length);
    return Promise.resolve(whole.slice(start, start + length));
  });
  assert.equal((await parquet.check(file, { compression: "none", columns: null })).rows, 60_000);
  assert.equal(read, whole.length);
  assert.ok(largest <= 4 << 20, String(largest));
  await withBytes(whole, (path) =>
    withLocalFile(path, async (local) => {
      assert.equal(
        (await parquet.check(local, { compression: "none", columns: null })).rows,
        60_000,
      );
    }));
});

Deno.test("what keeps a file from being read is thrown, and is no verdict on it", async () => {
  const whole = await encode("parquet", COLUMNS, [batchOf(COLUMNS, rowsOf(100))], {});
  const expected = { compression: "none", columns: null };
  const failing = new RangedFile(whole.length, () => Promise.reject(new Error("the line is cut")));
  await assert.rejects(parquet.check(failing, expected), /the line is cut/);
  const replaced = new RangedFile(whole.length, (start) => Promise.resolve(whole.slice(start, 50)));
  await assert.rejects(parquet.check(replaced, expected), /became another/);
});
