import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import type { Batch } from "../../../../core/batch/batch.ts";
import type { EncoderOptions, Format, FormatEncoder } from "../../../../core/ports/format.ts";
import { type OutputSpec, PartWriter } from "../../../../core/encode/part_writer.ts";
import type { StagedPart } from "../../../../core/encode/staged_file.ts";
import {
  PartitionedPartWriter,
  type PartitionLimits,
} from "../../../../core/encode/partitioned_writer.ts";
import { splitByPartition } from "../../../../core/encode/partition.ts";
import type { StageSpec } from "../../../../core/encode/stage_plan.ts";
import { UnitWriter } from "../../../../core/encode/unit_writer.ts";
import { batchOf, column } from "../../../support/batches.ts";
import { rowTexts } from "./arbitrary.ts";

const utf8 = new TextEncoder();

/** A file of one row per line; it holds its rows until they are flushed, as row groups are. */
class LinesEncoder implements FormatEncoder {
  #held: string[] = [];
  bytesWritten = 0;

  get estimatedBytes(): number {
    return this.bytesWritten + this.#held.join("").length;
  }

  get heldRows(): number {
    return this.#held.length;
  }

  write(batch: Batch): Uint8Array[] {
    this.#held.push(...rowTexts(batch).map((text) => `${text}\n`));
    return [];
  }

  flush(): Uint8Array[] {
    const bytes = utf8.encode(this.#held.splice(0).join(""));
    this.bytesWritten += bytes.length;
    return [bytes];
  }

  finish(): Uint8Array[] {
    return this.flush();
  }
}

const lines: Format = {
  name: "csv",
  extension: "csv",
  open: () => Promise.resolve(new LinesEncoder()),
  check: () => Promise.reject(new Error("not asked for")),
};

const encoder: EncoderOptions = {
  compression: "none",
  compressionLevel: 0,
  rowGroup: { strategy: "auto" },
  encoding: "auto",
  bloomFilterColumns: [],
  csv: { escapeFormulas: false, nullText: null, fractions: "always" },
  metadata: {},
};

const columns = [
  column("id", { kind: "int", bits: 32, signed: true }),
  column("day", {
    kind: "date",
  }),
];
const NO_STAGES: StageSpec = {
  exportedAt: false,
  rowHash: null,
  unique: { columns: [], maxEntries: 10 },
  partition: null,
};
const DAYS = { column: "day", granularity: "day", name: "day" } as const;

function output(dir: string, stages: StageSpec): OutputSpec {
  return {
    format: "csv",
    encoder,
    columns,
    stages,
    stagedPath: `${dir}/staged`,
    maxFileBytes: null,
    pieces: null,
  };
}

async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function partitioned(dir: string, limits?: Partial<PartitionLimits>) {
  const open = { now: 0, most: 0 };
  const writer = new PartitionedPartWriter(DAYS, (index) => {
    const { stages: _, ...spec } = output(dir, NO_STAGES);
    const part = new PartWriter(lines, { ...spec, stagedPath: `${dir}/staged.${index}` });
    const finish = part.finish.bind(part);
    part.finish = () => {
      open.now--;
      return finish();
    };
    open.most = Math.max(open.most, ++open.now);
    return part;
  }, { openWriters: 64, waitingBytes: 1e6, heldBytes: 1e6, ...limits });
  return { writer, open };
}

function rowsOf(parts: readonly StagedPart[]): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const { file, partition = "" } of parts) {
    const read = Deno.readTextFileSync(file).split("\n").slice(0, -1);
    rows.set(partition, [...rows.get(partition) ?? [], ...read]);
  }
  return rows;
}

Deno.test("unit writer: counts the source's columns and writes those of the file", () =>
  inFolder(async (dir) => {
    const stages = { ...NO_STAGES, rowHash: ["id"], unique: { columns: ["id"], maxEntries: 10 } };
    const writer = new UnitWriter(lines, output(dir, stages));
    await writer.write(batchOf(columns, [[1, 1], [1, null]]));
    await writer.write(batchOf(columns, []));
    await writer.write(batchOf(columns, [[2, 3]]));
    const { parts, stages: seen } = await writer.finish();
    assert.equal(parts.length, 1);
    assert.equal(parts[0].rows, 3);
    assert.equal(parts[0].partition, undefined);
    assert.equal(writer.bytesWritten, parts[0].sizeBytes);
    const written = [...rowsOf(parts).values()].flat().map((line) => JSON.parse(line));
    assert.deepEqual(written.map((row) => row.slice(0, 2)), [
      ["1", "1970-01-02"],
      ["1", null],
      ["2", "1970-01-04"],
    ]);
    assert.equal(written[0][2], written[1][2]);
    assert.notEqual(written[0][2], written[2][2]);
    assert.equal(seen.quality.rows, 3);
    assert.deepEqual(seen.quality.nulls, { id: 0, day: 1 });
    assert.equal(seen.quality.unique.id.repeats, 1);
    assert.deepEqual(Object.keys(seen.widths), ["id", "day"]);
    structuredClone(seen);
  }));

Deno.test("unit writer: a batch that was written has given its memory back", () =>
  inFolder(async (dir) => {
    const writer = new UnitWriter(lines, output(dir, NO_STAGES));
    // Small buffers are left to the collector.
    const batch = batchOf(columns, Array.from({ length: 1000 }, (_, i) => [i, null]));
    const buffers = batch.data.map(({ values }) => values);
    await writer.write(batch);
    assert.deepEqual(buffers.map(({ byteLength }) => byteLength), [0, 0]);
    await writer.finish();
  }));

Deno.test("unit writer: no rows leave no file and empty counts", () =>
  inFolder(async (dir) => {
    for (const partition of [null, DAYS]) {
      const writer = new UnitWriter(lines, output(dir, { ...NO_STAGES, partition }));
      await writer.write(batchOf(columns, []));
      const { parts, stages } = await writer.finish();
      assert.deepEqual(parts, []);
      assert.equal(stages.quality.rows, 0);
    }
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  }));

Deno.test("unit writer: a partitioned unit names each part's partition", () =>
  inFolder(async (dir) => {
    const writer = new UnitWriter(lines, output(dir, { ...NO_STAGES, partition: DAYS }));
    await writer.write(batchOf(columns, [[1, 1], [2, null], [3, 1]]));
    await writer.write(batchOf(columns, [[4, null]]));
    const { parts } = await writer.finish();
    assert.deepEqual(parts.map(({ partition, rows }) => [partition, rows]).sort(), [
      ["day=1970-01-02", 2],
      ["day=__HIVE_DEFAULT_PARTITION__", 2],
    ]);
    assert.equal(writer.bytesWritten, parts.reduce((sum, part) => sum + part.sizeBytes, 0));
  }));

Deno.test("unit writer: an abort leaves no staged file", () =>
  inFolder(async (dir) => {
    for (const partition of [null, DAYS]) {
      const writer = new UnitWriter(lines, output(dir, { ...NO_STAGES, partition }));
      await writer.write(batchOf(columns, [[1, 1], [2, 2]]));
      assert.notEqual([...Deno.readDirSync(dir)].length, 0);
      writer.abort();
      assert.deepEqual([...Deno.readDirSync(dir)], []);
    }
  }));

Deno.test("partitioned writer: an abort removes closed parts too", () =>
  inFolder(async (dir) => {
    const { writer } = partitioned(dir, { openWriters: 1, waitingBytes: 0 });
    await writer.write(batchOf(columns, [[1, 1], [2, 2], [3, 3]]));
    assert.equal([...Deno.readDirSync(dir)].length, 3);
    writer.abort();
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  }));

Deno.test("partitioned writer: rows without an open file wait, so that parts are few", () =>
  inFolder(async (dir) => {
    const { writer, open } = partitioned(dir, { openWriters: 2 });
    for (let i = 0; i < 20; i++) {
      await writer.write(batchOf(columns, Array.from({ length: 10 }, (_, day) => [i, day])));
    }
    const parts = await writer.finish();
    assert.equal(parts.length, 10);
    assert.equal(open.most, 2);
    assert.ok(parts.every(({ rows }) => rows === 20));
  }));

Deno.test("partitioned writer: row groups are completed when they hold too much", () =>
  inFolder(async (dir) => {
    const { writer } = partitioned(dir, { heldBytes: 0 });
    await writer.write(batchOf(columns, [[1, 1], [2, 2]]));
    assert.ok(writer.bytesWritten > 0);
    const { writer: patient } = partitioned(`${dir}`, { heldBytes: 1e6 });
    writer.abort();
    await patient.write(batchOf(columns, [[1, 1], [2, 2]]));
    assert.equal(patient.bytesWritten, 0);
    patient.abort();
  }));

Deno.test("partitioned writer: no row is lost or reordered whatever the limits", async () => {
  const day = fc.option(fc.integer({ min: 0, max: 12 }));
  const batches = fc.array(fc.array(day, { maxLength: 30 }), { maxLength: 6 });
  const limits = fc.record({
    openWriters: fc.integer({ min: 1, max: 4 }),
    waitingBytes: fc.constantFrom(0, 100, 10_000),
    heldBytes: fc.constantFrom(0, 100, 10_000),
  });
  await fc.assert(
    fc.asyncProperty(batches, limits, (days, limit) =>
      inFolder(async (dir) => {
        let id = 0;
        const rows = days.map((batch) => batch.map((d) => [id++, d]));
        const { writer, open } = partitioned(dir, limit);
        for (const batch of rows) await writer.write(batchOf(columns, batch));
        const parts = await writer.finish();
        const whole = splitByPartition(batchOf(columns, rows.flat()), DAYS);
        const expected = [...whole].map(([key, batch]) => [key, rowTexts(batch)] as const);
        assert.deepEqual(rowsOf(parts), new Map(expected));
        assert.ok(open.most <= limit.openWriters);
      })),
    { numRuns: 60 },
  );
});

Deno.test("what was written to a part, and what it was compressed from, is free at once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-discard-" });
  try {
    for (const compression of ["none", "gzip"] as const) {
      const handedOut: Uint8Array[] = [];
      const watched: Format = {
        ...lines,
        wholeFile: { gzip: ".gz", zstd: ".zst" },
        open: () => {
          const inner = new LinesEncoder();
          const flush = inner.flush.bind(inner);
          inner.flush = () => {
            // Whole buffers, as pages are; the text encoder's have room behind.
            const chunks = flush().map((chunk) => chunk.slice());
            handedOut.push(...chunks);
            return chunks;
          };
          return Promise.resolve(inner);
        },
      };
      const stagedPath = `${dir}/${compression}`;
      const part = new PartWriter(watched, {
        ...{ format: "csv", encoder: { ...encoder, compression, compressionLevel: 6 }, columns },
        ...{ stagedPath, pieces: null, maxFileBytes: null },
      });
      await part.write(batchOf(columns, Array.from({ length: 5000 }, (_, i) => [i, i])));
      const [{ file, sizeBytes }] = await part.finish();
      assert.ok(handedOut.length > 0 && sizeBytes > 0);
      assert.deepEqual(handedOut.map(({ byteLength }) => byteLength), handedOut.map(() => 0));
      const bytes = await Deno.readFile(file);
      const text = compression === "none" ? bytes : gunzipSync(bytes);
      assert.equal(new TextDecoder().decode(text).trimEnd().split("\n").length, 5000);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
