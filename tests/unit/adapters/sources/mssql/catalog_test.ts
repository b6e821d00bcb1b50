/** What the catalog and the optimizer know, from the scripted server. */
import assert from "node:assert/strict";
import { QUERY } from "./items.ts";
import { column, result, sessionRules } from "../../../../support/tds/script.ts";
import { done, error } from "../../../../support/tds/tokens.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { types as t } from "../../../../support/tds/types.ts";

traitTest(
  "estimateRows: from the plan, without running the query; null without the permission",
  async ({ withSource }) => {
    const xml =
      '<ShowPlanXML><StmtSimple StatementId="1" StatementEstRows="19999.6"/></ShowPlanXML>';
    for (const type of [t.nvarcharMax(), t.ntext(), t.xml()]) {
      const plan = [column("Microsoft SQL Server 2005 XML Showplan", type)];
      const rules = [
        { sql: "SET SHOWPLAN_XML", reply: () => [done({ more: true })] },
        { sql: QUERY, reply: () => result(plan, [[xml]]) },
      ];
      await withSource(rules, async (source, server) => {
        assert.equal(await source.estimateRows(`${QUERY};`), 20_000);
        assert.deepEqual(server.asked.slice(-3), [
          "SET SHOWPLAN_XML ON",
          QUERY,
          "SET SHOWPLAN_XML OFF",
        ]);
      });
    }
    const refused = () => [error(262, "SHOWPLAN permission denied in database 'shop'.")];
    const rules = [
      { sql: "SHOWPLAN_XML", reply: () => [done({ more: true })] },
      { sql: QUERY, reply: refused },
    ];
    await withSource(rules, async (source) => assert.equal(await source.estimateRows(QUERY), null));
    await withSource(sessionRules({ sessions: [1, 2] }), async (source) => {
      assert.equal(await source.estimateRows(QUERY), null);
    });
  },
  { alone: "all" },
);

traitTest("keys and quantiles come from the catalog", async ({ withSource }) => {
  const keys = [column("name", t.nvarchar(128)), column("", t.int()), column("", t.int())];
  const steps = [column("", t.nvarchar(4000)), column("", t.real())];
  const rules = [
    { sql: "is_primary_key", reply: () => result(keys, [["id", 1, 1], ["code", 0, 0]]) },
    {
      sql: /N'id'[^]*dm_db_stats_histogram/,
      reply: () => result(steps, [["10", 10], ["20", 10], ["30", 10], ["40", 10]]),
    },
    { sql: "dm_db_stats_histogram", reply: () => [error(208, "Invalid object name 'x'.")] },
  ];
  await withSource(rules, async (source, server) => {
    assert.deepEqual(await source.keys("dbo.it'ems"), [
      { column: "id", unique: true, integer: true, primary: true },
      { column: "code", unique: true, integer: false, primary: false },
    ]);
    assert.match(server.asked.at(-1) ?? "", /OBJECT_ID\(N'\[dbo\]\.\[it''ems\]'\)/);
    assert.deepEqual(await source.quantiles("items", "id"), ["10", "20", "30", "40"]);
    assert.deepEqual(await source.quantiles("items", "other"), []);
  });
}, { alone: "all" });

traitTest(
  "introspect: tables and views with their sizes, keys and what cannot be read",
  async ({ withSource }) => {
    const name = column("", t.nvarchar(128));
    const long = column("", t.bigint());
    const tables = [name, name, column("", t.varchar(2)), long, long, long, long, long];
    const rules = [
      {
        sql: "HAS_PERMS_BY_NAME",
        reply: () =>
          result(tables, [
            ["dbo", "big.one", "U", 1, 5000, 3, 20, 1],
            ["dbo", "orders", "U", 1, 7, 1, 2, 1],
            ["dbo", "secret", "V", 1, null, 0, null, 0],
          ]),
      },
      { sql: "SELECT SCHEMA_NAME()", reply: () => result([name], [["dbo"]]) },
      {
        sql: "ic.key_ordinal = 1",
        reply: () => result([name, name], [["orders", "id"], ["orders", "at"]]),
      },
    ];
    await withSource(rules, async (source) => {
      const catalog = await source.introspect?.({ schema: null, table: null });
      assert.equal(catalog?.schema, "dbo");
      assert.deepEqual(catalog?.tables, [
        {
          schema: "dbo",
          name: "big.one",
          reference: "[big.one]",
          kind: "partitioned",
          rowEstimate: 5000,
          totalBytes: 163_840,
          indexedColumns: [],
          unreadable: null,
        },
        {
          schema: "dbo",
          name: "orders",
          reference: "orders",
          kind: "table",
          rowEstimate: 7,
          totalBytes: 16_384,
          indexedColumns: ["id", "at"],
          unreadable: null,
        },
        {
          schema: "dbo",
          name: "secret",
          reference: "secret",
          kind: "view",
          rowEstimate: null,
          totalBytes: null,
          indexedColumns: [],
          unreadable: "no permission to SELECT from it",
        },
      ]);
    });
  },
);

traitTest("the primary key in its order, and the server's clock", async ({ withSource }) => {
  const rules = [
    {
      sql: "ORDER BY ic.key_ordinal",
      reply: () => result([column("name", t.nvarchar(128))], [["b"], ["a"]]),
    },
    {
      sql: "SYSUTCDATETIME",
      reply: () => result([column("", t.bigint())], [[1_700_000_000_123n]]),
    },
  ];
  await withSource(rules, async (source) => {
    assert.deepEqual(await source.primaryKey?.("orders"), ["b", "a"]);
    assert.equal(await source.serverTimeMs?.(), 1_700_000_000_123);
  });
});
