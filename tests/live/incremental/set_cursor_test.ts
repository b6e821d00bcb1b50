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

/** The column's type, the value of row `i`, and the cursor as a person writes the seventh. */
const TYPES: readonly (readonly [type: string, value: string, cursor: string])[] = [
  ["int8", "9007199254740990 + i", "9007199254740997"],
  ["numeric(30,10)", "i + 0.0000000001", "7.0000000001"],
  ["float8", "i / 8.0", "0.875"],
  [
    "timestamptz",
    "timestamptz '2026-01-01 00:00:00.000001+00' + i * interval '1 hour'",
    "2026-01-01 09:00:00.000001+02",
  ],
  [
    "timestamptz",
    "timestamptz '2026-01-01 00:00:00.000001+00' + i * interval '1 hour'",
    "2026-01-01T07:00:00.000001Z",
  ],
  [
    "timestamp",
    "timestamp '2026-01-01 00:00:00.5' + i * interval '1 hour'",
    "2026-01-01T07:00:00.5",
  ],
  ["date", "date '2026-01-01' + i", "2026-01-08"],
  ["time", "time '00:00:00.25' + i * interval '1 hour'", "07:00:00.25"],
  ["text", "'k' || i", "k7"],
  [
    "uuid",
    "('00000000-0000-0000-0000-00000000000' || i)::uuid",
    "00000000-0000-0000-0000-000000000007",
  ],
  ["bytea", "decode('ff0' || i, 'hex')", "ff07"],
];

Deno.test("state set: a cursor of every type is compared as its column is", async () => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    for (const [i, [type, value]] of TYPES.entries()) {
      await db.sql(`CREATE TABLE t${i} (id int PRIMARY KEY, c ${type} NOT NULL)`);
      await db.sql(`INSERT INTO t${i} SELECT i, ${value} FROM generate_series(1, 9) i`);
    }
    const exports = TYPES.map((_, i) =>
      `  - {name: t${i}, table: t${i}, mode: incremental, cursor_column: c, destination: {type: local, path: ./out/${i}}}`
    );
    const yaml = `source: {type: postgres, url: "${db.url}", tls: {mode: disable}}
exports:
${exports.join("\n")}
`;
    await withConfig(yaml, async (cwd) => {
      for (const [i, [type, , cursor]] of TYPES.entries()) {
        const args = ["state", "set", "-c", "rivet.yaml", "-e", `t${i}`, "--cursor", cursor];
        const { code, stderr } = await rivet(args, { cwd });
        assert.equal(code, 0, `${type}: ${stderr}`);
      }
      const run = await rivet(["run", "-c", "rivet.yaml", "--json"], { cwd });
      assert.equal(run.code, 0, run.stderr);
      const per: { total_rows: number }[] = JSON.parse(run.stdout).per_export;
      assert.deepEqual(
        per.map((e, i) => [TYPES[i][0], TYPES[i][2], e.total_rows]),
        TYPES.map(([type, , cursor]) => [type, cursor, 2]),
      );
    });
  } finally {
    await db.drop();
    await server.stop();
  }
});
