/** What a run and a plan leave behind is for their user alone, also where the umask is 0; data is not. */
import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

async function modesBelow(dir: string, prefix = ""): Promise<[string, string][]> {
  const modes: [string, string][] = [];
  for await (const entry of Deno.readDir(join(dir, prefix))) {
    const path = `${prefix}${entry.name}`;
    const { mode } = await Deno.lstat(join(dir, path));
    modes.push([path, ((mode ?? 0) & 0o777).toString(8)]);
    if (entry.isDirectory) modes.push(...await modesBelow(dir, `${path}/`));
  }
  return modes.sort();
}

Deno.test("files: state, reports and plans are private under umask 0, the destination's are open", async () => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  const umask = Deno.umask(0);
  try {
    await database.sql("CREATE TABLE t AS SELECT 1 AS id");
    const yaml = `source: {type: postgres, url: "${database.url}", tls: {mode: disable}}
exports:
  - {name: x, table: t, format: csv, destination: {type: local, path: ./out}}
`;
    await withConfig(yaml, async (dir) => {
      const run = await rivet(["run", "-c", "rivet.yaml", "--summary-output", "s.json"], {
        cwd: dir,
      });
      equal(run.code, 0, run.stderr);
      const plan = ["plan", "-c", "rivet.yaml", "--format", "json", "-o", "plan.json"];
      equal((await rivet(plan, { cwd: dir })).code, 0);
      const modes = new Map(await modesBelow(dir));
      const runId = [...modes.keys()].find((path) => /^\.rivet\/runs\/[^/]+$/.test(path)) ?? "";
      deepEqual(
        [".rivet", ".rivet/runs", runId].map((path) => modes.get(path)),
        ["700", "700", "700"],
      );
      for (const path of [`${runId}/summary.json`, `${runId}/summary.md`, "s.json", "plan.json"]) {
        equal(modes.get(path), "600", path);
      }
      equal(modes.get(".rivet_state.db"), "600");
      const data = [...modes].filter(([path]) => path.startsWith("out/"));
      equal(data.length > 2, true);
      deepEqual(data.filter(([, mode]) => mode !== "666"), []);
    });
  } finally {
    Deno.umask(umask);
    await database.drop();
    await server.stop();
  }
});
