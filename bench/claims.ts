/**
 * What a PostgreSQL state bears when many workers share one run:
 *
 *   deno run -A bench/claims.ts [--chunks 100000] [--workers 1,10,100,1000] [--rate 300] [--seconds 20]
 *
 * Workers are loops over the product's state port; each claims a chunk, "reads" it for a while and commits
 * it. They share a pool of connections, because a machine has only so many, and rest between two chunks so
 * long that all of them together ask for `--rate` chunks a second; with `--rate 0` they do not rest, which
 * shows the most that the server bears. A round ends when every chunk is done, or after `--seconds`. The
 * time of a claim is from the call to its answer, a wait for a connection included.
 *
 * Needs a PostgreSQL with a session per connection (RIVET_TEST_POSTGRES_URL, else one of this machine).
 */
import postgres from "postgres";
import type { StateStore, TaskState } from "../core/ports/state.ts";
import { openPostgres } from "../state/open.ts";
import { createDatabase, testPostgres } from "../tests/support/postgres.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const { values: flags } = scriptArgs(import.meta.url, {
  chunks: { type: "string", default: "100000" },
  workers: { type: "string", default: "1,10,100,1000" },
  rate: { type: "string", default: "300" },
  seconds: { type: "string", default: "20" },
  stores: { type: "string", default: "16" },
});

const CHUNKS = numberOf(import.meta.url, flags.chunks, 1);
const SECONDS = numberOf(import.meta.url, flags.seconds, 1);
const LEASE_MS = 120_000;
const SAMPLE_MS = 50;
const ALL = { index: 0, of: 1 };

/** What a chunk leaves in the state, as long as that of a real part. */
const PARTS = JSON.stringify([{
  path: "orders_20260131_100000_chunk12345.parquet",
  rows: 500_000,
  size_bytes: 12_345_678,
  content_fingerprint: "xxh3:0123456789abcdef",
  content_md5: "1B2M2Y8AsgTpgAmY7PhCfg==",
  part_id: 1,
}]);

interface Round {
  readonly claims: number;
  readonly seconds: number;
  readonly claimMs: readonly number[];
  readonly commitMs: readonly number[];
  readonly waiting: Waiting;
}

/** Sessions of the state that wait for a lock, looked at every 50 ms. */
interface Waiting {
  readonly looks: number;
  readonly mean: number;
}

async function withServer(work: (url: string) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  try {
    console.log(`state: ${server.description}`);
    const db = await createDatabase({ url: server.url });
    try {
      await work(db.url);
    } finally {
      await db.drop();
    }
  } finally {
    await server.stop();
  }
}

async function withStores(url: string, work: (stores: StateStore[]) => Promise<void>) {
  const stores: StateStore[] = [];
  try {
    for (let i = 0; i < Number(flags.stores); i++) stores.push(await openPostgres(url));
    await work(stores);
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

async function newRun(store: StateStore, name: string): Promise<string> {
  const runId = `${name}_20260131T100000.000`;
  const answer = await store.acquireLease(name, LEASE_MS);
  if (answer.kind !== "granted") throw new Error(`${name} is held`);
  const { state } = answer;
  const tasks = Array.from({ length: CHUNKS }, (_, i) => ({
    chunkIndex: i,
    startKey: String(i * 1000),
    endKey: String(i * 1000 + 999),
  }));
  const run = { runId, exportName: name, planFingerprint: "bench", maxAttempts: 3, plan: "{}" };
  await state.createChunkRun({ ...run, planId: name }, tasks);
  await state.release();
  return runId;
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  into.push(performance.now() - started);
  return result;
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads chunks until none is left or time is up; the first one after a rest, so that they do not march. */
async function work(state: TaskState, chunkMs: number, until: number, round: {
  readonly claimMs: number[];
  readonly commitMs: number[];
}): Promise<void> {
  let from = 0;
  if (chunkMs > 0) await rest(Math.random() * chunkMs);
  while (performance.now() < until) {
    const task = await timed(round.claimMs, () => state.claim(ALL, from));
    if (task === null) return;
    from = task.chunkIndex;
    // A chunk takes half as long, or half as long again.
    if (chunkMs > 0) await rest(chunkMs * (0.5 + Math.random()));
    const claim = { chunkIndex: task.chunkIndex, attempts: task.attempts };
    const outcome = await timed(
      round.commitMs,
      () => state.commitClaim(claim, { rowsWritten: 500_000, parts: PARTS, checksum: null }),
    );
    if (outcome !== "committed") throw new Error(`chunk ${task.chunkIndex} is ${outcome}`);
  }
}

/** Looks at the server's sessions until it is stopped. */
function watchLocks(url: string): () => Promise<Waiting> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const seen: number[] = [];
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const [{ waiting }] = await sql`SELECT count(*)::int AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      seen.push(Number(waiting));
      await rest(SAMPLE_MS);
    }
    await sql.end();
  })();
  return async () => {
    stopped = true;
    await watching;
    const total = seen.reduce((sum, n) => sum + n, 0);
    return { looks: seen.length, mean: total / seen.length };
  };
}

async function round(
  url: string,
  stores: StateStore[],
  workers: number,
  rate: number,
): Promise<Round> {
  const name = `orders_${workers}_${rate}`;
  const runId = await newRun(stores[0], name);
  const states: TaskState[] = [];
  for (let i = 0; i < workers; i++) {
    const store = stores[i % stores.length];
    const worker = { worker: crypto.randomUUID(), task: "claim" };
    const answer = await store.joinRun(name, runId, worker, LEASE_MS);
    if (answer.kind !== "granted") throw new Error(`${name} is held`);
    states.push(answer.state);
  }
  const times = { claimMs: [] as number[], commitMs: [] as number[] };
  const stop = watchLocks(url);
  const started = performance.now();
  const chunkMs = rate === 0 ? 0 : workers * 1000 / rate;
  await Promise.all(states.map((s) => work(s, chunkMs, started + SECONDS * 1000, times)));
  const seconds = (performance.now() - started) / 1000;
  const waiting = await stop();
  for (const state of states) await state.release();
  return { claims: times.commitMs.length, seconds, ...times, waiting };
}

function percentile(values: readonly number[], p: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
  return value === undefined ? "-" : value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function line(
  workers: number,
  rate: number,
  { claims, seconds, waiting, ...times }: Round,
): string {
  const cells = [
    workers,
    rate > 0 ? rate : workers === 1 ? "all it can" : "all they can",
    Math.round(claims / seconds),
    percentile(times.claimMs, 0.5),
    percentile(times.claimMs, 0.99),
    percentile(times.commitMs, 0.5),
    waiting.mean.toFixed(1).replace(/\.0$/, ""),
  ];
  return `| ${cells.join(" | ")} |`;
}

await withServer((url) =>
  withStores(url, async (stores) => {
    console.log(
      `\n${CHUNKS} chunks, at most ${SECONDS} s a round, ${
        2 * Number(flags.stores)
      } connections\n\n` +
        // The table of docs/scale.md.
        "| workers | asked for, chunks/s | chunks/s | claim p50 ms | claim p99 ms | commit p50 ms | " +
        "sessions waiting for a lock |\n" +
        "|---:|---:|---:|---:|---:|---:|---:|",
    );
    for (const workers of flags.workers.split(",").map(Number)) {
      for (const rate of new Set([Number(flags.rate), 0])) {
        console.log(line(workers, rate, await round(url, stores, workers, rate)));
      }
    }
  })
);
