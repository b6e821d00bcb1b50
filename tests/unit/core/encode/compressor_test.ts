/** Files that are compressed as a whole, read by programs that are not ours. */
import assert from "node:assert/strict";
import { csv } from "../../../../adapters/formats/csv/mod.ts";
import { PartWriter } from "../../../../core/encode/part_writer.ts";
import type { StagedPart } from "../../../../core/encode/staged_file.ts";
import { fileExtension, type WholeFileCodec } from "../../../../core/ports/format.ts";
import { batchOf, column } from "../../../support/batches.ts";
import { checkedRows, concat, DEFAULT_OPTIONS } from "../../../support/format_files.ts";
import { queryDuckdb } from "../../../support/read_duckdb.ts";

const COLUMNS = [column("id", { kind: "int", bits: 32, signed: true }, false)]
  .concat(column("t", { kind: "text" }));
const BATCHES = 40;
const ROWS = 2_000;

/** Text that does not shrink to nothing. */
const rowsOf = (batch: number) =>
  Array.from({ length: ROWS }, (_, i) => {
    const id = batch * ROWS + i;
    return [id, `"${(id * 2_654_435_761 % 4_294_967_296).toString(36)}"\nline two`];
  });

async function withParts(
  compression: WholeFileCodec,
  maxFileBytes: number | null,
  use: (parts: readonly StagedPart[]) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const writer = new PartWriter(csv, {
      format: "csv",
      encoder: { ...DEFAULT_OPTIONS, compression },
      columns: COLUMNS,
      stagedPath: `${dir}/staged`,
      pieces: null,
      maxFileBytes,
    });
    for (let b = 0; b < BATCHES; b++) await writer.write(batchOf(COLUMNS, rowsOf(b)));
    const bytes = writer.bytesWritten;
    const parts = await writer.finish();
    assert.ok(bytes > 0 && bytes <= writer.bytesWritten);
    assert.equal(writer.bytesWritten, parts.reduce((sum, part) => sum + part.sizeBytes, 0));
    await use(parts);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const codec of ["gzip", "zstd"] as const) {
  Deno.test(`${codec}: DuckDB and our own count read every row back`, async () => {
    await withParts(codec, null, async ([part, ...others]) => {
      assert.equal(others.length, 0);
      assert.equal(await checkedRows(csv, part.file, codec), BATCHES * ROWS);
      const path = `${part.file}.${fileExtension(csv, codec)}`;
      await Deno.rename(part.file, path);
      const [{ n, ids, texts }] = await queryDuckdb(
        `SELECT count(*) AS n, count(DISTINCT id) AS ids, ` +
          `count(*) FILTER (t LIKE '"%"' || chr(10) || 'line two') AS texts ` +
          `FROM read_csv('${path}', header = true)`,
      );
      assert.deepEqual([n, ids, texts].map(Number), Array(3).fill(BATCHES * ROWS));
    });
  });

  Deno.test(`${codec}: max_file_size is about compressed bytes`, async () => {
    const limit = 128 * 1024;
    await withParts(codec, limit, async (parts) => {
      assert.ok(parts.length > 2, String(parts.length));
      assert.equal(parts.reduce((sum, part) => sum + part.rows, 0), BATCHES * ROWS);
      for (const part of parts) {
        assert.equal(await checkedRows(csv, part.file, codec), part.rows);
        // What one batch and the codec's own buffer may add.
        assert.ok(part.sizeBytes < limit * 2.5, String(part.sizeBytes));
      }
      for (const part of parts.slice(0, -1)) assert.ok(part.sizeBytes > limit / 2);
    });
  });

  Deno.test(`${codec}: a file that was cut, changed or made longer is none`, async () => {
    await withParts(codec, null, async ([part]) => {
      const whole = await Deno.readFile(part.file);
      const more = new TextEncoder().encode("more");
      const damaged: Record<string, Uint8Array> = {
        ...Object.fromEntries(
          [0, 1, 5, 20, whole.length >> 1, whole.length - 8, whole.length - 4, whole.length - 1]
            .map((end) => [`cut at ${end}`, whole.subarray(0, end)]),
        ),
        "more behind it": concat([whole, more]),
        "zeros behind it": concat([whole, new Uint8Array(20)]),
        "one byte behind it": concat([whole, Uint8Array.of(1)]),
        ...Object.fromEntries(
          [1, 20, whole.length >> 1, whole.length - 7, whole.length - 2]
            .map((
              at,
            ) => [`another byte at ${at}`, whole.map((byte, i) => i === at ? byte ^ 1 : byte)]),
        ),
      };
      for (const [name, bytes] of Object.entries(damaged)) {
        await Deno.writeFile(part.file, bytes);
        await assert.rejects(checkedRows(csv, part.file, codec), Error, name);
      }
      await Deno.writeTextFile(part.file, "id,t\n1,a\n");
      await assert.rejects(checkedRows(csv, part.file, codec));
      await assert.rejects(checkedRows(csv, `${part.file}.nowhere`, codec));
    });
  });
}

Deno.test("what is written to a stream is compressed as well", async () => {
  const chunks: Uint8Array[] = [];
  const writer = new PartWriter(csv, {
    format: "csv",
    encoder: { ...DEFAULT_OPTIONS, compression: "gzip" },
    columns: COLUMNS,
    stagedPath: null,
    pieces: null,
    maxFileBytes: null,
  }, { write: (bytes) => void chunks.push(bytes.slice()) });
  await writer.write(batchOf(COLUMNS, [[1, "a"], [2, null]]));
  await writer.finish();
  const unpacked = new Blob(chunks as BlobPart[]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  assert.equal(await new Response(unpacked).text(), "id,t\n1,a\n2,\n");
});

Deno.test("an aborted file leaves nothing", async () => {
  const dir = await Deno.makeTempDir();
  const writer = new PartWriter(csv, {
    format: "csv",
    encoder: { ...DEFAULT_OPTIONS, compression: "zstd" },
    columns: COLUMNS,
    stagedPath: `${dir}/staged`,
    pieces: null,
    maxFileBytes: null,
  });
  await writer.write(batchOf(COLUMNS, rowsOf(0)));
  writer.abort();
  assert.deepEqual([...Deno.readDirSync(dir)], []);
  await Deno.remove(dir);
});
