/**
 * `deploy/airflow/rivet_orders.py` in a real Airflow. No part of the gate.
 *
 *   deno run -A tests/interop/airflow.ts [final] [test] [kill]
 *
 * `final`: which exit codes end a task for good. `test`: the whole DAG in one process (`airflow dags test`). `kill`: a scheduler with two worker processes
 * (LocalExecutor), where one read is killed while it goes on; Airflow tries it again, and the export is whole.
 * Installs Airflow with pip into a temporary folder, or takes the one whose `bin` RIVET_AIRFLOW_BIN names.
 */
import { equal, ok } from "node:assert/strict";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/local_postgres.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { queryDuckdb } from "../support/read_duckdb.ts";
import { chosen, scriptArgs } from "../../packaging/script.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ROWS = 200_000;
const DAG = "rivet_orders";
const GIVE_UP_MS = 600_000;

interface Airflow {
  readonly folder: string;
  readonly bin: string;
  readonly env: Record<string, string>;
}

function command(path: string, args: readonly string[], env: Record<string, string>) {
  return new Deno.Command(path, { args: [...args], env, stdin: "null" });
}

async function succeed(path: string, args: readonly string[], env: Record<string, string> = {}) {
  const { code } = await command(path, args, env).spawn().status;
  equal(code, 0, `${path} ${args.join(" ")}`);
}

async function said({ bin, env }: Airflow, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(join(bin, "airflow"), {
    ...{ args, env, stdin: "null", stdout: "piped", stderr: "null" },
  }).output();
  return new TextDecoder().decode(stdout);
}

async function installed(folder: string): Promise<string> {
  const given = Deno.env.get("RIVET_AIRFLOW_BIN");
  if (given !== undefined) return given;
  const venv = join(folder, "venv");
  await succeed("python3", ["-m", "venv", venv]);
  const pip = join(venv, "bin", "pip");
  await succeed(pip, ["install", "--quiet", "-r", here("airflow-requirements.txt")]);
  return join(venv, "bin");
}

/** `rivet` on the PATH of every task, the configuration, and a table. */
async function prepare(folder: string, url: string, throttleMs: number): Promise<Airflow> {
  const bin = await installed(folder);
  const port = String(freePort());
  const programs = join(folder, "programs");
  await Deno.mkdir(programs);
  await Deno.mkdir(join(folder, "plans"));
  const main = here("../../main.ts");
  await Deno.writeTextFile(
    join(programs, "rivet"),
    `#!/bin/sh\nexec "${Deno.execPath()}" run -A --no-check "${main}" "$@"\n`,
    { mode: 0o755 },
  );
  await Deno.writeTextFile(
    join(folder, "rivet.yaml"),
    `source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}}
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_size: 10000
    chunk_checkpoint: true
    tuning: {throttle_ms: ${throttleMs}}
    destination: {type: local, path: ./out}
`,
  );
  const env = {
    AIRFLOW_HOME: join(folder, "airflow"),
    AIRFLOW__CORE__DAGS_FOLDER: here("../../deploy/airflow"),
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__EXECUTOR: "LocalExecutor",
    AIRFLOW__CORE__PARALLELISM: "2",
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION: "False",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS: "True",
    AIRFLOW__API__PORT: port,
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${port}/execution/`,
    PATH: [programs, bin, Deno.env.get("PATH") ?? ""].join(delimiter),
    RIVET_FOLDER: folder,
    RIVET_MAX_TASKS: "4",
    RIVET_RETRY_DELAY_S: "1",
    DATABASE_URL: url,
    RIVET_STATE_URL: url,
  };
  await succeed(join(bin, "airflow"), ["db", "migrate"], env);
  return { folder, bin, env };
}

/** Exactly the table's rows, through the manifest. */
async function requireWhole({ folder }: Airflow): Promise<void> {
  const out = join(folder, "out");
  const manifest = JSON.parse(await Deno.readTextFile(join(out, "manifest.json")));
  ok((await Deno.stat(join(out, "_SUCCESS"))).isFile);
  const parts: { path: string; status: string }[] = manifest.parts;
  const files = parts.filter(({ status }) => status === "committed")
    .map(({ path }) => `'${join(out, path)}'`);
  const [{ rows, ids }] = await queryDuckdb(
    `SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM read_parquet([${files}])`,
  );
  equal(manifest.status, "success");
  equal(rows, ROWS);
  equal(ids, ROWS);
  console.log(`${rows} rows in ${files.length} parts, each once`);
}

async function testDag(airflow: Airflow): Promise<void> {
  await succeed(join(airflow.bin, "airflow"), ["dags", "test", DAG, "2026-01-31"], airflow.env);
  await requireWhole(airflow);
}

/** Exit codes of a command -> whether Airflow tries the task again. */
const AGAIN = { 1: true, 2: false, 4: false };

async function requireFinal({ bin, env }: Airflow): Promise<void> {
  const script = `
import rivet_orders
from airflow.exceptions import AirflowException, AirflowFailException

for code, again in ${
    JSON.stringify(Object.entries(AGAIN)).replaceAll("true", "True").replaceAll("false", "False")
  }:
    try:
        rivet_orders.RivetOperator(task_id="t" + code, bash_command="exit " + code).execute({})
    except AirflowException as error:
        assert isinstance(error, AirflowFailException) != again, (code, error)
    else:
        raise AssertionError(code)
`;
  const PYTHONPATH = here("../../deploy/airflow");
  await succeed(join(bin, "python"), ["-c", script], { ...env, PYTHONPATH });
  console.log("exit codes 2 and 4 are not tried again");
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + GIVE_UP_MS; Date.now() < end;) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  throw new Error(`${what} did not happen`);
}

/** The process of a read, found by what it was started with. */
async function readingProcess(folder: string): Promise<number | null> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    const args = line.split("\0");
    const isRead = args.includes("apply") && !args.includes("--finish");
    if (isRead && args.some((arg) => arg.startsWith(folder))) return Number(name);
  }
  return null;
}

async function stateOf(airflow: Airflow): Promise<string | null> {
  const runs = await said(airflow, "dags", "list-runs", DAG, "--output", "json");
  const [, list = "[]"] = /(\[[^]*\])\s*$/.exec(runs) ?? [];
  const states: { state: string }[] = JSON.parse(list);
  const state = states[0]?.state;
  return state === "success" || state === "failed" ? state : null;
}

async function killOne(airflow: Airflow): Promise<void> {
  const log = await Deno.open(join(airflow.folder, "airflow.log"), { write: true, create: true });
  log.close();
  const standalone = new Deno.Command("sh", {
    args: [
      "-c",
      `exec setsid "${airflow.bin}/airflow" standalone > "${airflow.folder}/airflow.log" 2>&1`,
    ],
    env: airflow.env,
    stdin: "null",
  }).spawn();
  try {
    await until("the scheduler's look at the DAG", async () => {
      const dags = await said(airflow, "dags", "list", "--output", "json");
      return dags.includes(DAG) ? true : null;
    });
    await succeed(join(airflow.bin, "airflow"), ["dags", "trigger", DAG], airflow.env);
    const pid = await until("a read", () => readingProcess(airflow.folder));
    Deno.kill(pid, "SIGKILL");
    console.log(`killed ${pid}, which was reading`);
    equal(await until("the end of the run", () => stateOf(airflow)), "success");
    await requireWhole(airflow);
  } catch (error) {
    console.error((await Deno.readTextFile(join(airflow.folder, "airflow.log"))).slice(-8000));
    throw error;
  } finally {
    // Ctrl-C is what it passes on to scheduler, server and workers; what is left of its group goes with it.
    standalone.kill("SIGINT");
    await standalone.status;
    await new Deno.Command("kill", { args: ["-KILL", "--", `-${standalone.pid}`], stderr: "null" })
      .output();
  }
}

async function once(work: (airflow: Airflow) => Promise<void>, throttleMs: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-airflow-" });
  const server = await testPostgres();
  try {
    const db = await createDatabase({ url: server.url });
    await db.sql(`CREATE TABLE orders (id bigint PRIMARY KEY, note text);
      INSERT INTO orders SELECT g, 'n' || g FROM generate_series(1, ${ROWS}) g; ANALYZE`);
    try {
      await work(await prepare(folder, db.url, throttleMs));
    } finally {
      await db.drop();
    }
  } finally {
    await server.stop();
    if (Deno.env.get("RIVET_KEEP") === undefined) await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const parts = ["final", "test", "kill"];
  const { positionals } = scriptArgs(import.meta.url, {}, parts.length);
  const asked = chosen(
    import.meta.url,
    (positionals.length > 0 ? positionals : parts).join(),
    parts,
  );
  if (asked.includes("final")) await once(requireFinal, 0);
  if (asked.includes("test")) await once(testDag, 0);
  if (asked.includes("kill")) await once(killOne, 1_000);
  Deno.exit(0);
}
