/**
 * The same rows whatever an account's session was made to be: the answers of an ordinary account are
 * those of a plain server, with every setting bent by `init_connect` or globally.
 */
import assert from "node:assert/strict";
import type { Source } from "../../../core/ports/source.ts";
import { readValues, type SourceHarness, withSource } from "../../conformance/source.ts";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { mysqlHarness } from "./harness.ts";

const ACCOUNT = { user: "rivet_plain", password: "pl4in-password" };

/** What a server may be set to, globally and therefore for each new session; those that there are. */
const SETTINGS: Readonly<Record<string, string>> = {
  character_set_collations: "'utf8mb4=utf8mb4_bin'",
  collation_connection: "'utf8mb4_bin'",
  completion_type: "'RELEASE'",
  default_regex_flags: "'EXTENDED'",
  default_week_format: "3",
  div_precision_increment: "0",
  group_concat_max_len: "8",
  idle_readonly_transaction_timeout: "2",
  idle_transaction_timeout: "2",
  information_schema_stats_expiry: "86400",
  innodb_lock_wait_timeout: "1",
  lc_messages: "'de_DE'",
  lc_time_names: "'de_DE'",
  lock_wait_timeout: "1",
  max_execution_time: "1",
  max_join_size: "10",
  max_recursive_iterations: "3",
  max_sort_length: "8",
  max_statement_time: "0.5",
  net_write_timeout: "2",
  old_mode: "CONCAT_WS(',', NULLIF(@@old_mode, ''), 'ZERO_DATE_TIME_CAST')",
  optimizer_switch: "'derived_merge=off'",
  show_gipk_in_create_table_and_information_schema: "OFF",
  sql_auto_is_null: "ON",
  sql_buffer_result: "ON",
  sql_mode: "CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE')",
  sql_select_limit: "7",
  system_versioning_asof: "'2001-01-01 00:00:00'",
  time_zone: "'+09:00'",
  wait_timeout: "2",
};
const MARIADB_SETTINGS: Readonly<Record<string, string>> = {
  sql_mode: "CONCAT(@@sql_mode, ',EMPTY_STRING_IS_NULL,NO_BACKSLASH_ESCAPES,NO_ZERO_IN_DATE')",
};
/** What only a session has. */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  autocommit: "0",
  character_set_client: "latin1",
  character_set_connection: "latin1",
  character_set_results: "latin1",
  sql_big_selects: "0",
  timestamp: "86400",
};

/** Statements whose answers a setting of the session bends. */
const QUESTIONS: Readonly<Record<string, string>> = {
  "a whole table": "SELECT COUNT(*), SUM(id) FROM numbers",
  "a join of many rows": "SELECT COUNT(*) FROM digits a, digits b, digits c",
  "a subquery of many rows": "SELECT COUNT(*) FROM (SELECT * FROM numbers WHERE id > 0) AS n",
  "a long GROUP_CONCAT": "SELECT LENGTH(GROUP_CONCAT(code)) FROM numbers",
  "a quotient": "SELECT 1 / 3",
  "the name of a month": "SELECT DATE_FORMAT('2024-03-05', '%M'), WEEK('2024-01-01')",
  "an instant": "SELECT FROM_UNIXTIME(0), UNIX_TIMESTAMP('2024-01-01 00:00:00')",
  "the clock": "SELECT NOW() > '2024-01-01', ABS(TIMESTAMPDIFF(SECOND, NOW(), SYSDATE())) < 60",
  "text in the order of its end": "SELECT n FROM long_texts ORDER BY t",
  "an empty string": "SELECT COUNT(*), '' IS NULL, '' = '' FROM digits WHERE '' = ''",
  "a backslash": "SELECT LENGTH('\\\\')",
  "a padded text": "SELECT LENGTH(c) FROM padded",
  "letters": "SELECT HEX(t), t, 'é€' FROM letters",
  "a comparison of texts": "SELECT CONCAT('a', 1) = 'A1', COLLATION(CONCAT(1))",
  "a key that is NULL": "SELECT COUNT(*) FROM counted WHERE id IS NULL",
  "zero dates": "SELECT COUNT(*) FROM zero_dates WHERE d < '2000-00-00'",
  "the database": "SELECT DATABASE() LIKE 'rivet_test_%'",
};
const MARIADB_QUESTIONS: Readonly<Record<string, string>> = {
  "a recursive query": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r " +
    "WHERE n < 2000) SELECT MAX(n) FROM r",
  "a table with its history": "SELECT COUNT(*) FROM versioned",
  "a time as a moment": "SELECT CAST(TIME '10:00:00' AS DATETIME) > '2024-01-01'",
};

const TABLES = `
  CREATE TABLE long_texts (n int, t varchar(3000) CHARACTER SET latin1);
  INSERT INTO long_texts SELECT d, CONCAT(REPEAT('x', 2000), 9 - d) FROM digits;
  CREATE TABLE padded (c char(20)); INSERT INTO padded VALUES ('abc');
  CREATE TABLE letters (t varchar(20) CHARACTER SET utf8mb4); INSERT INTO letters VALUES ('é€😀\\\\');
  CREATE TABLE counted (id int AUTO_INCREMENT PRIMARY KEY); INSERT INTO counted VALUES (1), (2);
  SET sql_mode = ''; CREATE TABLE zero_dates (d date); INSERT INTO zero_dates VALUES ('0000-00-00')`;

async function answers(
  source: Source,
  questions: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(questions)) {
    found[name] = await source.rows(sql).catch((error) => String(error));
  }
  found["the rows of an export"] =
    (await readValues(source, "SELECT id FROM numbers", { orderBy: "id" })).length;
  found["a chunk's plan"] = await source.explainScan?.(
    "SELECT _rivet.* FROM (SELECT * FROM numbers) AS _rivet WHERE _rivet.id BETWEEN 5 AND 9",
    "statement",
  );
  found["the session"] = (await source.rows(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${
      Object.keys({ ...SETTINGS, ...SESSION_SETTINGS }).map((name) => `'${name}'`).join(", ")
    })`,
  )).filter(([name]) => name !== "timestamp");
  const catalog = await source.introspect?.({ schema: null, table: null });
  found["the tables of the catalog"] = catalog?.tables.map((table) => table.name);
  return found;
}

function assignments(scope: "GLOBAL" | "SESSION", settings: Readonly<Record<string, string>>) {
  return Object.entries(settings).map(([name, value]) =>
    `SET ${scope} ${name} = ${value.replaceAll("@@", `@@${scope}.`)}`
  );
}

async function withGlobals<T>(
  harness: SourceHarness,
  settings: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const before: Record<string, string> = {};
  for (const name of [...Object.keys(settings), "init_connect"]) {
    const [[value]] = await harness.admin(`SELECT @@GLOBAL.${name}`);
    const quote = /^\d+(\.\d+)?$/.test(value ?? "") ? value : `'${value?.replaceAll("'", "''")}'`;
    before[name] = name === "system_versioning_asof" ? "DEFAULT" : quote ?? "DEFAULT";
  }
  try {
    return await work();
  } finally {
    for (const sql of assignments("GLOBAL", before)) await harness.admin(sql);
  }
}

mysqlTest("mysql: an account's session changes no answer", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const harness = await mysqlHarness(database);
      await database.sql(TABLES);
      const [[isMariadb]] = await database.sql("SELECT VERSION() LIKE '%MariaDB%'");
      const mariadb = isMariadb === "1";
      const questions = mariadb ? { ...QUESTIONS, ...MARIADB_QUESTIONS } : QUESTIONS;
      const wanted = mariadb ? { ...SETTINGS, ...MARIADB_SETTINGS } : SETTINGS;
      const known = new Set((await database.sql("SHOW GLOBAL VARIABLES")).map(([name]) => name));
      // Some servers were built with English messages alone.
      const english = await database.sql(
        "SET SESSION lc_messages = 'de_DE'; SET SESSION lc_messages = 'en_US'",
      ).then(() => false, () => true);
      if (english) known.delete("lc_messages");
      const settings = Object.fromEntries(Object.entries(wanted).filter(([n]) => known.has(n)));
      if (mariadb) {
        await database.sql(
          "CREATE TABLE versioned (i int) WITH SYSTEM VERSIONING; INSERT INTO versioned VALUES (1)",
        );
      }
      await database.sql(
        `CREATE USER ${ACCOUNT.user} IDENTIFIED BY '${ACCOUNT.password}'; ` +
          `GRANT SELECT ON *.* TO ${ACCOUNT.user}`,
      );
      const ask = () =>
        withSource(harness, { source: ACCOUNT }, (source) => answers(source, questions));
      try {
        const plain = await ask();
        assert.deepEqual(plain["a whole table"], [["20000", "200010000"]]);
        assert.equal(plain["the rows of an export"], 20_000);
        for (const [name, value] of Object.entries(plain)) {
          assert.doesNotMatch(String(value), /Error/, name);
        }
        await t.step("by init_connect", () =>
          withGlobals(harness, {}, async () => {
            const bent = { ...settings, ...SESSION_SETTINGS };
            const list = [...assignments("SESSION", bent), "USE information_schema"].join("; ");
            await harness.admin(`SET GLOBAL init_connect = "${list}"`);
            assert.deepEqual(await ask(), plain);
          }));
        await t.step("by the server", () =>
          withGlobals(harness, settings, async () => {
            for (const sql of assignments("GLOBAL", settings)) await harness.admin(sql);
            assert.deepEqual(await ask(), plain);
          }));
        await t.step("one by one", () =>
          withGlobals(harness, {}, async () => {
            for (const sql of assignments("SESSION", { ...settings, ...SESSION_SETTINGS })) {
              await harness.admin(`SET GLOBAL init_connect = "${sql}"`);
              assert.deepEqual(await ask(), plain, sql);
            }
          }));
      } finally {
        await database.sql(`DROP USER ${ACCOUNT.user}`);
      }
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
