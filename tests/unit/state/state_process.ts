/**
 * Another process on the same state, started by `tests/conformance/state.ts`. The first argument is the
 * state's folder, the second what to do; RIVET_STATE_URL picks the backend.
 */
import { join } from "node:path";
import type { StateStore } from "../../../core/ports/state.ts";
import { openState, STATE_FILE } from "../../../state/open.ts";
import { connectPostgres } from "../../../state/postgres/connection.ts";
import { connectSqlite } from "../../../state/sqlite/connection.ts";
import { until } from "../../support/until.ts";

const [dir, command, ...rest] = Deno.args;
const POLL_MS = 10;
const LEASE_MS = 600_000;

function open(): Promise<StateStore> {
  return openState({ dir, env: (name) => Deno.env.get(name), warn: console.error });
}

/** Says that it is there in the journal, and waits until `count` processes are. */
async function meet(store: StateStore, count: number): Promise<void> {
  const runId = `started_${Deno.pid}`;
  const at = new Date().toISOString();
  await store.appendJournal([{ runId, exportName: "meet", seq: 1, at, event: "here", data: "{}" }]);
  const here = async () => (await store.journal({ exportName: "meet" })).length >= count;
  await until("the other processes", here, POLL_MS);
}

/** As often as asked: waits for the lease, and moves the cursor on by one under it. */
async function count(store: StateStore, times: number, processes: number): Promise<void> {
  await meet(store, processes);
  for (let done = 0; done < times;) {
    const answer = await store.acquireLease("orders", LEASE_MS);
    if (answer.kind === "held") {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      continue;
    }
    const { state } = answer;
    const cursor = String(Number((await state.cursor("orders"))?.cursor ?? 0) + 1);
    // As a real run does, it leaves the state alone for a moment.
    await new Promise((resolve) => setTimeout(resolve, 1));
    const updatedAt = new Date().toISOString();
    await state.saveCursor({ exportName: "orders", cursor, updatedAt, runId: String(Deno.pid) });
    await state.release();
    done++;
  }
}

/** Takes the lease, says so, and never gives it back. */
async function hold(store: StateStore): Promise<void> {
  const answer = await store.acquireLease("orders", LEASE_MS);
  if (answer.kind === "held") throw new Error("the lease is held");
  await answer.state.beginRun("orders_1");
  console.log("held");
  // A pending timer keeps the process alive until it is killed.
  await new Promise(() => setInterval(() => undefined, 1_000));
}

/** Claims a chunk of the shared run, says so, and never commits it. */
async function joinRun(store: StateStore): Promise<void> {
  const worker = { worker: "child", task: "claim" };
  const answer = await store.joinRun("orders", "orders_1", worker, LEASE_MS);
  if (answer.kind === "held") throw new Error("the lease is held");
  await answer.state.claim({ index: 0, of: 1 }, 0);
  console.log("claimed");
  await new Promise(() => setInterval(() => undefined, 1_000));
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
    case "count":
      await count(store, Number(rest[0]), Number(rest[1]));
      break;
    case "join":
      await joinRun(store);
      break;
    case "hold":
      await hold(store);
      break;
    default:
      throw new Error(`unknown command ${command}`);
  }
  await store.close();
}
