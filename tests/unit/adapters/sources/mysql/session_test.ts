import assert from "node:assert/strict";
import {
  flavorOf,
  sessionSql,
  sessionSqlMode,
} from "../../../../../adapters/sources/mysql/session.ts";

Deno.test("session: MariaDB is known by its version", () => {
  assert.equal(flavorOf("10.11.19-MariaDB-0+deb12u1"), "MariaDB");
  assert.equal(flavorOf("5.5.5-10.6.4-MariaDB-log"), "MariaDB");
  assert.equal(flavorOf("8.4.3"), "MySQL");
  assert.equal(flavorOf("8.0.35-27.1 Percona Server"), "MySQL");
});

Deno.test("session: the statement's timeout in each server's variable and unit", () => {
  const timeouts = { statementTimeoutS: 7, lockTimeoutS: 3 };
  const of = (flavor: "MySQL" | "MariaDB") => sessionSql({ flavor, sqlMode: "" }, timeouts);
  assert.match(of("MySQL"), /SESSION max_execution_time = 7000,/);
  assert.doesNotMatch(of("MySQL"), /max_statement_time/);
  assert.match(of("MariaDB"), /SESSION max_statement_time = 7,/);
  assert.doesNotMatch(of("MariaDB"), /max_execution_time/);
  for (const sql of [of("MySQL"), of("MariaDB")]) {
    assert.match(sql, /SESSION time_zone = '\+00:00'/);
    assert.match(sql, /SESSION lock_wait_timeout = 3,/);
    assert.match(sql, /SESSION innodb_lock_wait_timeout = 3,/);
  }
});

Deno.test("session: 0 is no limit", () => {
  const none = { statementTimeoutS: 0, lockTimeoutS: 0 };
  const sql = sessionSql({ flavor: "MySQL", sqlMode: "" }, none);
  assert.match(sql, /max_execution_time = 0,/);
  assert.match(sql, /SESSION lock_wait_timeout = 31536000,/);
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
