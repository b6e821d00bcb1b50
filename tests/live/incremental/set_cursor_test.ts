/** `rivet state set`: an incremental export goes on where another tool left off. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

Deno.test("state set: the next run reads the rows behind the cursor, and only those", async () => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql("CREATE TABLE events (id int PRIMARY KEY)");
    await db.sql("INSERT INTO events SELECT generate_series(1, 300)");
    const yaml = `source: {type: postgres, url: "${db.url}", tls: {mode: disable}}
exports:
  - {name: events, table: events, mode: incremental, cursor_column: id, destination: {type: local, path: ./out}}
`;
    await withConfig(yaml, async (cwd) => {
      const set = (...args: string[]) =>
        rivet(["state", "set", "-c", "rivet.yaml", ...args], { cwd });
      const done = await set("-e", "events", "--cursor", "250");
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stdout, /events: cursor set to 250 \(was none\)/);
      const run = await rivet(["run", "-c", "rivet.yaml", "--json"], { cwd });
      assert.equal(JSON.parse(run.stdout).total_rows, 50);
      const unknown = await set("-e", "event", "--cursor", "1");
      assert.equal(unknown.code, 2);
      assert.match(unknown.stderr, /did you mean "events"/);
    });
  } finally {
    await db.drop();
    await server.stop();
  }
});
