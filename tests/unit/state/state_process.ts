/**
 * Another process on the same state, started by `tests/conformance/state.ts`. The first argument is the
 * state's folder, the second what to do; RIVET_STATE_URL picks the backend.
 */
import { join } from "node:path";
import type { StateStore } from "../../../core/ports/state.ts";
import { openState, STATE_FILE } from "../../../state/open.ts";
import { connectPostgres } from "../../../state/postgres/connection.ts";
import { connectSqlite } from "../../../state/sqlite/connection.ts";

const [dir, command, ...rest] = Deno.args;
const POLL_MS = 10;

function open(): Promise<StateStore> {
  return openState({ dir, env: (name) => Deno.env.get(name), warn: console.error });
}

/** Says that it is there in the journal, and waits until `count` processes are. */
async function meet(store: StateStore, count: number): Promise<void> {
  const runId = `started_${Deno.pid}`;
  const at = new Date().toISOString();
  await store.appendJournal([{ runId, exportName: "meet", seq: 1, at, event: "here", data: "{}" }]);
  while ((await store.journal({ exportName: "meet" })).length < count) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function claim(store: StateStore, runId: string, processes: number): Promise<void> {
  await meet(store, processes);
  for (;;) {
    const task = await store.claimChunkTask(runId);
    if (task === null) return;
    console.log(task.chunkIndex);
    // As a real chunk does, it leaves the state alone for a moment.
    await new Promise((resolve) => setTimeout(resolve, 1));
    await store.completeChunkTask(runId, task.chunkIndex, {
      rowsWritten: 1,
      parts: "[]",
      checksum: null,
    });
  }
}

/** Commits every `processes`-th number from `first` on, and checks that the boundary is never below it. */
async function commit(
  store: StateStore,
  first: number,
  processes: number,
  times: number,
): Promise<void> {
  await meet(store, processes);
  for (let value = first; value < first + times * processes; value += processes) {
    await store.commitProgress({
      exportName: "orders",
      strategy: "incremental",
      value: String(value),
      runId: String(Deno.pid),
      at: new Date().toISOString(),
    });
    const [{ committedValue }] = await store.progressions("orders");
    if (Number(committedValue) < value) throw new Error(`${value} fell back to ${committedValue}`);
  }
}

/** Writes inside a transaction, prints `writing`, and never commits. */
async function hangInWrite(): Promise<void> {
  const url = Deno.env.get("RIVET_STATE_URL");
  const db = url ? connectPostgres(url) : await connectSqlite(join(dir, STATE_FILE));
  await db.transaction(async (tx) => {
    await tx.run("UPDATE export_state SET cursor_value = '2'");
    await tx.run("UPDATE chunk_task SET status = 'completed'");
    console.log("writing");
    // A pending timer keeps the process alive until it is killed.
    await new Promise(() => setInterval(() => undefined, 1_000));
  });
}

if (command === "hang-in-write") {
  await hangInWrite();
} else {
  const store = await open();
  switch (command) {
    case "open":
      console.log("opened");
      break;
    case "claim":
      await claim(store, rest[0], Number(rest[1]));
      break;
    case "commit":
      await commit(store, Number(rest[0]), Number(rest[1]), Number(rest[2]));
      break;
    default:
      throw new Error(`unknown command ${command}`);
  }
  await store.close();
}
