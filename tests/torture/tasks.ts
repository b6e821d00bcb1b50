/**
 * One sealed plan, applied by several processes that are killed (SIGKILL), or stopped for longer than their
 * lease and continued, at random: the manifest holds the source's rows, each chunk was committed once, the
 * finish was done once, and no part lies beside the data but in the quarantine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openPostgres } from "../../state/open.ts";
import { parsePartName } from "../../core/manifest/names.ts";
import type { Manifest } from "../../core/manifest/manifest.ts";
import { endOf } from "../support/pulse.ts";
import { queryDuckdb } from "../support/readers.ts";
import { MAIN, withConfig } from "../support/rivet.ts";

/** `task`: each process has a share, and a finish follows; `claim`: each takes what is left. */
export type TaskForm = "task" | "claim";

export interface TaskTorture {
  readonly source: { readonly url: string; sql(text: string): Promise<unknown> };
  readonly stateUrl: string;
  readonly form: TaskForm;
  readonly processes: number;
  readonly rows: number;
  readonly chunkSize: number;
  readonly leaseSeconds: number;
  /** For how long processes are killed and stopped. */
  readonly chaosMs: number;
  readonly seed: number;
}

export interface TaskTortured {
  readonly killed: number;
  readonly stopped: number;
  /** Claims that another worker had taken over when they were to be committed. */
  readonly taken: number;
}

const TABLE = "shared";
const RESTARTS = 200;
const PAUSE_MS = { least: 100, most: 700 };

async function fill({ source, rows }: TaskTorture): Promise<void> {
  await source.sql(`DROP TABLE IF EXISTS ${TABLE}`);
  await source.sql(
    `CREATE TABLE ${TABLE} AS SELECT i AS id, md5(i::text) AS payload
     FROM generate_series(1, ${rows}) AS i`,
  );
  await source.sql(`ALTER TABLE ${TABLE} ADD PRIMARY KEY (id)`);
}

const configText = ({ source, chunkSize }: TaskTorture) =>
  `source: {type: postgres, url_env: TORTURE_URL, tls: {mode: disable}}
exports:
  - {name: ${TABLE}, table: ${TABLE}, mode: chunked, chunk_column: id, chunk_size: ${chunkSize},
     tuning: {throttle_ms: 20, max_retries: 1, retry_backoff_ms: 50},
     destination: {type: local, path: ./out}}
# ${new URL(source.url).pathname}
`;

/** One process after another, until one has done its work. */
class Slot {
  readonly #args: readonly string[];
  readonly #dir: string;
  readonly #env: Record<string, string>;
  #child: Deno.ChildProcess | null = null;
  #stopped = false;
  /** The process was stopped at some time: the server may have ended its session since. */
  #wasStopped = false;
  readonly done: Promise<void>;

  constructor(dir: string, env: Record<string, string>, args: readonly string[]) {
    [this.#dir, this.#env, this.#args] = [dir, env, args];
    this.done = this.#work();
  }

  async #work(): Promise<void> {
    for (let tries = 0; tries < RESTARTS; tries++) {
      const child = this.#child = spawn(this.#dir, this.#env, this.#args);
      const { code, signal, stderr } = await endOf(child);
      const lost = this.#wasStopped && /STATE_UNAVAILABLE|cannot use the state/;
      this.#child = null;
      this.#stopped = this.#wasStopped = false;
      if (code === 0) return;
      const printed = new TextDecoder().decode(stderr);
      assert.ok(
        signal === "SIGKILL" || /LEASE_LOST|is no longer ours|LEASE_HELD/.test(printed) ||
          lost && lost.test(printed),
        printed,
      );
    }
    throw new Error(`${this.#args.join(" ")} did not end in ${RESTARTS} tries`);
  }

  /** Whether there was a process to do it to. */
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean {
    if (this.#child === null) return false;
    if (name === "SIGSTOP" && this.#stopped) return false;
    try {
      this.#child.kill(name);
    } catch (error) {
      // It ended a moment ago, and who waits for it has not been told yet.
      if (error instanceof TypeError || error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
    this.#stopped = name === "SIGSTOP";
    this.#wasStopped ||= this.#stopped;
    return true;
  }
}

function spawn(
  dir: string,
  env: Record<string, string>,
  args: readonly string[],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    cwd: dir,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** @returns what was done, once everything goes on again. */
async function chaos(slots: readonly Slot[], one: TaskTorture) {
  let state = one.seed * 7919 + 17;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  let [killed, stopped] = [0, 0];
  const sleeping: Promise<void>[] = [];
  const until = performance.now() + one.chaosMs;
  let all = false;
  void Promise.allSettled(slots.map((slot) => slot.done)).then(() => all = true);
  while (performance.now() < until && !all) {
    await later(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
    const slot = slots[Math.floor(random() * slots.length)];
    if (random() < 0.6) {
      if (slot.signal("SIGKILL")) killed++;
    } else if (slot.signal("SIGSTOP")) {
      stopped++;
      const ms = one.leaseSeconds * 1000 * (0.3 + random() * 1.7);
      sleeping.push(later(ms).then(() => void slot.signal("SIGCONT")));
    }
  }
  await Promise.all(sleeping);
  return { killed, stopped };
}

async function ended(dir: string, env: Record<string, string>, args: readonly string[]) {
  const { code, stderr } = await endOf(spawn(dir, env, args));
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

const PLAN = "plan.json";

/** Tortures one run of one plan, and compares with the source. */
export async function tortureTasks(one: TaskTorture): Promise<TaskTortured> {
  await fill(one);
  const env = {
    TORTURE_URL: one.source.url,
    RIVET_STATE_URL: one.stateUrl,
    RIVET_LEASE_SECONDS: String(one.leaseSeconds),
  };
  return await withConfig(configText(one), async (dir) => {
    await ended(dir, env, ["plan", "-c", "rivet.yaml", "--format", "json", "-o", PLAN]);
    const flags = (i: number) =>
      one.form === "claim" ? ["--claim"] : ["--task", `${i}/${one.processes}`];
    const slots = Array.from(
      { length: one.processes },
      (_, i) => new Slot(dir, env, ["apply", PLAN, ...flags(i)]),
    );
    const done = await chaos(slots, one);
    await Promise.all(slots.map((slot) => slot.done));
    const finish = ["apply", PLAN, "--finish"];
    // Two at once: one finishes, the other finds it done. Then one more, which moves leftovers aside.
    if (one.form === "task") await Promise.all([1, 2].map(() => ended(dir, env, finish)));
    await ended(dir, env, finish);
    return { ...done, taken: await compare(one, join(dir, "out")) };
  });
}

async function compare(one: TaskTorture, out: string): Promise<number> {
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(join(out, "manifest.json")));
  const parts = manifest.parts.filter(({ status }) => status === "committed");
  const files = parts.map(({ path }) => `'${join(out, path)}'`).join(", ");
  const [got] = await queryDuckdb(
    `SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(id) AS total,
       count(*) FILTER (payload = md5(id::text)) AS whole FROM read_parquet([${files}])`,
  );
  const { rows } = one;
  assert.deepEqual(
    [got.n, got.ids, got.total, got.whole].map(Number),
    [rows, rows, rows * (rows + 1) / 2, rows],
  );
  const listed = await Array.fromAsync(Deno.readDir(out), ({ name }) => name);
  const orphans = listed.filter((name) =>
    parsePartName(TABLE, name) !== null && !parts.some(({ path }) => path === name)
  );
  assert.deepEqual(orphans, [], "a part lies beside the data");
  assert.ok(listed.includes("_SUCCESS"));
  const state = await openPostgres(one.stateUrl);
  try {
    const tasks = await state.chunkTasks(manifest.run_id);
    assert.equal(tasks.length, Math.ceil(rows / one.chunkSize));
    const recorded = tasks.flatMap(({ status, parts }) => {
      assert.equal(status, "completed");
      return (JSON.parse(parts ?? "[]") as { path: string; status?: string }[])
        .filter((part) => part.status === undefined);
    });
    assert.equal(recorded.length, tasks.length, "each chunk was committed once");
    assert.deepEqual(recorded.map((p) => p.path).sort(), parts.map((p) => p.path).sort());
    const metrics = await state.metrics({ exportName: TABLE });
    const finished = metrics.filter(({ status }) => status === "success");
    assert.ok(finished.length <= 1, "the finish was done once");
    assert.ok((await state.chunkRun(manifest.run_id))?.finishedAt);
    const journal = await state.journal({ runId: manifest.run_id });
    const events = journal.flatMap((run) => run.events);
    const successes = events.filter(({ event, data }) =>
      event === "finished" && JSON.parse(data).status === "success"
    );
    assert.ok(successes.length <= 1, "the finish was done once");
    return events.filter(({ event }) => event === "chunk_taken").length;
  } finally {
    await state.close();
  }
}
