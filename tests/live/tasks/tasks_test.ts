/** One sealed plan, applied by several processes: `--task`, `--claim`, `--finish`. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Bench, onBench, range, type Result, SOURCE, succeeded } from "../plan/bench.ts";
import postgres from "postgres";
import { openPostgres } from "../../../state/open.ts";
import { onSessions, serverHasSessions, stateDatabase } from "../state/state_database.ts";
import { until } from "../../support/until.ts";

const ROWS = 1000;
const CHUNKS = 10;
const TABLE =
  `CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, ${ROWS});
  CREATE TABLE poison (id int)`;
const QUERY =
  "SELECT id, 1 / CASE WHEN id = (SELECT max(id) FROM poison) THEN 0 ELSE 1 END AS n FROM t";
const CONFIG = `${SOURCE}exports:
  - {name: t, query: "${QUERY}", mode: chunked, chunk_column: id, chunk_size: ${ROWS / CHUNKS},
     format: csv, tuning: {profile: fast, max_retries: 0}, destination: {type: local, path: ./out}}\n`;

/** In a folder with a sealed plan, and a state of its own that all processes share. */
async function onPlan(body: (bench: Bench) => Promise<void>, config = CONFIG): Promise<void> {
  const state = await stateDatabase();
  try {
    await onBench(async (bench) => {
      await bench.db.sql(TABLE);
      await bench.write("rivet.yaml", config);
      bench.env.RIVET_STATE_URL = state.url;
      succeeded(
        await bench.rivet("plan", "-c", "rivet.yaml", "--format", "json", "-o", "plan.json"),
      );
      await body(bench);
    });
  } finally {
    await state.drop();
  }
}

const apply = (bench: Bench, ...flags: string[]) => bench.rivet("apply", "plan.json", ...flags);
const task = (bench: Bench, index: number, of: number) => apply(bench, "--task", `${index}/${of}`);

const rowsOf = (result: Result) => JSON.parse(result.out).rows;

async function exists(bench: Bench, name: string): Promise<boolean> {
  return await Deno.stat(bench.path("out", name)).then(() => true, () => false);
}

Deno.test("tasks share a plan's chunks by index modulo their number, and the finish publishes", () =>
  onPlan(async (bench) => {
    const early = await apply(bench, "--finish");
    equal(early.code, 1);
    const [, runId] =
      /no task of this plan has begun: the state has no run '(.+)'/.exec(early.err) ?? [];
    ok(runId, early.err);
    // The card tells of the run that is refused, and of no other.
    match(early.out + early.err, new RegExp(`run_id: +${runId.replaceAll(".", "\\.")}\n`));

    const [first, second] = await Promise.all(
      [0, 1].map((i) => apply(bench, "--task", `${i}/3`, "--json")),
    );
    succeeded(first);
    equal(rowsOf(first), 400, "chunks 0, 3, 6 and 9");
    equal(rowsOf(succeeded(second)), 300);
    const open = await apply(bench, "--finish");
    equal(open.code, 1);
    match(open.err, /3 chunk\(s\) of run t_\S+ are not complete: chunk 2 \[201\.\.300\] \(pending/);
    equal(await exists(bench, "_SUCCESS"), false);

    const { RIVET_STATE_URL } = bench.env;
    Object.assign(bench.env, { RIVET_TASKS: "3", JOB_COMPLETION_INDEX: "2" });
    succeeded(await apply(bench));
    delete bench.env.JOB_COMPLETION_INDEX;
    delete bench.env.RIVET_TASKS;
    equal(await exists(bench, "_SUCCESS"), false, "tasks do not finish");
    equal(rowsOf(succeeded(await apply(bench, "--finish", "--json"))), ROWS);
    deepEqual(await bench.committedIds("out"), range(1, ROWS));
    equal(bench.env.RIVET_STATE_URL, RIVET_STATE_URL);

    const overview = async () => {
      const { run_id: runId } = JSON.parse(
        await Deno.readTextFile(bench.path("out", "manifest.json")),
      );
      return succeeded(await bench.rivet("state", "run", runId, "--watch", "--json")).out;
    };
    const run = JSON.parse(await overview());
    deepEqual([run.status, run.rows, run.chunks.completed, run.chunks.total], [
      ...["completed", ROWS, CHUNKS, CHUNKS],
    ]);
    ok(run.finished_at !== null && run.plan_id === (await bench.plan()).plan_id);
    deepEqual(
      run.tasks.map((t: Record<string, unknown>) => [t.task, t.chunks, t.completed, t.status]),
      [["0/3", 4, 4, "stopped"], ["1/3", 3, 3, "stopped"], ["2/3", 3, 3, "stopped"]],
    );
    deepEqual(run.workers.map((w: { status: string }) => w.status), ["ended", "ended", "ended"]);

    const metrics = async () =>
      JSON.parse((await bench.rivet("metrics", "-c", "rivet.yaml", "--json")).out).length;
    const told = await metrics();
    const manifest = await Deno.readTextFile(bench.path("out", "manifest.json"));
    equal(rowsOf(succeeded(await apply(bench, "--finish", "--json"))), ROWS, "it may be repeated");
    succeeded(await task(bench, 0, 3));
    equal(await Deno.readTextFile(bench.path("out", "manifest.json")), manifest);
    equal(await metrics(), told, "a run is finished once");
  }));

Deno.test("a plan says how even its tasks are", () =>
  onPlan(async (bench) => {
    await bench.db.sql("ANALYZE t");
    const json = await bench.rivet("plan", "-c", "rivet.yaml", "--tasks", "4", "--format", "json");
    const plan = JSON.parse(succeeded(json).out);
    const tasks: { task: string; chunks: number; row_estimate: number }[] = plan.tasks;
    deepEqual(tasks.map(({ task, chunks }) => [task, chunks]), [
      ...[["0/4", 3], ["1/4", 3], ["2/4", 2], ["3/4", 2]],
    ]);
    ok(tasks.every(({ row_estimate: rows }) => rows >= 150 && rows <= 350), json.out);
    ok(plan.diagnostics.largest_to_mean >= 1 && plan.diagnostics.largest_to_mean < 1.5, json.out);
    await bench.write("tasks.json", json.out);
    succeeded(await bench.rivet("apply", "tasks.json", "--task", "1/4"));
    const text = succeeded(await bench.rivet("plan", "-c", "rivet.yaml", "--tasks", "4")).out;
    match(text, /Tasks {6}: 4, the largest 1\.\d+ times the mean\n {4}• 0\/4: 3 chunks, ~\d+ rows/);
  }));

Deno.test("whoever claims the last chunk finishes, and no other does", () =>
  onPlan(async (bench) => {
    const results = await Promise.all([1, 2, 3].map(() => apply(bench, "--claim", "--json")));
    for (const result of results) succeeded(result);
    deepEqual(await bench.committedIds("out"), range(1, ROWS));
    const { out } = await bench.rivet("metrics", "-c", "rivet.yaml", "--json");
    equal(JSON.parse(out).length, 1, out);
    equal(await exists(bench, "_SUCCESS"), true);
    succeeded(await apply(bench, "--claim"));
  }));

Deno.test("a failed task is tried again by itself, with its failed chunk afresh", () =>
  onPlan(async (bench) => {
    await bench.db.sql("INSERT INTO poison VALUES (450)");
    const failed = await task(bench, 0, 2);
    equal(failed.code, 1);
    match(failed.err, /division by zero/);
    const open = await apply(bench, "--finish");
    match(open.err, /chunk 4 \[401\.\.500\] \(failed, attempts 1: .*division by zero/);
    await bench.db.sql("TRUNCATE poison");
    succeeded(await task(bench, 0, 2));
    succeeded(await task(bench, 1, 2));
    succeeded(await apply(bench, "--finish"));
    deepEqual(await bench.committedIds("out"), range(1, ROWS));
  }));

Deno.test("what is not one task of a shared plan is refused with what to do", () =>
  onPlan(async (bench) => {
    const { RIVET_STATE_URL } = bench.env;
    const usage = async (message: RegExp, ...flags: string[]) => {
      const { code, err } = await apply(bench, ...flags);
      equal(code, 2, err);
      match(err, message);
    };
    await usage(/--task and --claim exclude each other/, "--task", "0/2", "--claim");
    await usage(/--task: '2\/2' is no task\nhint: .*0\/8 to 7\/8/, "--task", "2/2");
    bench.env.RIVET_TASK = "1";
    await usage(/RIVET_TASK is set, and RIVET_TASKS is not/);
    delete bench.env.RIVET_TASK;
    delete bench.env.RIVET_STATE_URL;
    await usage(/RIVET_STATE_URL is not set\nhint: .*same database/, "--claim");
    bench.env.RIVET_STATE_URL = RIVET_STATE_URL;
    const config = await bench.rivet("apply", "rivet.yaml", "--finish");
    match(config.err, /--finish does not go with this file/);
  }));

Deno.test("a run of one process is refused beside tasks, and after them until they are finished", () =>
  onPlan(async (bench) => {
    succeeded(await task(bench, 0, 2));
    const run = await bench.rivet("run", "-c", "rivet.yaml");
    equal(run.code, 1);
    match(run.err, /has an unfinished chunk run 't_\S+'\nhint: Finish it with the plan/);
    succeeded(await task(bench, 1, 2));
    succeeded(await apply(bench, "--finish"));
    succeeded(await bench.rivet("run", "-c", "rivet.yaml"));
    deepEqual(await bench.committedIds("out"), range(1, ROWS));
  }));

const GATE = 7_017;
/** Every third note is NULL, and each chunk has the same notes. */
const gated = (gates: string) =>
  CONFIG.replace(QUERY, "SELECT id, CASE WHEN id % 3 > 0 THEN 'n' || id % 100 END AS note FROM t")
    .replace("format: csv", `quality: {${gates}}, format: csv`);

Deno.test("gates over values are decided by the finish, over what all tasks have read", async () => {
  const gates = "null_ratio_max: {note: 0.3}, unique_columns: [id]";
  await onPlan(async (bench) => {
    for (const i of [0, 1]) succeeded(await task(bench, i, 2));
    const finish = await apply(bench, "--finish");
    equal(finish.code, 1);
    match(finish.err, /null_ratio_max: 'note' is NULL in 333 of 1000 rows, at most 0.3/);
    ok(!/unique_columns|undecided/.test(finish.err), finish.err);
    ok(!await exists(bench, "_SUCCESS"));
  }, gated(gates));
  await onPlan(async (bench) => {
    const claimed = succeeded(await apply(bench, "--claim"));
    ok(!claimed.err.includes("undecided"), claimed.err);
    ok(await exists(bench, "_SUCCESS"));
  }, gated(gates.replace("0.3", "0.4")));
});

Deno.test("a gate that tasks cannot decide together is refused, and one process decides it", () =>
  onPlan(async (bench) => {
    const refusal = /unique_columns: 'note' cannot be decided by several processes/;
    const early = await bench.rivet("plan", "-c", "rivet.yaml", "--tasks", "2");
    ok(early.code !== 0);
    match(early.err, refusal);
    const late = await task(bench, 0, 2);
    ok(late.code !== 0);
    match(late.err, refusal);
    const alone = await apply(bench);
    equal(alone.code, 1);
    match(alone.err, /unique_columns: 'note' repeats in/);
  }, gated("unique_columns: [note]")));

/** One chunk is behind a gate; the lowest and the highest key are not. */
const GATED = CONFIG.replace(
  QUERY,
  `SELECT id FROM t WHERE id NOT BETWEEN 440 AND 460 OR (SELECT pg_advisory_xact_lock_shared(${GATE})) IS NOT NULL`,
);

async function untilHeld(bench: Bench): Promise<void> {
  const state = await openPostgres(bench.env.RIVET_STATE_URL);
  try {
    await until("chunk 4 at the gate", async () => {
      const [lease] = await state.leases();
      const run = lease?.sharedRun ?? null;
      const progress = run === null ? null : await state.chunkProgress(run);
      return progress?.running.some(({ chunkIndex }) => chunkIndex === 4) ?? false;
    });
  } finally {
    await state.close();
  }
}

const parts = async (bench: Bench) =>
  (await Array.fromAsync(Deno.readDir(bench.path("out")), ({ name }) => name))
    .filter((name) => name.endsWith(".csv")).sort();

onSessions(await serverHasSessions(), "a worker that wakes up late", () => {
  Deno.test("a worker that wakes up after its chunk was committed by another changes nothing", () =>
    onPlan(async (bench) => {
      bench.env.RIVET_LEASE_SECONDS = "2";
      const gate = postgres(bench.db.url, { max: 1, onnotice: () => {} });
      try {
        await gate.unsafe(`SELECT pg_advisory_lock(${GATE})`);
        const slept = bench.spawn("apply", "plan.json", "--claim");
        await untilHeld(bench);
        slept.kill("SIGSTOP");
        await gate.unsafe(`SELECT pg_advisory_unlock(${GATE})`);
        succeeded(await apply(bench, "--claim"));
        const manifest = await Deno.readTextFile(bench.path("out", "manifest.json"));
        const committed = await parts(bench);
        deepEqual(await bench.committedIds("out"), range(1, ROWS));
        slept.kill("SIGCONT");
        const { code, stderr } = await slept.output();
        equal(code, 0, new TextDecoder().decode(stderr));
        equal(await Deno.readTextFile(bench.path("out", "manifest.json")), manifest);
        deepEqual(await parts(bench), committed, "its own part is not beside the data");
        const { out } = await bench.rivet("metrics", "-c", "rivet.yaml", "--json");
        equal(JSON.parse(out).length, 1, "finished once");
      } finally {
        await gate.end();
      }
    }, GATED));
});
