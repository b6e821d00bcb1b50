/** PostgreSQL as the source conformance cases want it. */
import nodePostgres from "postgres";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { caseTuning, type SourceHarness } from "../../conformance/source.ts";
import type { TestDatabase } from "../../support/postgres.ts";

const NAMES = ["select", "with space", 'with"quote', "日本", "MixedCase"];
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

const TABLES = `
  CREATE TABLE numbers (id int8 PRIMARY KEY, code text NOT NULL UNIQUE, label text UNIQUE);
  INSERT INTO numbers
    SELECT i, 'code-' || lpad(i::text, 5, '0'), CASE WHEN i % 3 <> 0 THEN 'label-' || i END
    FROM generate_series(1, 20000) i;
  CREATE UNIQUE INDEX ON numbers (code) WHERE id > 10;
  CREATE TABLE ${quoted('odd "näme"')} (${NAMES.map((n) => `${quoted(n)} text`).join(", ")});
  INSERT INTO ${quoted('odd "näme"')} VALUES (${
  NAMES.map((n) => `'${n.replaceAll("'", "''")}'`).join(", ")
});
  ANALYZE numbers;`;

/** The fields of a URL, so that a case can replace one of them. */
export function structured(url: string): SourceConfig {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    type: "postgres",
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    tls: {
      mode: "disable",
      accept_invalid_certs: false,
      accept_invalid_hostnames: false,
    },
  };
}

async function lockTable(url: string, table: string): Promise<() => Promise<void>> {
  const session = nodePostgres(url, { max: 1, prepare: false, onnotice() {} });
  await session.unsafe(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  return async () => {
    await session.unsafe("ROLLBACK");
    await session.end();
  };
}

/** True when the server refuses a wrong password (a development server may trust everybody). */
async function refusesWrongPassword(url: string): Promise<boolean> {
  const wrong = new URL(url);
  wrong.password = "certainly-wrong";
  const session = nodePostgres(wrong.href, { max: 1, onnotice() {} });
  try {
    await session.unsafe("SELECT 1");
    return false;
  } catch {
    return true;
  } finally {
    await session.end();
  }
}

/** Fills `database` with the tables of the cases. */
export async function postgresHarness(database: TestDatabase): Promise<SourceHarness> {
  await database.sql(TABLES);
  const factory = await sourceFactory("postgres");
  return {
    connect: ({ tuning, source, applicationName = "rivet-test" } = {}) =>
      factory.connect({
        source: { ...structured(database.url), ...source },
        tuning: caseTuning(tuning),
        applicationName,
      }),
    admin: (sql) => database.sql(sql),
    lock: (table) => lockTable(database.url, table),
    async running(applicationName) {
      const [[count]] = await database.sql(
        "SELECT count(*) FROM pg_stat_activity " +
          `WHERE application_name = '${applicationName}' AND state = 'active'`,
      );
      return Number(count);
    },
    tables: { numbers: "numbers", odd: 'odd "näme"' },
    sql: {
      slow: "SELECT pg_sleep(600)::text AS slept",
      wide: (bytes) => `SELECT repeat('x', ${bytes}) AS wide`,
      syntaxError: "SELECT FROM WHERE",
      duplicateNames: "SELECT a.*, b.id FROM numbers a JOIN numbers b USING (id)",
      unsupported: "SELECT '[1,2)'::int4range AS bad, 1.5::numeric AS worse",
    },
    statistics: "id",
    checksPasswords: await refusesWrongPassword(database.url),
  };
}
