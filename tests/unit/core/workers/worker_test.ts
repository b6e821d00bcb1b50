/** Both sides of a Worker, without a thread between them. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Tuning } from "../../../../core/config/tuning.ts";
import { resolveTuning } from "../../../../core/config/tuning.ts";
import { SourceError } from "../../../../core/base/errors.ts";
import type { OutputSpec } from "../../../../core/encode/part_writer.ts";
import { planStages } from "../../../../core/encode/stage_plan.ts";
import type { ReadJob } from "../../../../core/extract/read.ts";
import { WorkerClient } from "../../../../core/workers/worker_client.ts";
import { WorkerPool } from "../../../../core/workers/worker_pool.ts";
import { batchOf, column } from "../../../support/batches.ts";
import { loadedExport } from "../../../support/exports.ts";
import { LocalThread } from "../../../support/local_thread.ts";
import { memoryFormat, readLines } from "../../../support/memory_format.ts";
import { MemoryServer } from "../../../support/memory_source.ts";

const COLUMNS = [
  column("id", { kind: "int", bits: 32, signed: true }, false),
  column("note", { kind: "text" }),
];
const TUNING: Tuning = resolveTuning({ profile: "fast" });
const GO = new AbortController().signal;
const CONNECT = {
  source: { type: "postgres" as const },
  tuning: TUNING,
  applicationName: "rivet/orders",
  snapshot: null,
};

interface Place {
  readonly server: MemoryServer;
  readonly thread: LocalThread;
  readonly client: WorkerClient;
  /** For files of this name. */
  output(name: string): OutputSpec;
  /** Names of the files that are there. */
  files(): string[];
}

async function inPlace(rows: number, body: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-worker-" });
  const server = new MemoryServer(rows);
  const thread = new LocalThread({
    source: () => Promise.resolve(server.factory),
    format: () => Promise.resolve(memoryFormat),
    destination: () => Promise.reject(new Error("nothing is streamed")),
  });
  const output = (name: string): OutputSpec => ({
    format: "csv",
    encoder: {
      compression: "none",
      compressionLevel: 0,
      rowGroup: { strategy: "auto" },
      encoding: "auto",
      bloomFilterColumns: [],
      csv: { escapeFormulas: false, nullText: null, fractions: "always" },
      metadata: {},
    },
    columns: COLUMNS,
    stages: planStages(loadedExport(), COLUMNS),
    maxFileBytes: null,
    stagedPath: `${dir}/${name}`,
    pieces: null,
  } as Partial<OutputSpec> as OutputSpec);
  const files = () => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  try {
    await body({ server, thread, client: new WorkerClient(thread), output, files });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function job(sql: string): ReadJob {
  return {
    spec: { kind: "statement", sql },
    columns: COLUMNS,
    watch: null,
    ties: null,
    checksum: false,
    tuning: TUNING,
    maxFileBytes: null,
  } as Partial<ReadJob> as ReadJob;
}

const batch = (from: number, to: number) =>
  batchOf(COLUMNS, Array.from({ length: to - from }, (_, i) => [from + i, `note ${from + i}`]));

Deno.test("worker: batches that are handed over are a file, with its rows and size", () =>
  inPlace(0, async ({ client, output, files }) => {
    const seen: number[][] = [];
    const writer = client.openWriter(
      output("a"),
      (rows, bytes) => seen.push([rows, bytes]),
      TUNING.memory,
    );
    await writer.write(batch(0, 10));
    await writer.write(batch(10, 15));
    writer.finish();
    const { parts: [part] } = await writer.result;
    deepEqual([part.rows, part.sizeBytes], [15, Deno.statSync(part.file).size]);
    equal((await readLines(part.file)).length, 15);
    equal(seen.length, 2);
    deepEqual(files().length, 1);
  }));

Deno.test("worker: a writer that is given up leaves no file, and the next one is not disturbed", () =>
  inPlace(0, async ({ client, output, files }) => {
    const first = client.openWriter(output("a"), () => {}, TUNING.memory);
    await first.write(batch(0, 10));
    first.abort();
    const second = client.openWriter(output("b"), () => {}, TUNING.memory);
    await second.write(batch(0, 3));
    second.finish();
    equal((await second.result).parts[0].rows, 3);
    deepEqual(files().filter((name) => name.startsWith("a")), []);
  }));

Deno.test("worker: two writers at once keep their rows apart", () =>
  inPlace(0, async ({ client, output }) => {
    const writers = ["a", "b"].map((name) =>
      client.openWriter(output(name), () => {}, TUNING.memory)
    );
    for (let at = 0; at < 30; at += 10) {
      await Promise.all(writers.map((writer, i) => writer.write(batch(at + i, at + 10))));
    }
    for (const writer of writers) writer.finish();
    const rows = await Promise.all(writers.map(async (w) => (await w.result).parts[0].rows));
    deepEqual(rows, [30, 27]);
  }));

Deno.test("worker: what waits for the encoder is limited over all writers together", () =>
  inPlace(0, async ({ client, thread, output }) => {
    const large = () => batchOf(COLUMNS, [[1, "x".repeat(3 * 1024 * 1024)]]);
    const [first, second] = ["a", "b"].map((name) =>
      client.openWriter(output(name), () => {}, TUNING.memory)
    );
    const batches = () => thread.received.filter((type) => type === "batch").length;
    const writes = [first.write(large()), first.write(large()), second.write(large())];
    equal(batches(), 2, "one of each, whatever the other has");
    await Promise.all(writes);
    await Promise.all([first.write(large()), first.write(large()), second.write(large())]);
    for (const writer of [first, second]) writer.finish();
    equal((await first.result).parts[0].rows + (await second.result).parts[0].rows, 6);
  }));

Deno.test("worker: behind the batch that is encoded waits one more of a writer alone, if it has few columns", () =>
  inPlace(0, async ({ client, thread, output }) => {
    const half = "x".repeat(3 * 1024 * 1024);
    const wide = Array.from({ length: 200 }, (_, c) => column(`c${c}`, { kind: "text" }));
    const narrow = batchOf(COLUMNS, [[1, half]]);
    const many = batchOf(wide, [wide.map((_, c) => c === 0 ? half : null)]);
    for (const [columns, large, sent] of [[COLUMNS, narrow, 2], [wide, many, 1]] as const) {
      const before = thread.received.filter((type) => type === "batch").length;
      const spec = { ...output(`n${columns.length}`), columns };
      const writer = client.openWriter(spec, () => {}, TUNING.memory);
      const copy = () => ({ ...large, data: structuredClone(large.data) });
      const writes = [writer.write(copy()), writer.write(copy()), writer.write(copy())];
      equal(thread.received.filter((type) => type === "batch").length - before, sent);
      await Promise.all(writes);
      writer.finish();
      equal((await writer.result).parts[0].rows, 3);
    }
  }));

Deno.test("worker: a writer that is given up holds back no other", () =>
  inPlace(0, async ({ client, output }) => {
    const large = () => batchOf(COLUMNS, [[1, "x".repeat(3 * 1024 * 1024)]]);
    const [first, second] = ["a", "b"].map((name) =>
      client.openWriter(output(name), () => {}, TUNING.memory)
    );
    await first.write(large());
    first.abort();
    for (let i = 0; i < 4; i++) await second.write(large());
    second.finish();
    equal((await second.result).parts[0].rows, 4);
  }));

Deno.test("worker: what fails while encoding reaches the caller with its code, not as a hang", () =>
  inPlace(0, async ({ client, output }) => {
    const nowhere = { ...output("a"), stagedPath: "/nowhere/at/all" };
    const writer = client.openWriter(nowhere, () => {}, TUNING.memory);
    const write = async () => {
      for (let i = 0; i < 100; i++) await writer.write(batch(0, 10));
    };
    await rejects(Promise.all([writer.result, write()]), { code: "DESTINATION_NOT_FOUND" });
  }));

Deno.test("worker: an extraction connects by itself, and keeps its connection for the next", () =>
  inPlace(25, async ({ client, server, output }) => {
    for (
      const [name, sql, rows] of [
        ["a", 'SELECT 1 WHERE "id" BETWEEN 1 AND 20', 20],
        ["b", 'SELECT 1 WHERE "id" BETWEEN 21 AND 40', 5],
      ] as const
    ) {
      const result = await client.extract(CONNECT, job(sql), output(name), () => {}, GO);
      deepEqual([result.rows, result.parts[0]?.rows], [rows, rows]);
    }
    equal(server.connects, 1);
    ok(await client.release());
    await client.extract(CONNECT, job("SELECT 1"), output("c"), () => {}, GO);
    equal(server.connects, 2, "released: the connection was closed");
  }));

Deno.test("worker: an extraction that loses its connection is told so, and leaves no file", () =>
  inPlace(25, async ({ client, server, output, files }) => {
    let batches = 0;
    server.onBatch = () => {
      if (++batches < 2) return;
      throw new SourceError("SOURCE_DISCONNECTED", "gone", { category: "disconnect" });
    };
    await rejects(client.extract(CONNECT, job("SELECT 1"), output("a"), () => {}, GO), {
      code: "SOURCE_DISCONNECTED",
      category: "disconnect",
    });
    deepEqual(files(), []);
    server.onBatch = () => {};
    await client.extract(CONNECT, job("SELECT 1"), output("b"), () => {}, GO);
    equal(server.connects, 2);
  }));

Deno.test("worker: an abort ends an extraction at its next batch", () =>
  inPlace(1000, async ({ client, server, output, files }) => {
    const stop = new AbortController();
    let batches = 0;
    server.onBatch = async () => {
      if (++batches === 3) stop.abort();
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    const extraction = client.extract(CONNECT, job("SELECT 1"), output("a"), () => {}, stop.signal);
    await rejects(extraction, { code: "INTERRUPTED" });
    ok(batches < 10, `${batches} of 100 batches were read`);
    deepEqual(files(), []);
  }));

Deno.test("worker: a signal that is aborted already asks the Worker for nothing", () =>
  inPlace(10, async ({ client, server, thread, output }) => {
    const stopped = AbortSignal.abort();
    await rejects(client.extract(CONNECT, job("SELECT 1"), output("a"), () => {}, stopped), {
      code: "INTERRUPTED",
    });
    deepEqual(thread.received, ["init"]);
    equal(server.connects, 0);
  }));

Deno.test("worker: one that dies fails what it was doing and all that comes after", () =>
  inPlace(10, async ({ client, thread, server, output }) => {
    server.onBatch = () => new Promise(() => {});
    const extraction = client.extract(CONNECT, job("SELECT 1"), output("a"), () => {}, GO);
    const failed = rejects(extraction, {
      code: "INTERNAL",
      message: /a worker stopped: no memory/,
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    thread.crash("no memory");
    await failed;
    await rejects(client.openWriter(output("b"), () => {}, TUNING.memory).result, {
      code: "INTERNAL",
    });
    equal(await client.release(), false);
  }));

Deno.test("worker pool: a Worker is used again, a dead one is not", async () => {
  const threads: LocalThread[] = [];
  const pool = new WorkerPool(() => {
    const nothing = () => Promise.reject(new Error("not expected"));
    const thread = new LocalThread({ source: nothing, format: nothing, destination: nothing });
    threads.push(thread);
    return new WorkerClient(thread);
  });
  const first = pool.take();
  await pool.give(first);
  equal(pool.take(), first);
  await pool.give(first);
  threads[0].crash("gone");
  const again = pool.take();
  await pool.give(again);
  const second = pool.take();
  equal(threads.length, 2);
  await pool.give(second);
  pool.close();
  deepEqual(threads.map(({ terminated }) => terminated), [false, true]);
});
