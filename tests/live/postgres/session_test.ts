/** What no text of a query and no setting of a role or database can do to a session. */
import assert from "node:assert/strict";
import { rivet, withConfig } from "../../support/rivet.ts";
import { failsWith, readValues, type SourceHarness, withSource } from "../../conformance/source.ts";
import { onPostgresSessions, type TestDatabase } from "../../support/postgres.ts";
import { postgresHarness } from "./harness.ts";
import { until } from "../../support/until.ts";

/** Each would write, or end the transaction and then write, if it were more than one statement's text. */
const ATTACKS: readonly string[] = [
  "1; COMMIT; CREATE TABLE pwned (a int); --",
  "1; COMMIT; CREATE TABLE pwned (a int); SELECT 1",
  "1) AS _rivet; COMMIT; CREATE TABLE pwned (a int); --",
  "1) TO STDOUT; COMMIT; CREATE TABLE pwned (a int); --",
  "1) TO PROGRAM 'touch PWNED_FILE' --",
  "1; SET default_transaction_read_only = off; COMMIT; CREATE TABLE pwned (a int)",
  "pwn()",
];

/** An export for each attack, which comes as a parameter. */
const config = (url: string) =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
${
    ATTACKS.map((_, i) =>
      `  - name: e${i}
    query: 'SELECT id FROM numbers WHERE id = \${v${i}}'
    destination: {type: local, path: ./out}
`
    ).join("")
  }`;

async function checkAttacks(database: TestDatabase): Promise<void> {
  await database.sql(`CREATE FUNCTION pwn() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN CREATE TABLE pwned (a int); RETURN 1; END $$`);
  const marker = await Deno.makeTempFile();
  await Deno.remove(marker);
  const params = ATTACKS.flatMap((attack, i) => [
    "--param",
    `v${i}=${attack.replace("PWNED_FILE", marker)}`,
  ]);
  await withConfig(config(database.url), async (cwd) => {
    for (const command of ["run", "check", "plan"]) {
      const { code, stdout, stderr } = await rivet([command, "-c", "rivet.yaml", ...params], {
        cwd,
      });
      const [[pwned]] = await database.sql("SELECT to_regclass('pwned') IS NOT NULL");
      assert.equal(pwned, "f", `${command}: ${stderr}`);
      await assert.rejects(Deno.stat(marker), Deno.errors.NotFound, command);
      if (command !== "run") continue;
      assert.equal(code, 1);
      for (const i of ATTACKS.keys()) assert.match(stdout + stderr, new RegExp(`e${i}\\b.*failed`));
    }
  });
}

async function checkCopyAlone(harness: SourceHarness): Promise<void> {
  // Past every check of the query, as an edited plan would come.
  await withSource(harness, {}, async (source) => {
    const column = {
      name: "id",
      type: { kind: "int", bits: 64, signed: true },
      nullable: true,
      nativeType: "int8",
      fidelity: "exact",
    } as const;
    const read = Array.fromAsync(source.read({
      sql: "SELECT 1::int8 AS id) TO PROGRAM 'cat >/dev/null' --",
      columns: [column],
      access: "statement",
      fetchRows: 0,
      batchBytes: 1000,
      batchRows: 10,
      throttleMs: 0,
      maxValueBytes: 1000,
    }));
    await failsWith(read, "SOURCE_QUERY", "permanent", /syntax error/);
    assert.deepEqual(await source.rows("SHOW default_transaction_read_only"), [["on"]]);
  });
}

/** As a role that each of these is set for, in this database. */
const SETTINGS: readonly string[] = [
  "idle_in_transaction_session_timeout = '1ms'",
  "statement_timeout = '1ms'",
  "lock_timeout = '1ms'",
  "default_transaction_isolation = 'serializable'",
  "default_transaction_deferrable = on",
  "default_transaction_read_only = off",
  "quote_all_identifiers = on",
  "DateStyle = 'SQL, DMY'",
  "IntervalStyle = 'sql_standard'",
  "bytea_output = 'escape'",
  "extra_float_digits = -15",
  "client_encoding = 'LATIN1'",
  "TimeZone = 'Asia/Kolkata'",
  "row_security = on",
  "search_path = odd_schema",
];

const SETTINGS_QUERY = `SELECT id, 'größe €' AS t, '2024-02-29 12:00+00'::timestamptz AS at,
  '1 day'::interval AS d, '\\x00ff'::bytea AS b, 0.1::float8 + 0.2 AS f, 'x'::varchar(7) AS v
  FROM only_there`;

async function checkSettings(harness: SourceHarness): Promise<void> {
  const [[database]] = await harness.admin("SELECT quote_ident(current_database())");
  const sets = SETTINGS.map((setting) =>
    `ALTER ROLE rivet_set IN DATABASE ${database} SET ${setting};`
  );
  await harness.admin(`
    CREATE ROLE rivet_set LOGIN PASSWORD 's3t';
    CREATE SCHEMA odd_schema;
    CREATE TABLE odd_schema.only_there AS SELECT i::int4 AS id FROM generate_series(1, 3) i;
    GRANT USAGE ON SCHEMA odd_schema TO rivet_set;
    GRANT SELECT ON odd_schema.only_there TO rivet_set;
    ${sets.join("\n")}`);
  try {
    const asRole = { source: { user: "rivet_set", password: "s3t" } };
    await withSource(harness, asRole, async (source) => {
      // The transaction rests for longer than the role's limit between two batches.
      const rows = await readValues(source, SETTINGS_QUERY, {
        access: "cursor",
        fetchRows: 1,
        throttleMs: 30,
      });
      assert.equal(rows.length, 3);
      assert.deepEqual(rows.map(([id]) => id), [1, 2, 3]);
      assert.equal(rows[0][1], "größe €");
      const described = await source.describe(SETTINGS_QUERY, new Map());
      assert.equal(described.columns[6].nativeType.includes('"'), false);
      const [text] = await source.rows(
        "SELECT '2024-02-29'::date, '1 day'::interval, '\\x00ff'::bytea, 0.1::float8 + 0.2, " +
          "current_setting('transaction_isolation'), current_setting('transaction_read_only'), " +
          "current_setting('search_path'), pg_sleep(0.02)::text",
      );
      assert.deepEqual(text, [
        "2024-02-29",
        "P1D",
        "\\x00ff",
        "0.30000000000000004",
        "read committed",
        "on",
        "odd_schema",
        "",
      ]);
    });
  } finally {
    await harness.admin(
      "DROP OWNED BY rivet_set; DROP ROLE rivet_set; DROP SCHEMA odd_schema CASCADE",
    );
  }
}

async function checkPolicies(harness: SourceHarness, database: TestDatabase): Promise<void> {
  await harness.admin(`
    CREATE ROLE rivet_rows LOGIN PASSWORD 'r0ws';
    CREATE TABLE policed AS SELECT i AS id FROM generate_series(1, 10) i;
    ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
    CREATE POLICY few ON policed USING (id <= 4);
    GRANT SELECT ON policed TO rivet_rows`);
  try {
    const login = { user: "rivet_rows", password: "r0ws" };
    await withSource(harness, { source: login }, async (source) => {
      const read = readValues(source, "SELECT id FROM policed");
      await failsWith(read, "SOURCE_PERMISSION", "auth", /row-level security[^]*row_security/);
    });
    const role = new URL(database.url);
    role.username = "rivet_rows";
    role.password = "r0ws";
    const url = `${role.href}?options=-c%20row_security%3Don`;
    const fields = { host: undefined, port: undefined, user: undefined, password: undefined };
    const source = { ...fields, database: undefined, url };
    await withSource(harness, { source }, async (seen) => {
      assert.equal((await readValues(seen, "SELECT id FROM policed")).length, 4);
    });
  } finally {
    await harness.admin("DROP TABLE policed; DROP ROLE rivet_rows");
  }
}

async function checkIdleEnd(harness: SourceHarness): Promise<void> {
  const applicationName = "rivet-idle-end";
  await withSource(harness, { applicationName }, async (source) => {
    const session = `FROM pg_stat_activity WHERE application_name = '${applicationName}'`;
    await harness.admin(`SELECT pg_terminate_backend(pid) ${session}`);
    // The form that waits by itself is there since PostgreSQL 14.
    const gone = async () => (await harness.admin(`SELECT pid ${session}`)).length === 0;
    await until("the end of the session", gone);
    const error = await failsWith(
      source.rows("SELECT 1"),
      "SOURCE_DISCONNECTED",
      "capacity",
      /terminating connection due to administrator command/,
    );
    assert.equal(error.nativeCode, "57P01");
  });
}

/** A password that is typed in one way and was set in another. */
async function checkPreparedPassword(harness: SourceHarness): Promise<void> {
  await harness.admin("CREATE ROLE rivet_prep LOGIN PASSWORD E'ca\\u0301fe\\u00a0\\u2168'");
  try {
    for (const password of ["ca\u0301fe\u00a0\u2168", "c\u00e1fe IX"]) {
      await withSource(harness, { source: { user: "rivet_prep", password } }, async (source) => {
        assert.deepEqual(await source.rows("SELECT current_user"), [["rivet_prep"]]);
      });
    }
    for (const odd of ["\u{1f600}e\u0301", "\u06271\u00a0", "\u00ad"]) {
      await harness.admin(`ALTER ROLE rivet_prep PASSWORD '${odd}'`);
      await withSource(
        harness,
        { source: { user: "rivet_prep", password: odd } },
        async (source) => {
          assert.deepEqual(await source.rows("SELECT 1"), [["1"]]);
        },
      );
    }
  } finally {
    await harness.admin("DROP ROLE rivet_prep");
  }
}

Deno.test("postgres: session", async (t) => {
  await onPostgresSessions(async (database) => {
    const harness = await postgresHarness(database);
    await t.step("no text of a query writes: run, check, plan", () => checkAttacks(database));
    await t.step("the query of a COPY stands by itself", () => checkCopyAlone(harness));
    await t.step("settings of role and database change nothing", () => checkSettings(harness));
    await t.step(
      "policies that would hide rows fail the read",
      () => checkPolicies(harness, database),
    );
    await t.step("why an idle session was ended is told", () => checkIdleEnd(harness));
    await t.step(
      "SCRAM passwords are prepared as the server does",
      () => checkPreparedPassword(harness),
    );
  });
});
