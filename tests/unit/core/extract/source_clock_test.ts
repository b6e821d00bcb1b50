import { deepEqual, equal, rejects } from "node:assert/strict";
import { PROFILES } from "../../../../core/config/tuning.ts";
import { PaceCell } from "../../../../core/extract/pace_cell.ts";
import { ReadClock } from "../../../../core/extract/read_clock.ts";
import { readJob } from "../../../../core/extract/read.ts";
import { MemoryServer } from "../../../support/memory_source.ts";

/** A read of 30 rows, in batches of 10: the longest statement that it leaves in the cell, and its times. */
async function read(kind: "statement" | "cursor", tuning = PROFILES.fast) {
  const server = new MemoryServer(30);
  const { now } = performance;
  let clock = 1_000;
  performance.now = () => clock;
  try {
    const source = await server.factory.connect({} as Parameters<typeof server.factory.connect>[0]);
    const { columns } = await source.describe("", new Map());
    server.onBatch = () => {
      clock += 40;
    };
    const cell = new PaceCell();
    const sink = () => {
      // The reader's own time.
      clock += 5_000;
      return Promise.resolve();
    };
    const { times } = await readJob(
      source,
      {
        spec: { kind, sql: "SELECT 1" },
        ...{ columns, watch: null, ties: null, checksum: false, maxFileBytes: null },
        tuning,
        pace: cell.memory,
      },
      sink,
      new AbortController().signal,
    );
    return { longest: cell.takeLongest(), times };
  } finally {
    performance.now = now;
  }
}

Deno.test("pace: a statement's time is the source's alone: of all of it, or of each step", async () => {
  equal((await read("statement")).longest, 120);
  equal((await read("cursor")).longest, 40);
});

Deno.test("read clock: what a read took of the source, without what the reader did", async () => {
  deepEqual((await read("statement")).times, { sourceMs: 120, longestMs: 120, restMs: 0 });
  deepEqual((await read("cursor")).times, { sourceMs: 120, longestMs: 40, restMs: 0 });
});

Deno.test("read clock: questions beside the rows and rests are told apart", async () => {
  const { now } = performance;
  let clock = 0;
  performance.now = () => clock;
  const after = (ms: number) => Promise.resolve().then(() => void (clock += ms));
  try {
    const times = new ReadClock(null);
    await times.asked(after(30));
    await times.rested(after(500));
    await rejects(times.asked(after(70).then(() => Promise.reject(new Error("lost")))), /lost/);
    deepEqual(times.times, { sourceMs: 100, longestMs: 70, restMs: 500 });
  } finally {
    performance.now = now;
  }
});
