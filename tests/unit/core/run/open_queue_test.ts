/** A chunk run that is begun, refused, or taken up where an earlier process left it (I5, I6, M8). */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { dialect } from "../../../../adapters/sources/postgres/dialect.ts";
import type { LeasedState } from "../../../../core/ports/state.ts";
import type { PlannedRun } from "../../../../core/run/plan_run.ts";
import { openChunkRun, unfinishedRun } from "../../../../core/run/checkpoint.ts";
import { openQueue } from "../../../../core/run/open_queue.ts";
import type { RunQueue } from "../../../../core/run/queues.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import { RUN_ID, type TestRun, withRun } from "../../../support/run_context.ts";
import { keys, put } from "../manifest/support.ts";
import { chunkedStrategy } from "./chunks.ts";

const CHUNKED = {
  ...{ mode: "chunked", chunk_column: "id", chunk_size: 10, chunk_checkpoint: true },
};

const NEW_RUN = { runId: RUN_ID, exportName: "orders", maxAttempts: 2 };

function plannedOf(chunks: number): PlannedRun {
  const description = { columns: [], selectList: ['_rivet."id"'] };
  const strategy = chunkedStrategy(chunks);
  const plan = { base: "", description, estimatedRows: 10 * chunks, strategy, stages: {} };
  return { plan, dialect } as unknown as PlannedRun;
}

/** Claims the next chunk and completes it with `parts`. */
async function complete(state: LeasedState, parts: readonly PartRecord[]): Promise<void> {
  const task = await state.claimChunkTask(RUN_ID);
  await state.completeChunkTask(RUN_ID, task?.chunkIndex ?? -1, {
    rowsWritten: 10,
    parts: JSON.stringify(parts),
    checksum: null,
  });
}

const nameOf = (chunk: number) => `orders_20260329_125110_chunk${chunk}.lines`;

/** Two of three chunks are done; the third was being read when the process died. */
async function leaveOpen({ ctx, destination }: TestRun): Promise<void> {
  await openChunkRun(ctx.state, NEW_RUN, chunkedStrategy(3), null);
  for (const chunkIndex of [0, 1]) {
    await complete(ctx.state, [
      await put(destination, nameOf(chunkIndex), "abc", { chunkIndex }),
    ]);
  }
  await ctx.state.claimChunkTask(RUN_ID);
}

async function resumed(run: TestRun): Promise<RunQueue> {
  const open = await unfinishedRun(run.ctx.state, run.ctx.exported, true);
  return await openQueue(run.ctx, plannedOf(3), open);
}

async function claimed(queue: RunQueue): Promise<(number | null)[]> {
  const found: (number | null)[] = [];
  for (let unit = await queue.next(); unit !== null; unit = await queue.next()) {
    found.push(unit.chunkIndex);
  }
  return found;
}

Deno.test("checkpoint: an unfinished run refuses a fresh one, and --resume finds it", () =>
  withRun(CHUNKED, async (run) => {
    const { state, exported } = run.ctx;
    equal(await unfinishedRun(state, exported, false), null);
    equal(await unfinishedRun(state, exported, true), null);
    await leaveOpen(run);
    await rejects(unfinishedRun(state, exported, false), { code: "CHECKPOINT_OPEN" });
    equal((await unfinishedRun(state, exported, true))?.runId, RUN_ID);
  }));

Deno.test("resume: the one chunk that is open is read, and the finished ones count", () =>
  withRun(CHUNKED, async (run) => {
    await leaveOpen(run);
    const queue = await resumed(run);
    deepEqual(run.ctx.tracker.chunks, { done: 2, total: 3 });
    deepEqual(await claimed(queue), [2]);
    await rejects(queue.close(), /2/);
    const { rows, parts } = await queue.outcome();
    deepEqual([rows, parts.map(({ path }) => path)], [20, [nameOf(0), nameOf(1)]]);
  }));

Deno.test("resume, M8: a finished chunk whose part is gone is read again, before what is open", () =>
  withRun(CHUNKED, async (run) => {
    await leaveOpen(run);
    run.destination.remove(nameOf(1));
    const queue = await resumed(run);
    deepEqual(run.ctx.tracker.chunks, { done: 1, total: 3 });
    deepEqual(await claimed(queue), [1, 2]);
    match(run.warnings.join("\n"), /_chunk1\.lines is gone; chunk 1 is written again/);
  }));

Deno.test("resume, M8: a part that no task knows is set aside", () =>
  withRun(CHUNKED, async (run) => {
    await leaveOpen(run);
    await put(run.destination, nameOf(2), "half a run");
    await resumed(run);
    const there = await keys(run.destination);
    deepEqual(there, [`_quarantine/${RUN_ID}/${nameOf(2)}`, nameOf(0), nameOf(1)]);
  }));

Deno.test("resume: a run of another plan is refused, and stays as it is", () =>
  withRun(CHUNKED, async (run) => {
    await leaveOpen(run);
    const open = await unfinishedRun(run.ctx.state, run.ctx.exported, true);
    const other = chunkedStrategy(3, "another plan");
    await rejects(openChunkRun(run.ctx.state, NEW_RUN, other, open), {
      code: "CHECKPOINT_MISMATCH",
    });
    equal((await run.state.chunkTasks(RUN_ID))[2].status, "running");
  }));

Deno.test("resume: a chunk that had no attempts left gets new ones", () =>
  withRun(CHUNKED, async (run) => {
    await openChunkRun(run.ctx.state, { ...NEW_RUN, maxAttempts: 1 }, chunkedStrategy(1), null);
    await run.ctx.state.claimChunkTask(RUN_ID);
    await run.ctx.state.failChunkTask(RUN_ID, 0, "gone");
    equal(await run.ctx.state.claimChunkTask(RUN_ID), null);
    const open = await unfinishedRun(run.ctx.state, run.ctx.exported, true);
    deepEqual(await claimed(await openQueue(run.ctx, plannedOf(1), open)), [0]);
  }));

Deno.test("queue: without a checkpoint nothing is put into the state", () =>
  withRun({ ...CHUNKED, chunk_checkpoint: false }, async (run) => {
    const queue = await openQueue(run.ctx, plannedOf(3), null);
    deepEqual(await claimed(queue), [0, 1, 2]);
    equal(await run.state.latestChunkRun("orders"), null);
  }));

Deno.test("queue: what was claimed and not finished goes back when the process ends", () =>
  withRun(CHUNKED, async (run) => {
    const queue = await openQueue(run.ctx, plannedOf(2), null);
    await queue.next();
    await queue.release();
    deepEqual((await run.state.chunkTasks(RUN_ID)).map(({ status }) => status), [
      "pending",
      "pending",
    ]);
  }));
