/** `deploy/shell/processes.sh` as it stands: a plan, processes that share it through xargs, a finish. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bench, onBench, range, SOURCE } from "../plan/bench.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const HAS_SESSIONS = await serverHasSessions();
const ROWS = 300;
const NAME = "processes.sh exports a table with three processes, and goes on after a failure";

const CONFIG = `${SOURCE}exports:
  - {name: items, query: "SELECT id, 1 / (CASE WHEN id = (SELECT max(id) FROM poison) THEN 0 ELSE 1 END) AS n
       FROM items", mode: chunked, chunk_column: id, chunk_size: 25, chunk_checkpoint: true, format: csv,
     chunk_max_attempts: 1, destination: {type: local, path: ./out}}
`;

/** With `rivet` on its PATH. */
async function processes(bench: Bench): Promise<{ readonly code: number; readonly err: string }> {
  await Deno.mkdir(bench.path("bin"), { recursive: true });
  await Deno.writeTextFile(
    bench.path("bin", "rivet"),
    `#!/bin/sh\nexec "${Deno.execPath()}" run -A --no-check "${at("main.ts")}" "$@"\n`,
    { mode: 0o755 },
  );
  const PATH = [bench.path("bin"), Deno.env.get("PATH") ?? ""].join(delimiter);
  const { code, stderr } = await new Deno.Command("sh", {
    args: [at("deploy/shell/processes.sh"), "items", "3"],
    cwd: bench.folder,
    env: { ...bench.env, PATH, RIVET_STATE_URL: bench.db.url },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

onSessions(HAS_SESSIONS, NAME, () =>
  Deno.test(NAME, () =>
    onBench(async (bench) => {
      await bench.db.sql(`CREATE TABLE items (id int PRIMARY KEY);
        INSERT INTO items SELECT generate_series(1, ${ROWS});
        CREATE TABLE poison (id int); INSERT INTO poison VALUES (130); ANALYZE`);
      await bench.write("rivet.yaml", CONFIG);
      const failed = await processes(bench);
      ok(failed.code !== 0, failed.err);
      const there = [...Deno.readDirSync(bench.folder)].map(({ name }) => name);
      ok(there.includes("plan-items.json"), "the plan is kept");
      // The poison is in chunk 5: its task stops there, behind chunk 2 and before 8 and 11.
      equal((await bench.ids("out")).length, ROWS - 3 * 25, "the other tasks are read to the end");

      await bench.db.sql("DELETE FROM poison");
      const whole = await processes(bench);
      equal(whole.code, 0, whole.err);
      deepEqual(await bench.committedIds("out"), range(1, ROWS));
      deepEqual(await bench.ids("out"), range(1, ROWS), "no chunk was read twice");
      await Deno.stat(bench.path("out", "_SUCCESS"));
    })));
