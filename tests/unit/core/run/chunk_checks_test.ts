import { deepEqual, equal } from "node:assert/strict";
import { SourceSession } from "../../../../core/access/session.ts";
import { SourceError } from "../../../../core/base/errors.ts";
import type { Source, SourceFactory } from "../../../../core/ports/source.ts";
import { compareChunks } from "../../../../core/reconcile/compare_chunks.ts";
import { CheckedQueue } from "../../../../core/run/checked_queue.ts";
import { ChunkChecks } from "../../../../core/run/chunk_checks.ts";
import type { Unit, UnitQueue } from "../../../../core/run/units.ts";
import { answering, exportWith, SHAPE, task } from "../reconcile/reconcile_support.ts";

const UNIT_RESULT = {
  rows: 1000,
  dropped: 0,
  lastValue: null,
  lastTies: null,
  parts: [],
  files: [],
};

interface Setup {
  readonly checks: ChunkChecks;
  readonly asked: readonly string[];
  readonly abort: AbortController;
  readonly closed: () => number;
}

async function setUp(answer: (sql: string) => (string | null)[]): Promise<Setup> {
  const { source, asked } = answering(answer);
  let closed = 0;
  const close = () => Promise.resolve(void closed++);
  const connect = () => Promise.resolve({ ...source, close } as Source);
  const factory = { connect } as Partial<SourceFactory> as SourceFactory;
  const session = new SourceSession(
    () => Promise.resolve(factory),
    () => ({} as Parameters<SourceFactory["connect"]>[0]),
  );
  const abort = new AbortController();
  const description = await source.describe("", new Map());
  const exported = exportWith();
  const checks = new ChunkChecks(session, {
    ...{ exported, shape: SHAPE, description, signal: abort.signal },
  });
  return { checks, asked, abort, closed: () => closed };
}

const lower = (sql: string) => Number(/BETWEEN (\d+) AND/.exec(sql)?.[1]);
const unit = (chunkIndex: number) => ({ chunkIndex }) as Unit;

/** Takes what it is told. */
const QUEUE: UnitQueue = {
  reclaims: true,
  logsFiles: true,
  next: () => Promise.resolve(null),
  completed: () => Promise.resolve(),
  failed: () => Promise.resolve(),
};

Deno.test("chunks are asked about as they are finished, in the form of their checksum", async () => {
  const { checks, asked } = await setUp((sql) => ["1000", String(lower(sql))]);
  const chunks = [0, 1, 2].map((index) => {
    const { startKey: start, endKey: end } = task(index);
    return { index, start, end };
  });
  const queue = new CheckedQueue(QUEUE, chunks, checks);
  await queue.completed(unit(0), { ...UNIT_RESULT, checksum: "lookup3:1" });
  deepEqual([...await checks.answers()], [[0, { rows: 1000, checksum: "lookup3:1" }]]);
  await queue.completed(unit(2), { ...UNIT_RESULT, checksum: "5" });
  await queue.completed(unit(1), { ...UNIT_RESULT, checksum: "lookup3:1001" });
  const answers = await checks.answers();
  deepEqual([...answers.keys()], [0, 2, 1]);
  deepEqual(answers.get(2), { rows: 1000, checksum: "2001" });
  equal(asked.length, 3);
  await checks.end();
});

Deno.test("a chunk that is written again is asked about again", async () => {
  let count = 0;
  const { checks } = await setUp(() => [String(++count), "5"]);
  for (const rows of [1, 2]) {
    checks.add(task(0, { checksum: "5" }));
    deepEqual((await checks.answers()).get(0), { rows, checksum: "5" });
  }
  await checks.end();
});

Deno.test("what could not be asked beside the read is asked after it", async () => {
  const { checks, asked, closed } = await setUp((sql) => {
    if (lower(sql) > 1) throw new SourceError("SOURCE_DISCONNECTED", "gone");
    return ["1000", "5"];
  });
  const tasks = [0, 1, 2].map((index) => task(index, { checksum: "5" }));
  for (const chunk of tasks) checks.add(chunk);
  const known = await checks.answers();
  deepEqual([...known.keys()], [0]);
  equal(asked.length, 2);
  equal(closed(), 1);
  const later = answering(() => ["1000", "5"]);
  const description = await later.source.describe("", new Map());
  const { signal } = new AbortController();
  const partitions = await compareChunks((question) => question(later.source), {
    ...{ exported: exportWith(), shape: SHAPE, description, signal, tasks, known },
  });
  deepEqual(partitions.map((p) => p.status), ["match", "match", "match"]);
  equal(later.asked.length, 2);
  await checks.end();
});

Deno.test("a run that ends leaves nothing running", async () => {
  const { checks, asked, abort, closed } = await setUp(() => ["1000", "5"]);
  for (const index of [0, 1, 2]) checks.add(task(index, { checksum: "5" }));
  abort.abort();
  await checks.end();
  await checks.end();
  // The one that was on its way already.
  equal(asked.length <= 1, true);
  equal(closed() <= 1, true);
  checks.add(task(3));
  equal((await checks.answers()).has(3), false);
});
