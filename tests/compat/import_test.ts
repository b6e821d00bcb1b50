/** States that the documented tool wrote, taken over: the next run reads the rows behind each cursor. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { STATE_FILE } from "../../state/open.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../support/postgres.ts";
import { type CliResult, rivet, withConfig } from "../support/rivet.ts";

const DATA = new URL("./data/", import.meta.url);

/** As the tool read it, and ten rows that came after its run. */
const EVENTS = `
  CREATE TABLE events (id int8 PRIMARY KEY, at timestamptz NOT NULL, local timestamp NOT NULL,
    day date NOT NULL, code text NOT NULL, amount numeric(12,3) NOT NULL);
  INSERT INTO events SELECT i,
    timestamptz '2026-01-01 00:00:00+00' + i * interval '1 second 123 microseconds',
    timestamp '2026-01-01 00:00:00' + i * interval '1 second 123 microseconds',
    date '2026-01-01' + i, 'c' || lpad(i::text, 4, '0'), i + 0.125 FROM generate_series(1, 30) i`;

/** Export -> cursor column, and the cursor as it is stored here. */
const CURSORS: Readonly<Record<string, readonly [column: string, cursor: string]>> = {
  by_amount: ["amount", "20.125"],
  by_at: ["at", "2026-01-01 00:00:20.002460+00"],
  by_code: ["code", "c0020"],
  by_day: ["day", "2026-01-21"],
  by_id: ["id", "20"],
  by_local: ["local", "2026-01-01 00:00:20.002460"],
};

function configOf(url: string): string {
  const incremental = Object.entries(CURSORS).map(([name, [column]]) =>
    `  - {name: ${name}, table: events, mode: incremental, cursor_column: ${column}, destination: {type: local, path: ./out/${name}}}`
  );
  return `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
${incremental.join("\n")}
  - {name: by_chunk, table: events, mode: chunked, chunk_column: id, chunk_size: 8, chunk_checkpoint: true, destination: {type: local, path: ./out/by_chunk}}
  - {name: whole, table: events, destination: {type: local, path: ./out/whole}}
`;
}

interface Place {
  readonly cwd: string;
  readonly db: TestDatabase;
  readonly run: (...args: string[]) => Promise<CliResult>;
}

/** A config, and beside it the folder `old` with a state of the other tool. */
async function withOldState(
  version: number,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(EVENTS);
    await withConfig(configOf(db.url), async (cwd) => {
      await Deno.mkdir(join(cwd, "old"));
      const old = new DatabaseSync(join(cwd, "old", STATE_FILE));
      old.exec(await Deno.readTextFile(new URL(`state_v${version}.sql`, DATA)));
      old.close();
      await body({ cwd, db, run: (...args) => rivet(args, { cwd }) });
    });
  } finally {
    await db.drop();
    await server.stop();
  }
}

const IMPORT = ["state", "import", "-c", "rivet.yaml", "--json"];

interface Imported {
  readonly exports: readonly {
    readonly export_name: string;
    readonly action: string;
    readonly reason: string | null;
    readonly cursor: string | null;
    readonly files: number;
  }[];
}

function actionsOf(result: CliResult): Record<string, string> {
  const { exports }: Imported = JSON.parse(result.stdout);
  return Object.fromEntries(exports.map((e) => [e.export_name, e.action]));
}

/** Each incremental export reads the ten rows that the other tool never saw. */
async function assertGoesOn({ run }: Pick<Place, "run">): Promise<void> {
  const { code, stdout, stderr } = await run("run", "-c", "rivet.yaml", "--json");
  assert.equal(code, 0, stderr);
  const per: { export_name: string; total_rows: number }[] = JSON.parse(stdout).per_export;
  assert.deepEqual(
    Object.fromEntries(per.map((e) => [e.export_name, e.total_rows])),
    {
      ...Object.fromEntries(Object.keys(CURSORS).map((name) => [name, 10])),
      by_chunk: 30,
      whole: 30,
    },
  );
}

for (const version of [37, 38]) {
  Deno.test(`state import: SQLite of schema version ${version}, then runs read what is new`, () =>
    withOldState(version, async ({ cwd, run }) => {
      const before = await Deno.readFile(join(cwd, "old", STATE_FILE));
      const dry = await run(...IMPORT, "--from", "old");
      assert.equal(dry.code, 0, dry.stderr);
      const shown: Imported & { executed: boolean; schema_version: number } = JSON.parse(
        dry.stdout,
      );
      assert.deepEqual([shown.executed, shown.schema_version], [false, version]);
      for (const [name, [, cursor]] of Object.entries(CURSORS)) {
        assert.equal(shown.exports.find((e) => e.export_name === name)?.cursor, cursor, name);
      }
      await assert.rejects(Deno.stat(join(cwd, STATE_FILE)), "a dry run makes no state");

      const done = await run(...IMPORT, "--from", join("old", STATE_FILE), "--execute");
      assert.equal(done.code, 0, done.stderr);
      assert.deepEqual(await Deno.readFile(join(cwd, "old", STATE_FILE)), before);
      const state = JSON.parse((await run("state", "show", "-c", "rivet.yaml", "--json")).stdout);
      assert.deepEqual(
        Object.fromEntries(
          state.cursors.map((
            c: { export_name: string; cursor: string },
          ) => [c.export_name, c.cursor]),
        ),
        Object.fromEntries(Object.entries(CURSORS).map(([name, [, cursor]]) => [name, cursor])),
      );
      const files = JSON.parse((await run("state", "files", "-c", "rivet.yaml", "--json")).stdout);
      // One part of each, three of the chunks.
      assert.equal(files.files.length, 10);
      const progression = await run("state", "progression", "-c", "rivet.yaml");
      assert.match(progression.stdout, /by_chunk +chunked +chunk #2 .* chunked +chunk #2/);
      assert.match(progression.stdout, /by_id +incremental +20 /);
      const again = await run(...IMPORT, "--from", "old", "--execute");
      assert.deepEqual([...new Set(Object.values(actionsOf(again)))], ["skip"], again.stderr);
      await assertGoesOn({ run });
    }));
}

Deno.test("state import: PostgreSQL, from a variable that holds its URL", () =>
  withOldState(38, async ({ cwd, db, run }) => {
    const server = await testPostgres();
    const old = await createDatabase(server);
    try {
      await old.sql(await Deno.readTextFile(new URL("state_v38.postgres.sql", DATA)));
      const env = { OLD_STATE: old.url };
      const from = (...args: string[]) =>
        rivet([...IMPORT, "--from-env", "OLD_STATE", ...args], { cwd, env });
      const done = await from("--execute");
      assert.equal(done.code, 0, done.stderr);
      assert.equal(new Set(Object.values(actionsOf(done))).size, 1);
      await assertGoesOn({ run });
      const unset = await run(...IMPORT, "--from-env", "OLD_STATE");
      assert.equal(unset.code, 2);
      assert.match(unset.stderr, /OLD_STATE is not set/);
      // In the place of ours it is refused, and the hint says what to do.
      const env2 = { RIVET_STATE_URL: old.url };
      const refused = await rivet(["state", "show", "-c", "rivet.yaml"], { cwd, env: env2 });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /rivet state import --from-env/);
      assert.deepEqual((await db.sql("SELECT count(*) FROM events"))[0], ["30"]);
    } finally {
      await old.drop();
      await server.stop();
    }
  }));

Deno.test("state import: in the place of our own it is looked at, and moved before it is taken over", () =>
  withOldState(38, async ({ cwd, run }) => {
    await Deno.rename(join(cwd, "old", STATE_FILE), join(cwd, STATE_FILE));
    const refused = await run("run", "-c", "rivet.yaml");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /mkdir old-state && mv \.rivet_state\.db\* old-state\//);
    const dry = await run(...IMPORT, "--from", ".");
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stderr, /--execute needs another place/);
    const inPlace = await run(...IMPORT, "--from", ".", "--execute");
    assert.equal(inPlace.code, 1);
    // As the hint says.
    await Deno.mkdir(join(cwd, "old-state"));
    for await (const { name } of Deno.readDir(cwd)) {
      if (!name.startsWith(STATE_FILE)) continue;
      await Deno.rename(join(cwd, name), join(cwd, "old-state", name));
    }
    const done = await run(...IMPORT, "--from", "old-state", "--execute");
    assert.equal(done.code, 0, done.stderr);
  }));
