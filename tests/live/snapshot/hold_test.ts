/** `rivet plan --hold`: one point in time for processes that know nothing of each other. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { sealOf } from "../../../core/artifact/seal.ts";
import { type Bench, onBench, range, type Result, SOURCE, succeeded } from "../plan/bench.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";
import { until } from "../../support/until.ts";

const HAS_SESSIONS = await serverHasSessions();

function liveTest(name: string, work: (bench: Bench) => Promise<void>): void {
  onSessions(HAS_SESSIONS, name, () => Deno.test(name, () => onBench(work)));
}

const ROWS = 400;
const TABLE = `CREATE TABLE items (id int PRIMARY KEY);
  INSERT INTO items SELECT generate_series(1, ${ROWS}); ANALYZE`;

function config(fields: string): string {
  return `${SOURCE}exports:
  - {name: items, table: items, mode: chunked, chunk_size: 50, chunk_checkpoint: true, format: csv,
     ${fields}, destination: {type: local, path: ./out}}
`;
}

const SNAPSHOT = config("consistency: snapshot");

/** A process that planned, and stays. */
interface Keeper {
  readonly process: Deno.ChildProcess;
  readonly ended: Promise<Result>;
}

async function outcome(process: Deno.ChildProcess): Promise<Result> {
  const { code, stdout, stderr } = await process.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Returns when the plan is there, and what it was planned from is not any more. */
async function hold(bench: Bench, text = SNAPSHOT): Promise<Keeper> {
  await bench.db.sql(TABLE);
  await bench.write("rivet.yaml", text);
  const process = bench.spawn("plan", "-c", "rivet.yaml", "-o", "plan.json", "--hold");
  const ended = outcome(process);
  let over: Result | null = null;
  ended.then((result) => over = result);
  await until("the plan", () => {
    equal(over, null, JSON.stringify(over));
    return Deno.stat(bench.path("plan.json")).then(() => true, () => false);
  });
  await bench.db.sql(`DELETE FROM items WHERE id % 2 = 0; UPDATE items SET id = id + 100000`);
  return { process, ended };
}

async function holders(bench: Bench): Promise<number> {
  const [[count]] = await bench.db.sql(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rivet/snapshot' " +
      "AND datname = current_database()",
  );
  return Number(count);
}

/** The server notices the end of a session a moment later. */
const noHolder = (bench: Bench) =>
  until("the end of the snapshot's session", async () => await holders(bench) === 0);

liveTest("what is applied elsewhere is what was there when it was planned", async (bench) => {
  const { ended } = await hold(bench);
  equal(await holders(bench), 1);
  const { computed, plan_id } = await bench.plan();
  deepEqual(computed.chunk_ranges[7], [351, 400]);
  succeeded(await bench.rivet("apply", "plan.json"));
  deepEqual(await bench.committedIds("out"), range(1, ROWS));
  const manifest = JSON.parse(await Deno.readTextFile(bench.path("out", "manifest.json")));
  equal(manifest.snapshot, computed.snapshot?.point);
  match(succeeded(await ended).err, /Holding the snapshot of 'items'[^]*given back/);
  await noHolder(bench);
  const journal = succeeded(
    await bench.rivet("journal", "-c", "rivet.yaml", "-e", "items", "--json"),
  );
  ok(journal.out.includes("snapshot_joined") && journal.out.includes(plan_id), journal.out);
});

/** Writes what nobody may see, for as long as `work` takes. */
async function whileRowsMove<T>(bench: Bench, work: () => Promise<T>): Promise<T> {
  let over = false;
  const moving = (async () => {
    for (let i = 1; !over; i++) {
      await bench.db.sql(`UPDATE items SET id = id + 1000000;
        INSERT INTO items SELECT g FROM generate_series(1, 20) g`);
    }
  })();
  try {
    return await work();
  } finally {
    over = true;
    await moving;
  }
}

function shared(bench: Bench): void {
  bench.env.RIVET_STATE_URL = bench.db.url;
}

liveTest("tasks of one plan see one point in time while rows move", async (bench) => {
  shared(bench);
  const { ended } = await hold(bench, config("consistency: snapshot, tuning: {throttle_ms: 50}"));
  await whileRowsMove(bench, async () => {
    const tasks = ["0/3", "1/3", "2/3"].map((task) =>
      bench.rivet("apply", "plan.json", "--task", task)
    );
    for (const result of await Promise.all(tasks)) succeeded(result);
    // Nobody has finished yet: a task may still have to be repeated.
    equal(await holders(bench), 1);
    succeeded(await bench.rivet("apply", "plan.json", "--finish"));
  });
  deepEqual(await bench.committedIds("out"), range(1, ROWS));
  const manifest = JSON.parse(await Deno.readTextFile(bench.path("out", "manifest.json")));
  equal(manifest.snapshot, (await bench.plan()).computed.snapshot?.point);
  succeeded(await ended);
  await noHolder(bench);
});

liveTest("a task that finds the keeper gone says so, and nothing is published", async (bench) => {
  shared(bench);
  const { process, ended } = await hold(bench);
  succeeded(await bench.rivet("apply", "plan.json", "--task", "0/2"));
  process.kill("SIGKILL");
  await ended;
  await noHolder(bench);
  for (const args of [["--task", "1/2"], ["--claim"]]) {
    const late = await bench.rivet("apply", "plan.json", ...args);
    equal(late.code, 1, late.err);
    match(late.err, /no longer has the snapshot[^]*plan and run anew/);
  }
  const finish = await bench.rivet("apply", "plan.json", "--finish");
  equal(finish.code, 1);
  match(finish.err, /chunk 1 /);
  const left = [...Deno.readDirSync(bench.path("out"))].map(({ name }) => name);
  ok(!left.includes("_SUCCESS") && !left.includes("manifest.json"), left.join());
});

liveTest("once all is read, the run is finished without its keeper", async (bench) => {
  shared(bench);
  const { process, ended } = await hold(bench);
  const tasks = ["0/2", "1/2"].map((task) => bench.rivet("apply", "plan.json", "--task", task));
  for (const result of await Promise.all(tasks)) succeeded(result);
  process.kill("SIGKILL");
  await ended;
  await noHolder(bench);
  succeeded(await bench.rivet("apply", "plan.json", "--task", "1/2"));
  succeeded(await bench.rivet("apply", "plan.json", "--claim"));
  deepEqual(await bench.committedIds("out"), range(1, ROWS));
  const manifest = JSON.parse(await Deno.readTextFile(bench.path("out", "manifest.json")));
  equal(manifest.snapshot, (await bench.plan()).computed.snapshot?.point);
  succeeded(await bench.rivet("apply", "plan.json", "--finish"));
});

liveTest(
  "a table that is emptied between two tasks fails the second, and the finish",
  async (bench) => {
    shared(bench);
    const { process, ended } = await hold(bench);
    succeeded(await bench.rivet("apply", "plan.json", "--task", "0/2"));
    await bench.db.sql("TRUNCATE items");
    // Once all chunks are there, a task is not asked again, and the finish is the last who can tell.
    for (const args of [["--task", "1/2"], ["--finish"]]) {
      const result = await bench.rivet("apply", "plan.json", ...args);
      equal(result.code, 1, result.out);
      match(result.err, /what it is read from changed after the snapshot was taken/);
    }
    process.kill("SIGKILL");
    await ended;
  },
);

liveTest("tasks of a plan that holds no snapshot are refused", async (bench) => {
  shared(bench);
  await bench.db.sql(TABLE);
  await bench.write("rivet.yaml", SNAPSHOT);
  succeeded(await bench.rivet("plan", "-c", "rivet.yaml", "-o", "plan.json"));
  const refused = await bench.rivet("apply", "plan.json", "--task", "0/2");
  equal(refused.code, 2, refused.err);
  match(refused.err, /needs a plan that holds its snapshot[^]*Plan with --hold/);
});

async function refusedAsEnded(bench: Bench, plan = "plan.json"): Promise<void> {
  const refused = await bench.rivet("apply", plan, "--json");
  equal(refused.code, 1, refused.err);
  const [{ error, rows }] = JSON.parse(refused.out).exports;
  deepEqual([error.code, rows], ["SNAPSHOT_ENDED", 0]);
  match(error.hint, /plan and run anew/);
  const left = [...Deno.readDirSync(bench.path("out"))].map(({ name }) => name);
  deepEqual(left.filter((name) => name === "_SUCCESS" || name.endsWith(".csv")), []);
}

liveTest("without its keeper a plan is refused, and nothing is published", async (bench) => {
  const { process, ended } = await hold(bench);
  process.kill("SIGKILL");
  await ended;
  await noHolder(bench);
  await refusedAsEnded(bench);
});

liveTest("a snapshot of the same name that sees something else is not joined", async (bench) => {
  const { process, ended } = await hold(bench);
  const { snapshot, ...computed } = (await bench.plan()).computed;
  const [name] = snapshot?.id.split("/") ?? [];
  const other = { id: `${name}/1:1:`, point: snapshot?.point ?? "" };
  const plan = { ...await bench.plan(), computed: { ...computed, snapshot: other } };
  await bench.write("other.json", JSON.stringify({ ...plan, integrity: await sealOf(plan) }));
  await refusedAsEnded(bench, "other.json");
  process.kill("SIGTERM");
  equal((await ended).code, 130);
  await noHolder(bench);
});

liveTest("max_snapshot_s ends a keeper that nobody finishes", async (bench) => {
  await bench.db.sql(TABLE);
  await bench.write("rivet.yaml", config("consistency: run_snapshot, max_snapshot_s: 3"));
  const { code, err } = await bench.rivet("plan", "-c", "rivet.yaml", "-o", "plan.json", "--hold");
  equal(code, 1, err);
  match(err, /held for 3 s, which is all that max_snapshot_s allows/);
  await noHolder(bench);
});

liveTest("a keeper that loses its connection says so", async (bench) => {
  const { ended } = await hold(bench);
  await bench.db.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
      "WHERE application_name = 'rivet/snapshot' AND datname = current_database()",
  );
  const { code, err } = await ended;
  equal(code, 1, err);
  match(err, /the connection that held the snapshot was lost/);
});

for (
  const [text, args, message] of [
    [config("parallel: 1"), ["-o", "plan.json"], /no export that is planned reads a snapshot/],
    [SNAPSHOT, [], /--hold needs --output/],
  ] as const
) {
  liveTest(`nothing to hold, or nobody to hold it for: ${message.source}`, async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", text);
    const { code, err } = await bench.rivet("plan", "-c", "rivet.yaml", ...args, "--hold");
    equal(code, 2);
    match(err, message);
  });
}

liveTest("a table that is cut by its blocks may be rewritten before it is read", async (bench) => {
  const [[version]] = await bench.db.sql("SHOW server_version_num");
  if (Number(version) < 140_000) return console.log(`not run on ${version}, which has no such cut`);
  const { ended } = await hold(
    bench,
    `${SOURCE}exports:
  - {name: items, table: items, mode: chunked, chunk_by: ctid, consistency: snapshot, format: csv,
     destination: {type: local, path: ./out}}
`,
  );
  await bench.db.sql("VACUUM FULL items");
  succeeded(await bench.rivet("apply", "plan.json"));
  deepEqual(await bench.committedIds("out"), range(1, ROWS));
  succeeded(await ended);
});
