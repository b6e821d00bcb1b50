/** MySQL and MariaDB as the source conformance cases want them. */
import mysql from "mysql2/promise";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { caseTuning, type SourceHarness } from "../../conformance/source.ts";
import type { TestMysqlDatabase } from "../../support/mariadb.ts";

const NAMES = ["select", "with space", 'with"quote', "日本", "MixedCase"];
const quoted = (name: string) => `\`${name.replaceAll("`", "``")}\``;

const TABLES = `
  CREATE TABLE digits (d int);
  INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
  CREATE TABLE numbers (
    id bigint PRIMARY KEY, code varchar(40) NOT NULL UNIQUE, label varchar(40) UNIQUE
  );
  INSERT INTO numbers
    SELECT i, CONCAT('code-', LPAD(i, 5, '0')), IF(i % 3 <> 0, CONCAT('label-', i), NULL)
    FROM (
      SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS i
      FROM digits a, digits b, digits c, digits d, digits e WHERE e.d < 2
    ) AS n;
  CREATE UNIQUE INDEX both_columns ON numbers (code, label);
  CREATE UNIQUE INDEX a_prefix ON numbers (label(20));
  CREATE TABLE ${quoted('odd "näme"')} (${NAMES.map((n) => `${quoted(n)} varchar(40)`).join(", ")});
  INSERT INTO ${quoted('odd "näme"')} VALUES (${NAMES.map((n) => `'${n}'`).join(", ")});
  ANALYZE TABLE numbers`;

/** The fields of a URL, so that a case can replace one of them. */
export function structured(url: string): SourceConfig {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    type: "mysql",
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    // A test's server is on this machine, and does not know a new account's password yet.
    allow_public_key_retrieval: true,
    tls: { mode: "disable", accept_invalid_certs: false, accept_invalid_hostnames: false },
  };
}

async function lockTable(url: string, table: string): Promise<() => Promise<void>> {
  const session = await mysql.createConnection(url);
  await session.query(`LOCK TABLES ${table} WRITE`);
  return () => session.end();
}

/** Fills `database` with the tables of the cases. */
export async function mysqlHarness(database: TestMysqlDatabase): Promise<SourceHarness> {
  await database.sql(TABLES);
  // MariaDB keeps histograms that tell the keys themselves since 10.8.
  const [[histograms]] = await database.sql(
    "SELECT COUNT(*) FROM information_schema.SYSTEM_VARIABLES " +
      "WHERE VARIABLE_NAME = 'histogram_type' AND ENUM_VALUE_LIST LIKE '%JSON_HB%'",
  ).catch(() => [["0"]]);
  const hasHistograms = histograms === "1";
  if (hasHistograms) {
    await database.sql(
      "SET histogram_type = 'JSON_HB', histogram_size = 64; ANALYZE TABLE numbers PERSISTENT FOR ALL",
    );
  }
  const factory = await sourceFactory("mysql");
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
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST " +
          `WHERE COMMAND = 'Query' AND INFO LIKE '/* ${applicationName} */%'`,
      );
      return Number(count);
    },
    tables: { numbers: "numbers", odd: 'odd "näme"' },
    sql: {
      slow: "SELECT SLEEP(600) AS slept FROM numbers",
      wide: (bytes) => `SELECT REPEAT('x', ${bytes}) AS wide`,
      syntaxError: "SELECT FROM WHERE",
      duplicateNames: "SELECT a.*, b.id FROM numbers a JOIN numbers b USING (id)",
      unsupported: "SELECT ST_GeomFromText('POINT(1 2)') AS bad, " +
        "ST_GeomFromText('LINESTRING(0 0, 1 1)') AS worse",
    },
    // An integer primary key needs no histogram; a MySQL server keeps none of unique columns.
    statistics: hasHistograms ? "code" : null,
    checksPasswords: true,
  };
}
