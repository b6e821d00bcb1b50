import assert from "node:assert/strict";
import {
  type Flavor,
  flavorOf,
  sessionSettings,
  sessionSqlMode,
  settingsSql,
  setUp,
} from "../../../../../adapters/sources/mysql/session.ts";
import { SourceError } from "../../../../../core/base/errors.ts";

Deno.test("session: MariaDB is known by its version", () => {
  assert.equal(flavorOf("10.11.19-MariaDB-0+deb12u1"), "MariaDB");
  assert.equal(flavorOf("5.5.5-10.6.4-MariaDB-log"), "MariaDB");
  assert.equal(flavorOf("8.4.3"), "MySQL");
  assert.equal(flavorOf("8.0.35-27.1 Percona Server"), "MySQL");
});

const TIMEOUTS = { statementTimeoutS: 7, lockTimeoutS: 3 };

/** The statement for a server that has these variables. */
function sqlFor(
  variables: Readonly<Record<string, string>>,
  timeouts = TIMEOUTS,
  flavor: Flavor = "MySQL",
): string {
  const facts = { flavor, variables: new Map(Object.entries(variables)) };
  return settingsSql(sessionSettings(facts, timeouts));
}

Deno.test("session: the statement's timeout in each server's variable and unit", () => {
  const common = { time_zone: "", lock_wait_timeout: "", innodb_lock_wait_timeout: "" };
  const mysql = sqlFor({ ...common, max_execution_time: "0" });
  const mariadb = sqlFor({ ...common, max_statement_time: "0" }, TIMEOUTS, "MariaDB");
  assert.match(mysql, /SESSION max_execution_time = 7000,/);
  assert.doesNotMatch(mysql, /max_statement_time/);
  assert.match(mariadb, /SESSION max_statement_time = 7,/);
  assert.doesNotMatch(mariadb, /max_execution_time/);
  for (const sql of [mysql, mariadb]) {
    assert.match(sql, /SESSION time_zone = '\+00:00'/);
    assert.match(sql, /SESSION lock_wait_timeout = 3,/);
    assert.match(sql, /SESSION innodb_lock_wait_timeout = 3$/);
  }
});

Deno.test("session: 0 is no limit", () => {
  const none = { statementTimeoutS: 0, lockTimeoutS: 0 };
  const sql = sqlFor({ max_execution_time: "5", lock_wait_timeout: "5" }, none);
  assert.match(sql, /max_execution_time = 0,/);
  assert.match(sql, /SESSION lock_wait_timeout = 31536000$/);
});

Deno.test("session: what a server does not have is not set", () => {
  assert.equal(
    sqlFor({ sql_select_limit: "5" }),
    "SET SESSION sql_select_limit = 18446744073709551615",
  );
});

Deno.test("session: a join's limit comes before the permission that it takes away", () => {
  const sql = sqlFor({ sql_big_selects: "OFF", max_join_size: "5" });
  assert.ok(sql.indexOf("max_join_size") < sql.indexOf("sql_big_selects"));
});

Deno.test("session: only what the optimizer was told to leave is switched on", () => {
  assert.match(
    sqlFor({ optimizer_switch: "index_merge=off,derived_merge=off,derived_condition_pushdown=on" }),
    /optimizer_switch = 'derived_merge=on'/,
  );
});

const refused = new SourceError("SOURCE_PERMISSION", "denied", { category: "auth" });

Deno.test("session: a variable that must not be set may be as it is wanted", async () => {
  const variables = new Map([["sql_auto_is_null", "off"], ["default_week_format", "0"]]);
  const run = (sql: string) =>
    sql.includes("sql_auto_is_null") ? Promise.reject(refused) : Promise.resolve();
  assert.deepEqual(await setUp(run, { flavor: "MySQL", variables }, TIMEOUTS), [
    ["default_week_format", "0"],
  ]);
});

Deno.test("session: a variable that stays otherwise is an error", async () => {
  const variables = new Map([["sql_select_limit", "7"], ["default_week_format", "0"]]);
  const run = (sql: string) =>
    sql.includes("sql_select_limit") ? Promise.reject(refused) : Promise.resolve();
  await assert.rejects(setUp(run, { flavor: "MySQL", variables }, TIMEOUTS), refused);
});

Deno.test("session: modes that would change Rivet's own SQL go, the query's stay", () => {
  assert.equal(
    sessionSqlMode(
      "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE",
    ),
    "ANSI_QUOTES,ONLY_FULL_GROUP_BY",
  );
  assert.equal(sessionSqlMode("STRICT_ALL_TABLES,TRADITIONAL"), "STRICT_ALL_TABLES");
  assert.equal(sessionSqlMode(""), "");
});
