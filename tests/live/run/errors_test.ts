/**
 * What goes wrong in a run: one message that says what happened, to which export, and what to do; exit
 * code 1; nothing under a final name; state as it was.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

interface Case {
  readonly name: string;
  /** Settings of the export `x`, and the URL when it is not the test's own. */
  readonly settings: string;
  readonly url?: (url: string) => string;
  /** The embedded server lets everybody in and do everything. */
  readonly needsRoles?: boolean;
  readonly args?: readonly string[];
  readonly destination?: string;
  /** The lines on stderr, one of these; `<...>` stands for what differs between machines. */
  readonly golden: readonly string[];
}

const READER = `rivet_reader_${crypto.randomUUID().slice(0, 8)}`;

const withUser = (url: string, user: string, password: string): string => {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
};

const CASES: readonly Case[] = [
  {
    name: "a table that does not exist",
    settings: "table: ordres",
    golden: [
      `error: export 'x' failed: PostgreSQL: relation "ordres" does not exist
hint: Did you mean public.orders?`,
    ],
  },
  {
    name: "a user that may not come in",
    settings: "table: orders",
    needsRoles: true,
    url: (url) => withUser(url, "rivet_nobody", "wrong99"),
    golden: [
      `error: export 'x' failed: PostgreSQL: password authentication failed for user "rivet_nobody"
hint: Check user and password, and that pg_hba.conf lets this user in from here.`,
      `error: export 'x' failed: PostgreSQL: role "rivet_nobody" does not exist
hint: Check user and password, and that pg_hba.conf lets this user in from here.`,
    ],
  },
  {
    name: "a table that the user may not read",
    settings: "table: orders",
    needsRoles: true,
    url: (url) => withUser(url, READER, "reader99"),
    golden: [
      `error: export 'x' failed: PostgreSQL: permission denied for table orders
hint: Grant it: GRANT SELECT ON <table> TO <user>; and GRANT USAGE ON SCHEMA <schema> TO <user>;`,
    ],
  },
  {
    name: "a host that cannot be reached",
    settings: "table: orders\n    tuning: {max_retries: 0}",
    url: () => "postgres://u:p@127.0.0.1:1/none",
    golden: [
      `error: export 'x' failed: cannot reach PostgreSQL at 127.0.0.1:1: Connection refused (os error 111)
hint: Check host and port, and that a firewall lets this machine through.`,
    ],
  },
  {
    name: "a syntax error",
    settings: "query: SELEC 1",
    golden: [
      `error: export 'x' failed: PostgreSQL: syntax error at or near "1"
hint: Correct the export's query.`,
    ],
  },
  {
    name: "types without a counterpart, all at once",
    settings: "query: SELECT point(1,2) AS p, 1.5::numeric AS n",
    golden: [
      `error: export 'x' failed: 2 columns cannot be exported as is:
  "p" point: has no exact counterpart
  "n" numeric: has no precision and scale
hint: Set columns: { "p": text, "n": "decimal(38,18)" } on the export, or cast in the query: "p"::text, "n"::numeric(38,18)`,
    ],
  },
  {
    name: "a value that does not fit",
    settings: "query: SELECT id, 'infinity'::timestamptz AS at FROM orders",
    golden: [
      `error: export 'x' failed: column "at": the value infinity does not fit timestamp_tz: only text holds it
hint: Give the column a type that holds it, e.g. columns: { "at": text }, or leave such rows out of the query.`,
    ],
  },
  {
    name: "a folder that cannot be",
    settings: "table: orders",
    destination: "/dev/null/out",
    golden: [
      `error: export 'x' failed: cannot create the folder /dev/null/out/.rivet-staging: Not a directory
hint: Give this user write permission there, or change \`destination.path\`.`,
    ],
  },
  {
    name: "--resume without a checkpoint",
    settings: "table: orders\n    mode: chunked\n    chunk_checkpoint: true",
    args: ["--resume"],
    golden: [
      `error: --resume: no unfinished chunk run of 'x'
hint: Run without --resume to start fresh; only exports with mode: chunked and chunk_checkpoint: true can be resumed, which chunk_by: ctid cannot have.`,
    ],
  },
];

const config = (url: string, settings: string, destination: string) =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - name: x
    ${settings}
    destination: {type: local, path: "${destination}"}
`;

async function visible(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(join(dir, "out"))))
      .map((entry) => entry.name).filter((name) => !name.startsWith("."));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function check(db: TestDatabase, c: Case): Promise<void> {
  const url = c.url?.(db.url) ?? db.url;
  await withConfig(config(url, c.settings, c.destination ?? "./out"), async (dir) => {
    const run = await rivet(["run", "-c", "rivet.yaml", ...c.args ?? []], { cwd: dir });
    assert.equal(run.code, 1, run.stderr);
    assert.ok(c.golden.includes(run.stderr.trimEnd()), run.stderr);
    assert.deepEqual(await visible(dir), []);
    const files = await rivet(["state", "files", "-c", "rivet.yaml"], { cwd: dir });
    assert.equal(files.stdout, "No files recorded.\n");
  });
}

/** An unfinished run refuses a plain run, and a resume under another plan. */
async function checkpoints(db: TestDatabase): Promise<void> {
  const settings = "query: SELECT id, 1 / (id - 25) AS q FROM orders\n    mode: chunked\n" +
    "    chunk_column: id\n    chunk_checkpoint: true\n    chunk_size: ";
  await withConfig(config(db.url, `${settings}10`, "./out"), async (dir) => {
    const run = (...args: string[]) => rivet(["run", "-c", "rivet.yaml", ...args], { cwd: dir });
    assert.equal((await run()).code, 1);
    const again = await run();
    assert.equal(again.code, 1);
    assert.match(
      again.stderr.trimEnd(),
      /^error: export 'x' failed: export 'x' has an unfinished chunk run 'x_\d{8}T\d{6}\.\d{3}'\nhint: Continue it with --resume, or discard it with 'rivet state reset-chunks --export x' and start over\.$/,
    );
    await Deno.writeTextFile(join(dir, "rivet.yaml"), config(db.url, `${settings}20`, "./out"));
    const other = await run("--resume");
    assert.equal(other.code, 1);
    assert.match(
      other.stderr.trimEnd(),
      /^error: export 'x' failed: the unfinished chunk run 'x_\S+' is of another plan \([0-9a-f]{16}, now [0-9a-f]{16}\)\nhint: The query, chunk column or chunk size changed since\. Restore them to resume, or 'rivet state reset-chunks --export x' and start over\.$/,
    );
  });
}

Deno.test("errors of a run: each has its message, and nothing is left behind", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(
      "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 50)",
    );
    const [[version]] = await db.sql("SELECT version()");
    const roles = version?.includes("PGlite") !== true;
    if (roles) await db.sql(`CREATE ROLE ${READER} LOGIN PASSWORD 'reader99'`);
    try {
      for (const c of CASES.filter((c) => roles || c.needsRoles !== true)) {
        await t.step(c.name, () => check(db, c));
      }
    } finally {
      if (roles) await db.sql(`DROP ROLE ${READER}`);
    }
    await t.step("an open checkpoint, and one of another plan", () => checkpoints(db));
  } finally {
    await db.drop();
    await server.stop();
  }
});
