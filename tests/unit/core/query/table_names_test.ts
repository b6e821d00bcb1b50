import assert from "node:assert/strict";
import { tableNames } from "../../../../core/query/table_names.ts";
import { dialect as postgres } from "../../../../adapters/sources/postgres/dialect.ts";
import { dialect as mysql } from "../../../../adapters/sources/mysql/dialect.ts";
import { dialect as mssql } from "../../../../adapters/sources/mssql/dialect.ts";

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ["SELECT * FROM orders", ["orders"]],
  ["SELECT * FROM orders o JOIN shop.customers AS c ON c.id = o.id", ["orders", "shop.customers"]],
  ["select * from only orders where x in (1, 2)", ["orders"]],
  ["SELECT * FROM a, b AS x,c y WHERE 1 = 1 ORDER BY p, q", ["a", "b", "c"]],
  ["SELECT * FROM orders JOIN orders p USING (id)", ["orders"]],
  ['SELECT * FROM "Odd Name"."a""b" LEFT JOIN s . t ON true', ['"Odd Name"."a""b"', "s.t"]],
  ["SELECT 'from nowhere' /* from comment */ FROM t -- join other", ["t"]],
  ["SELECT * FROM generate_series(1, 3) g, pg_catalog.now() n", []],
  ["SELECT * FROM (SELECT * FROM inner_one) s", ["inner_one"]],
  [
    "WITH recent AS (SELECT * FROM orders), c(x, y) AS MATERIALIZED (SELECT 1, 2 FROM items) " +
    "SELECT * FROM recent, c",
    ["orders", "items"],
  ],
  ["SELECT id AS fromage FROM cheese", ["cheese"]],
  ["SELECT 1", []],
  ["SELECT * FROM t WHERE note = 'open", ["t"]],
];

Deno.test("the tables of a query are those behind FROM, JOIN and their commas", () => {
  for (const [sql, names] of CASES) {
    assert.deepEqual(tableNames(sql, postgres.lexis), names, sql);
  }
});

Deno.test("each engine's quoted names are references as they are written", () => {
  assert.deepEqual(tableNames("SELECT * FROM `my db`.`o`, `p`", mysql.lexis), [
    "`my db`.`o`",
    "`p`",
  ]);
  assert.deepEqual(
    tableNames("SELECT * FROM [a b].[dbo].[t] JOIN dbo.u ON 1 = 1", mssql.lexis),
    ["[a b].[dbo].[t]", "dbo.u"],
  );
});
