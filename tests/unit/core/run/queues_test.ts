import { deepEqual, equal, rejects } from "node:assert/strict";
import { RivetError, StateError } from "../../../../core/base/errors.ts";
import type { PlannedChunk } from "../../../../core/plan/strategy.ts";
import type {
  ChunkCompletion,
  ChunkTask,
  FileRecord,
  LeasedState,
} from "../../../../core/ports/state.ts";
import { Journal } from "../../../../core/run/journal.ts";
import { CheckpointQueue } from "../../../../core/run/queues.ts";
import type { PartRecord } from "../../../../core/manifest/parts.ts";
import type { Unit, UnitResult } from "../../../../core/run/units.ts";
import { leasedState } from "../../../support/lease.ts";
import { RUN_ID, task } from "../reconcile/reconcile_support.ts";

const unit = (index: number): Unit => ({
  chunkIndex: index,
  label: `chunk ${index}`,
  spec: { kind: "statement", sql: "" },
});

const toUnit = ({ index }: PlannedChunk): Unit => unit(index);

function result(fields: Partial<UnitResult> = {}): UnitResult {
  const nothing = { lastValue: null, dropped: 0, lastTies: null };
  return { ...nothing, rows: 10, checksum: null, parts: [], files: [], ...fields };
}

interface Recording {
  readonly calls: string[];
  readonly done: ChunkCompletion[];
  queue(rewrites?: ReadonlyMap<number, readonly PartRecord[]>): CheckpointQueue;
}

function recording(
  tasks: readonly ChunkTask[],
  options: {
    progressionFails?: boolean;
    slow?: number;
    until?: Promise<void>;
    next?: ChunkTask[];
  } = {},
): Recording {
  const calls: string[] = [];
  const done: ChunkCompletion[] = [];
  const note = (call: string) => {
    calls.push(call);
    return Promise.resolve();
  };
  const state: Partial<LeasedState> = {
    completeChunkTask: async (_run, index, completion, also = {}) => {
      done.push(completion);
      const logged = (also.files ?? []).map((file) => `log ${file.fileName}, `).join("");
      const moved = also.progress === undefined ? "" : `, commit ${also.progress.value}`;
      await note(`${logged}complete ${index}${moved}`);
      if (options.progressionFails && (moved !== "" || logged !== "")) {
        throw new Error("the progression cannot be written");
      }
      if (index === options.slow) await options.until;
      return options.next?.shift() ?? null;
    },
    claimChunkTask: async (_run, from) => {
      await note(`claim from ${from}`);
      return options.next?.shift() ?? null;
    },
    logFile: ({ fileName }) => note(`log ${fileName}`),
    replaceChunkResult: (_run, index, completion) => {
      done.push(completion);
      return note(`replace ${index}`);
    },
    commitProgress: async ({ value }) => {
      await note(`commit ${value}`);
      if (options.progressionFails) throw new Error("the state is gone");
      return true;
    },
  };
  return {
    calls,
    done,
    queue(rewrites = new Map()) {
      const ids = { runId: RUN_ID, exportName: "orders" };
      const journal = new Journal(RUN_ID, "orders");
      return new CheckpointQueue(leasedState(state), ids, journal, toUnit, { tasks, rewrites });
    },
  };
}

const pending = (index: number) => task(index, { status: "pending", rowsWritten: null });

Deno.test("PG2: committed follows the chunk task, up to where no chunk is missing", async () => {
  const { calls, queue } = recording([0, 1, 2, 3].map(pending));
  const q = queue();
  for (const index of [1, 0, 3, 2]) await q.completed(unit(index), result());
  deepEqual(calls, [
    "complete 1",
    "complete 0, commit 1",
    "complete 3",
    "complete 2, commit 3",
  ]);
});

Deno.test("PG2: a resumed run goes on where the first attempt's chunks end", async () => {
  const { calls, queue } = recording([task(0), pending(1), task(2), pending(3)]);
  const q = queue();
  await q.completed(unit(3), result());
  await q.completed(unit(1), result());
  deepEqual(calls, ["complete 3, commit 0", "complete 1, commit 3"]);
});

Deno.test("I7, PG7: a progression that cannot be written does not fail the chunk", async () => {
  const { calls, queue } = recording([pending(0)], { progressionFails: true });
  await queue().completed(unit(0), result());
  deepEqual(calls, ["complete 0, commit 0", "complete 0", "commit 0"]);
});

const parts = (fileName: string) => [{ fileName } as FileRecord];

Deno.test("I2: what is to be logged is written with its chunk, or by itself where that fails", async () => {
  const { calls, queue } = recording([pending(0)]);
  await queue().completed(unit(0), result({ files: parts("a") }));
  deepEqual(calls, ["log a, complete 0, commit 0"]);
  const failing = recording([pending(0)], { progressionFails: true });
  await failing.queue().completed(unit(0), result({ files: parts("a") }));
  deepEqual(failing.calls, ["log a, complete 0, commit 0", "complete 0", "log a", "commit 0"]);
});

Deno.test("I2: a chunk that is written again is logged before it is replaced", async () => {
  const { calls, queue } = recording([task(0)]);
  const q = queue(new Map([[0, []]]));
  await q.next();
  await q.completed(unit(0), result({ files: parts("a") }));
  deepEqual(calls, ["log a", "replace 0"]);
});

Deno.test("I5: the end of a chunk claims the next one, and each is handed out once", async () => {
  const { calls, queue } = recording([0, 1, 2].map(pending), { next: [0, 1, 2].map(pending) });
  const q = queue();
  equal((await q.next())?.chunkIndex, 0);
  equal((await q.next())?.chunkIndex, 1);
  await q.completed(unit(0), result());
  equal((await q.next())?.chunkIndex, 2);
  equal(await q.next(), null);
  deepEqual(calls, ["claim from 0", "claim from 0", "complete 0, commit 0", "claim from 2"]);
});

Deno.test("PG2: of two chunks that end at the same time the later one moves the boundary over both", async () => {
  const { promise: until, resolve } = Promise.withResolvers<void>();
  const { calls, queue } = recording([0, 1].map(pending), { slow: 0, until });
  const q = queue();
  const first = q.completed(unit(0), result());
  await q.completed(unit(1), result());
  deepEqual(calls, ["complete 0, commit 0", "complete 1"], "0 may still fail");
  resolve();
  await first;
  deepEqual(calls, ["complete 0, commit 0", "complete 1", "commit 1"]);
});

Deno.test("RR4: a chunk that is written again is replaced, not committed", async () => {
  const old: PartRecord = {
    ...{ path: "old", rows: 10, sizeBytes: 1, fingerprint: "f", md5: "m", chunkIndex: 1 },
    status: "superseded",
  };
  const { calls, done, queue } = recording([task(0), task(1)]);
  const q = queue(new Map([[1, [old]]]));
  equal((await q.next())?.chunkIndex, 1);
  const { status: _, ...fresh } = { ...old, path: "new" };
  await q.completed(unit(1), result({ rows: 11, checksum: "77", parts: [fresh] }));
  deepEqual(calls, ["replace 1"]);
  deepEqual(done, [{ rowsWritten: 11, parts: JSON.stringify([old, fresh]), checksum: "77" }]);
});

Deno.test("a chunk's checksum is kept with its row count", async () => {
  const { done, queue } = recording([pending(0)]);
  await queue().completed(unit(0), result({ rows: 7, checksum: "123456789012345678901" }));
  deepEqual(done, [{ rowsWritten: 7, parts: "[]", checksum: "123456789012345678901" }]);
});

Deno.test("I5: an interrupted chunk has not failed", async () => {
  const { calls, queue } = recording([pending(0)]);
  await queue().failed(unit(0), new RivetError("INTERRUPTED", "interrupted"));
  deepEqual(calls, []);
});

Deno.test("a run whose state is lost still knows what the destination has accepted", async () => {
  const part: PartRecord = {
    ...{ path: "a", rows: 10, sizeBytes: 1, fingerprint: "f", md5: "m", chunkIndex: 0 },
  };
  const lost = () => Promise.reject(new StateError("STATE_UNAVAILABLE", "the state is gone"));
  const state = leasedState({ claimChunkTask: lost, completeChunkTask: lost, chunkTasks: lost });
  const ids = { runId: RUN_ID, exportName: "orders" };
  const tasks = [pending(0), task(1, { rowsWritten: 7, parts: "[]" }), pending(2)];
  const queue = new CheckpointQueue(state, ids, new Journal(RUN_ID, "orders"), toUnit, { tasks });
  await rejects(queue.completed(unit(0), result({ parts: [part] })), { code: "STATE_UNAVAILABLE" });
  deepEqual(await queue.outcome(), { rows: 17, parts: [part] });
});
