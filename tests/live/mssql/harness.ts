/** SQL Server as the source conformance cases want it. */
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { caseTuning, type SourceHarness } from "../../conformance/source.ts";
import { type AdminSession, openSession } from "./server.ts";

const NAMES = ["select", "with space", 'with"quote', "日本", "MixedCase"];
const quoted = (name: string) => `[${name.replaceAll("]", "]]")}]`;

const TABLES = `
  CREATE TABLE numbers (
    id bigint NOT NULL CONSTRAINT numbers_pk PRIMARY KEY,
    code varchar(40) NOT NULL CONSTRAINT numbers_code UNIQUE,
    label nvarchar(40)
  );
  INSERT INTO numbers
    SELECT i, 'code-' + RIGHT('00000' + CAST(i AS varchar(10)), 5),
      CASE WHEN i % 3 <> 0 THEN 'label-' + CAST(i AS varchar(10)) END
    FROM (
      SELECT TOP (20000) ROW_NUMBER() OVER (ORDER BY a.object_id, a.column_id, b.column_id) AS i
      FROM sys.all_columns AS a CROSS JOIN sys.all_columns AS b
    ) AS n;
  CREATE UNIQUE INDEX both_columns ON numbers (code, label);
  CREATE TABLE ${quoted('odd "näme"')} (${
  NAMES.map((n) => `${quoted(n)} nvarchar(40)`).join(", ")
});
  INSERT INTO ${quoted('odd "näme"')} VALUES (${NAMES.map((n) => `N'${n}'`).join(", ")});
  UPDATE STATISTICS numbers WITH FULLSCAN`;

function structured(url: URL, database: string): SourceConfig {
  return {
    type: "mssql",
    host: url.hostname,
    port: Number(url.port || 1433),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    tls: { mode: "require", accept_invalid_certs: false, accept_invalid_hostnames: false },
  };
}

/** Fills the database with the tables of the cases. */
export async function mssqlHarness(
  url: URL,
  database: string,
  admin: AdminSession,
): Promise<SourceHarness> {
  await admin.sql(TABLES);
  const factory = await sourceFactory("mssql");
  return {
    connect: ({ tuning, source, applicationName = "rivet-test" } = {}) =>
      factory.connect({
        source: { ...structured(url, database), ...source },
        tuning: caseTuning(tuning),
        applicationName,
      }),
    admin: (sql) => admin.sql(sql),
    async lock(table) {
      const session = await openSession(url, database);
      await session.sql(
        `BEGIN TRANSACTION; SELECT TOP (0) 1 FROM ${table} WITH (TABLOCKX, HOLDLOCK)`,
      );
      return async () => {
        await session.sql("ROLLBACK TRANSACTION");
        session.close();
      };
    },
    async running(applicationName) {
      const [[count]] = await admin.sql(
        "SELECT COUNT(*) FROM sys.dm_exec_requests AS r " +
          "JOIN sys.dm_exec_sessions AS s ON s.session_id = r.session_id " +
          `WHERE s.program_name = N'${applicationName}'`,
      );
      return Number(count);
    },
    tables: { numbers: "numbers", odd: 'odd "näme"' },
    sql: {
      slow: "SELECT COUNT_BIG(*) AS n FROM sys.all_columns AS a CROSS JOIN sys.all_columns AS b " +
        "CROSS JOIN sys.all_columns AS c CROSS JOIN sys.all_columns AS d",
      wide: (bytes) => `SELECT REPLICATE(CAST('x' AS varchar(max)), ${bytes}) AS wide`,
      syntaxError: "SELECT FROM WHERE",
      duplicateNames: "SELECT a.*, b.id FROM numbers a JOIN numbers b ON a.id = b.id",
      unsupported: "SELECT CAST('x' AS sql_variant) AS bad, " +
        "geography::Point(47.6, -122.3, 4326) AS worse",
    },
    // Evenly spread keys make a histogram of a few steps, which cut nothing evenly.
    statistics: null,
    checksPasswords: true,
  };
}
