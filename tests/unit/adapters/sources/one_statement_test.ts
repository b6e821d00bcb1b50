/** What is one statement to each engine, and what would leave the parenthesis it is put into. */
import assert from "node:assert/strict";
import { dialect as mssql } from "../../../../adapters/sources/mssql/dialect.ts";
import { dialect as mysql } from "../../../../adapters/sources/mysql/dialect.ts";
import { dialect as postgres } from "../../../../adapters/sources/postgres/dialect.ts";
import { requireOneStatement, statementProblem } from "../../../../core/query/one_statement.ts";

const ENGINES = { postgres: postgres.lexis, mysql: mysql.lexis, mssql: mssql.lexis };
type Engine = keyof typeof ENGINES;
const ALL = Object.keys(ENGINES) as Engine[];

/** Queries that are one SELECT, for the engines named. */
const ONE: readonly (readonly [sql: string, engines: readonly Engine[]])[] = [
  ["SELECT (1 + 2) * 3 AS a", ALL],
  ["SELECT 1 ; ; \n", ALL],
  ["SELECT 1; -- the end", ALL],
  ["SELECT ')' AS a, ';' AS b, '--' AS c, '/*' AS d", ALL],
  ["SELECT 'it''s )' AS a", ALL],
  ['SELECT a AS ")" FROM t', ALL],
  ['SELECT a AS "a""); DROP" FROM t', ALL],
  ["SELECT 1 -- ) ;\r\n + 1 AS a", ALL],
  ["SELECT 1 /* ) ; ' */ AS a", ALL],
  ["SELECT a FROM t WHERE b IN (SELECT c FROM (SELECT 1 AS c) AS d)", ALL],
  ["SELECT 1 /* /* ) */ ; ) */ AS a", ["postgres", "mssql"]],
  ["SELECT '\\' AS a", ["postgres", "mssql"]],
  ["SELECT E'\\') ;' AS a, e'\\\\' AS b", ["postgres"]],
  ["SELECT $$ ) ; ' $$ AS a, $q$ $$ ) $q$ AS b, $1 AS c", ["postgres"]],
  ["SELECT a[1], array[1, 2] AS b FROM t", ["postgres"]],
  ["SELECT '\\') ;' AS a, \"\\\") ;\" AS b", ["mysql"]],
  ["SELECT `a``) ;` FROM t # ) ;\n", ["mysql"]],
  ["SELECT 1--1 AS a", ["mysql"]],
  ["SELECT /*! STRAIGHT_JOIN */ (1) AS a", ["mysql"]],
  ["SELECT [a]]) ;], N'日)' AS b FROM t", ["mssql"]],
];

/** Texts that would add a statement, or cannot be told apart. */
const OTHER: readonly (readonly [sql: string, why: RegExp, engines: readonly Engine[]])[] = [
  ["SELECT 1; DROP TABLE t", /another statement follows the semicolon in line 1/, ALL],
  ["SELECT 1\n;\nCOMMIT;", /another statement follows the semicolon in line 2/, ALL],
  ["SELECT 1; /* */ (SELECT 2)", /another statement/, ALL],
  ["SELECT 1) AS x; DROP TABLE t; --", /closes a parenthesis that it did not open, in line 1/, ALL],
  ["SELECT 1 AS a) AS x DROP TABLE t SELECT * FROM (SELECT 2 AS b", /did not open/, ALL],
  ["SELECT (1", /does not close the parenthesis in line 1/, ALL],
  ["SELECT 'a", /not closed, in line 1/, ALL],
  ['SELECT "a', /not closed/, ALL],
  ["SELECT 1 /* a", /comment is not closed/, ALL],
  ["SELECT 1\0", /NUL/, ALL],
  // A comment that one server ends here and another one does not.
  ["SELECT 1 -- a\r) AS x DROP TABLE t --", /end of line/, ALL],
  ["SELECT 1 -- a\u2028) AS x", /end of line/, ALL],
  // What is a string or comment elsewhere is code here.
  ["SELECT 1 /* /* */ ; DROP TABLE t -- */", /another statement/, ["mysql"]],
  ["SELECT 1 /*! ; DROP TABLE t */", /another statement/, ["mysql"]],
  ["SELECT 1 /*M!100100 ) */ AS a", /did not open/, ["mysql"]],
  ["SELECT 1 --; DROP TABLE t", /another statement/, ["mysql"]],
  ["SELECT 1 # ' ; DROP TABLE t", /not closed/, ["postgres", "mssql"]],
  ["SELECT '\\'; DROP TABLE t -- '", /another statement/, ["postgres", "mssql"]],
  ["SELECT $$ ' $$; DROP TABLE t --'", /another statement/, ["postgres"]],
  ["SELECT $a$ $b$ ; $a$ ; DROP TABLE t", /another statement/, ["postgres"]],
  ["SELECT ae'\\'; DROP TABLE t --'", /another statement/, ["postgres"]],
  ["SELECT [a] ; DROP TABLE t --]", /another statement/, ["mssql"]],
  ["SELECT `) ;` AS a", /did not open/, ["postgres", "mssql"]],
];

Deno.test("one statement: what it holds in strings, names and comments does not matter", () => {
  for (const [sql, engines] of ONE) {
    for (const engine of engines) {
      assert.equal(statementProblem(sql, ENGINES[engine]), null, `${engine}: ${sql}`);
    }
  }
});

Deno.test("more than one statement, or unclear: refused with the line", () => {
  for (const [sql, why, engines] of OTHER) {
    for (const engine of engines) {
      assert.match(statementProblem(sql, ENGINES[engine]) ?? "", why, `${engine}: ${sql}`);
    }
  }
});

Deno.test("a text of a megabyte is told apart like a short one", () => {
  const long = `SELECT ${"'a''b' || (1) /* c */ || ".repeat(40_000)}1`;
  for (const engine of ALL) {
    assert.equal(statementProblem(long, ENGINES[engine]), null);
    assert.match(statementProblem(`${long}; SELECT 1`, ENGINES[engine]) ?? "", /another/);
    for (const open of ["'", '"', "/*", "("]) {
      assert.match(statementProblem(open.repeat(500_001), ENGINES[engine]) ?? "", /close/);
    }
  }
});

Deno.test("the error names the export", () => {
  assert.throws(
    () => requireOneStatement("SELECT 1; SELECT 2", "orders", postgres.lexis),
    { code: "CONFIG_INVALID", message: /^export 'orders': its query is not one statement: / },
  );
});
