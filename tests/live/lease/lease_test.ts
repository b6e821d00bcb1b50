/**
 * One run of an export at a time, with real processes: two at once, a killed owner, a stopped one. A run
 * is held up by a gate in its query, an advisory lock that the test has.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import postgres from "postgres";
import { type Bench, onBench, range, SOURCE, succeeded } from "../plan/bench.ts";
import { onSessions, serverHasSessions, stateDatabase } from "../state/state_database.ts";
import { until } from "../../support/until.ts";

const TABLE = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)";
const GATE = 7_001;
const PASSED = `(SELECT pg_advisory_xact_lock_shared(${GATE})) IS NOT NULL`;
/** Only rows in the middle of the table are behind the gate: the lowest and the highest key are not. */
const QUERY = `SELECT id FROM t WHERE (id BETWEEN 40 AND 60 AND ${PASSED}) OR id < 40 OR id > 60`;

const entry = (name: string, fields: string) =>
  `  - {name: ${name}, query: "${QUERY}", ${fields}, format: csv, tuning: {profile: fast},
     destination: {type: local, path: ./out/${name}}}\n`;
const CONFIG = `${SOURCE}exports:
${entry("inc", "wave: 2, mode: incremental, cursor_column: id")}${
  entry(
    "chunks",
    "wave: 1, mode: chunked, chunk_column: id, chunk_size: 50, chunk_checkpoint: true",
  )
}`;

interface Gate {
  open(): Promise<void>;
  shut(): Promise<void>;
}

interface Place {
  readonly bench: Bench;
  readonly gate: Gate;
}

async function withGate(bench: Bench, body: (gate: Gate) => Promise<void>): Promise<void> {
  const session = postgres(bench.db.url, { max: 1, onnotice: () => {} });
  const ask = async (call: string) => {
    await session.unsafe(`SELECT ${call}(${GATE})`);
  };
  try {
    await body({
      open: () => ask("pg_advisory_unlock"),
      shut: () => ask("pg_advisory_lock"),
    });
  } finally {
    await session.end();
  }
}

/** In a folder with a config, and the gate shut. */
async function inPlace(stateUrl: string | null, body: (place: Place) => Promise<void>) {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", CONFIG);
    bench.env.RIVET_LEASE_SECONDS = "60";
    if (stateUrl !== null) bench.env.RIVET_STATE_URL = stateUrl;
    await withGate(bench, async (gate) => {
      await gate.shut();
      await body({ bench, gate });
    });
  });
}

/** The conformance cases say that the backends are alike; what differs here is who is asked. */
function leaseTest(
  backend: "SQLite" | "PostgreSQL",
  name: string,
  body: (place: Place) => Promise<void>,
): void {
  Deno.test(`lease, ${backend}: ${name}`, async () => {
    const state = backend === "SQLite" ? null : await stateDatabase();
    try {
      await inPlace(state?.url ?? null, body);
    } finally {
      await state?.drop();
    }
  });
}

interface Lock {
  readonly export_name: string;
  readonly run_id: string | null;
  readonly status: string;
  readonly pid: number;
}

async function locks(bench: Bench): Promise<readonly Lock[]> {
  const { out } = succeeded(await bench.rivet("state", "locks", "-c", "rivet.yaml", "--json"));
  return JSON.parse(out).locks;
}

/** How many statements wait at the gate. */
async function waiting(bench: Bench): Promise<number> {
  const [[count]] = await bench.db.sql(
    `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = ${GATE} AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return Number(count);
}

const run = (name: string, ...flags: string[]) => ["run", "-c", "rivet.yaml", "-e", name, ...flags];

/** A run that has come to the gate, and its lease. */
async function startRun(bench: Bench, name: string) {
  const before = await waiting(bench);
  const child = bench.spawn(...run(name));
  await until("the gate", async () => await waiting(bench) > before || null);
  const [lock] = await locks(bench);
  deepEqual([lock.export_name, lock.status, lock.pid], [name, "live", child.pid]);
  return { child, runId: String(lock.run_id) };
}

async function ended(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

interface Metric {
  readonly run_id: string;
  readonly status: string;
  readonly rows: number;
  readonly error_code: string | null;
}

async function metrics(bench: Bench, name: string): Promise<Metric[]> {
  const { out } = succeeded(
    await bench.rivet("metrics", "-c", "rivet.yaml", "-e", name, "--json"),
  );
  const json = JSON.parse(out);
  return Array.isArray(json) ? json : json.metrics;
}

async function cursor(bench: Bench): Promise<string | undefined> {
  const { out } = succeeded(await bench.rivet("state", "show", "-c", "rivet.yaml", "--json"));
  return JSON.parse(out).cursors[0]?.cursor;
}

function registerAll(): void {
  leaseTest("SQLite", "a second run refuses, or waits; no row is exported twice", async (place) => {
    const { bench, gate } = place;
    const first = await startRun(bench, "inc");
    const refused = await bench.rivet(...run("inc"));
    equal(refused.code, 1);
    match(refused.err + refused.out, new RegExp(`'inc' is in use by run '${first.runId}'`));
    match(refused.err + refused.out, /--lock-wait SECONDS/);
    const second = bench.spawn(...run("inc", "--lock-wait", "60", "--verbose"));
    const reader = second.stderr.getReader();
    let said = "";
    await until("the second run's wait", async () => {
      said += new TextDecoder().decode((await reader.read()).value);
      return said.includes(`waits for run '${first.runId}'`) || null;
    });
    reader.releaseLock();
    await gate.open();
    succeeded(await ended(first.child));
    succeeded(await ended(second));
    deepEqual(await bench.ids("out/inc"), range(1, 100));
    deepEqual((await metrics(bench, "inc")).map((m) => [m.status, m.rows]), [
      ["success", 0],
      ["success", 100],
    ]);
    deepEqual(await locks(bench), []);
  });

  leaseTest("SQLite", "a run that was killed is followed at once", async ({ bench, gate }) => {
    const killed = await startRun(bench, "inc");
    killed.child.kill("SIGKILL");
    equal((await ended(killed.child)).code, 137);
    await gate.open();
    succeeded(await bench.rivet(...run("inc")));
    deepEqual(await bench.ids("out/inc"), range(1, 100));
  });

  leaseTest(
    "PostgreSQL",
    "a run that slept through its lease moves nothing",
    async ({ bench, gate }) => {
      bench.env.RIVET_LEASE_SECONDS = "2";
      const slept = await startRun(bench, "inc");
      slept.child.kill("SIGSTOP");
      bench.env.RIVET_LEASE_SECONDS = "60";
      await gate.open();
      // Its lease runs out while it is stopped.
      succeeded(await bench.rivet(...run("inc", "--lock-wait", "60")));
      equal(await cursor(bench), "100");
      await bench.db.sql("INSERT INTO t SELECT generate_series(101, 110)");
      slept.child.kill("SIGCONT");
      const late = await ended(slept.child);
      equal(late.code, 1, late.out);
      match(late.err + late.out, /the lease \d+ of export 'inc' is no longer ours/);
      equal(await cursor(bench), "100");
      const [newest, oldest] = await metrics(bench, "inc");
      deepEqual([newest.status, newest.rows], ["success", 100]);
      deepEqual([oldest.run_id, oldest.status, oldest.error_code], [
        slept.runId,
        "failed",
        "LEASE_LOST",
      ]);
      const manifest = JSON.parse(await Deno.readTextFile(bench.path("out/inc/manifest.json")));
      equal(manifest.run_id, newest.run_id);
      const files =
        succeeded(await bench.rivet("state", "files", "-c", "rivet.yaml", "--json")).out;
      deepEqual(
        JSON.parse(files).files.map((f: { run_id: string }) => f.run_id),
        [newest.run_id],
      );
      succeeded(await bench.rivet("validate", "-c", "rivet.yaml", "-e", "inc"));
      succeeded(await bench.rivet(...run("inc")));
      equal(await cursor(bench), "110");
    },
  );

  leaseTest(
    "SQLite",
    "what a live run works on is left to it by every command",
    async ({ bench, gate }) => {
      const { child, runId } = await startRun(bench, "chunks");
      const config = ["-c", "rivet.yaml", "-e", "chunks"];
      const refusals = await Promise.all([
        bench.rivet("run", ...config, "--resume"),
        bench.rivet("state", "reset-chunks", ...config),
        bench.rivet("state", "reset", ...config),
        bench.rivet("state", "unlock", ...config),
        bench.rivet("repair", ...config, "--execute"),
      ]);
      for (const { code, out, err } of refusals) {
        equal(code, 1, out);
        match(err + out, new RegExp(`'chunks' is in use by run '${runId}'`));
      }
      // A child refuses too; the other export's child, in the wave after it, comes to the gate.
      const waves = bench.spawn("apply", "rivet.yaml", "--parallel-export-processes");
      await until("the second wave", async () => await waiting(bench) > 1 || null);
      await gate.open();
      succeeded(await ended(child));
      deepEqual(await bench.ids("out/chunks"), range(1, 100));
      const applied = await ended(waves);
      equal(applied.code, 1);
      match(applied.err + applied.out, new RegExp(`'chunks' is in use by run '${runId}'`));
      deepEqual(await bench.ids("out/inc"), range(1, 100));
    },
  );

  leaseTest(
    "PostgreSQL",
    "a lease that is taken away by force ends its run",
    async ({ bench, gate }) => {
      const { child, runId } = await startRun(bench, "chunks");
      const unlocked = succeeded(
        await bench.rivet("state", "unlock", "-c", "rivet.yaml", "-e", "chunks", "--force"),
      );
      match(unlocked.out, new RegExp(`chunks: taken away from run '${runId}'`));
      await gate.open();
      const stopped = await ended(child);
      equal(stopped.code, 1);
      match(stopped.err + stopped.out, /it was taken away/);
      succeeded(await bench.rivet(...run("chunks", "--resume")));
      const { out } = succeeded(await bench.rivet("validate", "-c", "rivet.yaml", "-e", "chunks"));
      match(out, /chunks/);
      const manifest = JSON.parse(await Deno.readTextFile(bench.path("out/chunks/manifest.json")));
      deepEqual([manifest.run_id, manifest.row_count], [runId, 100]);
    },
  );
}

onSessions(await serverHasSessions(), "leases", registerAll);
