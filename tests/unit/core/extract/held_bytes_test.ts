/** What a read holds of decoded rows while its encoder is slow, counted, under a large and a small budget. */
import { equal, ok } from "node:assert/strict";
import { BatchBuilder } from "../../../../core/batch/batch_builder.ts";
import { drainBuffers, dropBuffers } from "../../../../core/batch/buffers.ts";
import { type Batch, transferables } from "../../../../core/batch/batch.ts";
import { makeBuilder } from "../../../../core/batch/builders.ts";
import { resolveTuning } from "../../../../core/config/tuning.ts";
import type { OutputSpec } from "../../../../core/encode/part_writer.ts";
import { type ReadJob, readJob } from "../../../../core/extract/read.ts";
import type { ReadRequest, Source } from "../../../../core/ports/source.ts";
import type { WorkerThread } from "../../../../core/workers/thread.ts";
import { WorkerClient } from "../../../../core/workers/worker_client.ts";
import { column } from "../../../support/batches.ts";

const MIB = 1024 * 1024;
const ROWS = 60_000;
const VALUE = new Uint8Array(1000).fill(0x61);
const COLUMNS = [column("note", { kind: "text" }, false)];

interface Held {
  /** The most that was decoded and not yet encoded, the batch under way included. */
  peak: number;
  /** In buffers for further batches, at the end. */
  kept: number;
  rows: number;
}

/** Encodes a batch by waiting for a turn of the event loop, and hands its buffers back. */
function slowThread(waits: (bytes: number) => void): WorkerThread {
  const thread: WorkerThread = {
    onmessage: null,
    onerror: null,
    terminate: () => {},
    postMessage: (message, transfer) => {
      const { data } = new MessageEvent("message", {
        data: structuredClone(message, { transfer }),
      });
      if (data.type !== "batch") return;
      const batch: Batch = data.batch;
      waits(batch.byteLength);
      setTimeout(() => {
        waits(-batch.byteLength);
        const answer = {
          type: "encoded" as const,
          id: data.id,
          bytes: 0,
          buffers: transferables(batch),
        };
        thread.onmessage?.(new MessageEvent("message", { data: answer }));
      }, 1);
    },
  };
  return thread;
}

/** Rows into batches as the engines' readers make them. */
async function* batches(request: ReadRequest): AsyncGenerator<Batch, void> {
  const notes = makeBuilder("bytes");
  const limits = { bytes: request.batchBytes, rows: request.batchRows };
  const builder = new BatchBuilder(COLUMNS, [notes], limits);
  for (let row = 0; row < ROWS; row++) {
    notes.reserve(1);
    notes.reserveBytes(VALUE.length);
    notes.data.set(VALUE, notes.used);
    notes.used += VALUE.length;
    notes.offsets[++notes.length] = notes.used;
    if (builder.full) yield builder.finish();
  }
  if (builder.rows > 0) yield builder.finish();
}

async function held(budgetMb: number): Promise<Held> {
  const tuning = resolveTuning({ profile: "fast", memory_budget_mb: budgetMb });
  let waiting = 0;
  const found: Held = { peak: 0, kept: 0, rows: 0 };
  const client = new WorkerClient(slowThread((bytes) => waiting += bytes));
  const writer = client.openWriter({} as OutputSpec, () => {}, tuning.memory);
  const job = {
    spec: { kind: "statement", sql: "SELECT note" },
    ...{ columns: COLUMNS, watch: null, ties: null, checksum: false, maxFileBytes: null, tuning },
  } as Partial<ReadJob> as ReadJob;
  dropBuffers();
  await readJob({ read: batches } as Partial<Source> as Source, job, async (batch) => {
    found.rows += batch.rows;
    found.peak = Math.max(found.peak, waiting + batch.byteLength);
    await writer.write(batch);
  }, new AbortController().signal);
  found.kept = drainBuffers().reduce((sum, { byteLength }) => sum + byteLength, 0);
  return found;
}

Deno.test("held bytes: a budget without room for a reader makes what is decoded and kept smaller", async () => {
  const whole = await held(256);
  const small = await held(64);
  equal(whole.rows, ROWS);
  equal(small.rows, ROWS);
  // One batch under way, one being encoded and one behind it, each of its share and the row that ended it.
  ok(whole.peak > 8 * MIB && whole.peak <= 12.1 * MIB, `${whole.peak}`);
  ok(small.peak > MIB && small.peak <= 1.6 * MIB, `${small.peak}`);
  ok(whole.kept <= 16 * MIB, `${whole.kept}`);
  ok(small.kept <= 2 * MIB, `${small.kept}`);
});
