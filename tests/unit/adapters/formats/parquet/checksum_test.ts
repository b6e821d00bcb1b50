/** The checksum in the header of every page, against another maker's polynomial division. */
import assert from "node:assert/strict";
import { ThriftReader, type ThriftStruct } from "../../../../../adapters/formats/parquet/thrift.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import { withFile } from "../../../../support/format_files.ts";
import { hyparquetMetadata } from "../../../../support/read_hyparquet.ts";

const COLUMNS = [
  column("id", { kind: "int", bits: 64, signed: true }, false),
  column("city", { kind: "text" }),
  column("tags", { kind: "list", element: { kind: "text" } }),
  column("paid", { kind: "bool" }),
];

const ROWS = 6_000;

function rows(): Value[][] {
  return Array.from({ length: ROWS }, (_, i): Value[] => [
    BigInt(i) * 7919n,
    i % 5 === 0 ? null : `city ${i % 40}`,
    i % 3 === 0 ? [] : [`tag ${i}`, null],
    i % 2 === 0,
  ]);
}

/** CRC-32 of ISO 3309, bit by bit, as a signed number of 32 bits. */
function crcOf(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}

interface StoredPage {
  readonly type: number;
  readonly crc: number | null;
  readonly body: Uint8Array;
}

/** Every page of every column chunk, from where the footer says that it begins. */
function pagesOf(path: string): StoredPage[] {
  const bytes = Deno.readFileSync(path);
  const chunks = hyparquetMetadata(path).row_groups.flatMap((group) => group.columns);
  return chunks.flatMap(({ meta_data: chunk }) => {
    assert.ok(chunk !== undefined);
    let at = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    const end = at + Number(chunk.total_compressed_size);
    const pages: StoredPage[] = [];
    while (at < end) {
      const reader = new ThriftReader(bytes, at);
      const header: ThriftStruct = reader.struct();
      const crc = header.get(4);
      at = reader.offset + Number(header.get(3));
      pages.push({
        type: Number(header.get(1)),
        crc: crc === undefined ? null : Number(crc),
        body: bytes.subarray(reader.offset, at),
      });
    }
    assert.equal(at, end);
    return pages;
  });
}

Deno.test("each page's header has the checksum of what is stored, whatever packs it", async () => {
  const data = batchOf(COLUMNS, rows());
  for (const compression of ["zstd", "snappy", "gzip", "lz4", "none"] as const) {
    const options = { compression, rowGroup: { strategy: "fixed_rows", rows: 5_000 } } as const;
    await withFile("parquet", COLUMNS, [data], options, (path) => {
      const pages = pagesOf(path);
      assert.ok(pages.some(({ type }) => type === 2), "there is a dictionary");
      assert.ok(pages.some(({ crc }) => (crc ?? 0) < 0), "some are negative as signed numbers");
      for (const { crc, body } of pages) assert.equal(crc, crcOf(body));
      return Promise.resolve();
    });
  }
});
