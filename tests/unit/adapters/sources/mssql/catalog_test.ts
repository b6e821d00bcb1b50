/** What the catalog and the optimizer know, from the scripted server. */
import assert from "node:assert/strict";
import { failsWith } from "../../../../conformance/source.ts";
import { column, columnsOf, result, sessionRules } from "../../../../support/tds/script.ts";
import { DROP, type Rule, type Step } from "../../../../support/tds/server.ts";
import { done, error, row } from "../../../../support/tds/tokens.ts";
import { ITEMS, QUERY, rowsOf } from "./items.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { types as t } from "../../../../support/tds/types.ts";

const XML = '<ShowPlanXML xmlns="http://schemas.microsoft.com/sqlserver/2004/07/showplan">' +
  '<StmtSimple StatementId="1" StatementEstRows="19999.6"/></ShowPlanXML>';
const showplan = (type = t.nvarcharMax()) => [
  column("Microsoft SQL Server 2005 XML Showplan", type),
];
/** As a derived table, so that nothing can stand beside it. */
const WRAPPED = `SELECT * FROM (\n${QUERY}\n) AS _rivet`;
/** The setting, and the statement that shows whether the server heeds it. */
const SHOWPLAN: readonly Rule[] = [
  { sql: "SET SHOWPLAN_XML", reply: () => [done({ more: true })] },
  { sql: /^SELECT 1 AS rivet$/, reply: () => result(showplan(), [[XML]]) },
];

traitTest("estimateRows: from the plan, without running the query", async ({ withSource }) => {
  for (const type of [t.nvarcharMax(), t.ntext(), t.xml()]) {
    const rules = [...SHOWPLAN, {
      sql: QUERY,
      reply: () => result(showplan(type), [[XML.slice(0, 40)], [XML.slice(40)]]),
    }];
    await withSource(rules, async (source, server) => {
      for (let times = 0; times < 2; times++) {
        assert.equal(await source.estimateRows(`${QUERY};`), 20_000);
      }
      // What the server heeds is found out once.
      assert.deepEqual(server.asked.slice(-7), [
        "SET SHOWPLAN_XML ON",
        "SELECT 1 AS rivet",
        WRAPPED,
        "SET SHOWPLAN_XML OFF",
        "SET SHOWPLAN_XML ON",
        WRAPPED,
        "SET SHOWPLAN_XML OFF",
      ]);
    });
  }
}, { alone: "all" });

traitTest("plans: null where the login may not see them", async ({ withSource }) => {
  const denied = () => [error(262, "SHOWPLAN permission denied in database 'shop'.")];
  const atOnce = [
    { sql: "SET SHOWPLAN_XML ON", reply: denied },
    { sql: "SET SHOWPLAN_XML OFF", reply: () => [done({ more: true })] },
  ];
  const later = [SHOWPLAN[0], { sql: "SELECT 1 AS rivet", reply: denied }];
  for (const rules of [atOnce, later, [...SHOWPLAN, { sql: QUERY, reply: denied }]]) {
    await withSource(rules, async (source, server) => {
      assert.equal(await source.estimateRows(QUERY), null);
      assert.equal(await source.explainScan?.(QUERY, "statement"), null);
      // A setting that was refused is not on.
      const last = rules === atOnce ? "SET SHOWPLAN_XML ON" : "SET SHOWPLAN_XML OFF";
      assert.equal(server.asked.at(-1), last);
    });
  }
  await withSource(sessionRules({ sessions: [1, 2] }), async (source) => {
    assert.equal(await source.estimateRows(QUERY), null);
  });
});

traitTest(
  "plans: a server that ignores the setting is not given the query to run",
  async ({ withSource }) => {
    const rules = [
      SHOWPLAN[0],
      { sql: "SELECT 1 AS rivet", reply: () => result([column("rivet", t.int())], [[1]]) },
      { sql: QUERY, reply: () => result(ITEMS, rowsOf(10)) },
    ];
    await withSource(rules, async (source, server) => {
      assert.equal(await source.estimateRows(QUERY), null);
      assert.equal(await source.explainScan?.(QUERY, "statement"), null);
      assert.ok(!server.asked.some((sql) => sql.includes(QUERY)));
      // The connection serves on.
      assert.deepEqual(await source.rows("SELECT 1 AS rivet"), [["1"]]);
    });
  },
);

traitTest(
  "plans: an answer that is none is stopped at its columns",
  async ({ traits, withSource }) => {
    let sent = 0;
    function* endless(): Generator<Step> {
      yield columnsOf(ITEMS);
      const block = Array.from({ length: 1000 }, (_, i) => row(ITEMS, [i, "x"], traits));
      for (;;) {
        yield* block;
        sent += 1000;
      }
    }
    await withSource([...SHOWPLAN, { sql: QUERY, reply: endless }], async (source, server) => {
      assert.equal(await source.estimateRows(QUERY), null);
      assert.equal(server.attentions, 1);
      assert.ok(sent > 0);
      assert.equal(server.asked.at(-1), "SET SHOWPLAN_XML OFF");
    });
  },
  { alone: ["attention"] },
);

traitTest(
  "plans: their error is not that of switching them off, and the session serves no more",
  async ({ withSource }) => {
    const rules: Rule[] = [
      { sql: "SET SHOWPLAN_XML OFF", reply: () => [DROP] },
      ...SHOWPLAN,
      { sql: QUERY, reply: () => [error(1222, "Lock request time out period exceeded.")] },
    ];
    await withSource(rules, async (source) => {
      await failsWith(source.estimateRows(QUERY), "SOURCE_TIMEOUT", "timeout", /Lock request/);
      await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
    });
    // Left on, the next statement would give its plan for its rows.
    const stuck = [
      { sql: "SET SHOWPLAN_XML OFF", reply: () => [error(1222, "Lock request time out.")] },
      ...SHOWPLAN,
      { sql: QUERY, reply: () => result(showplan(), [[XML]]) },
    ];
    await withSource(stuck, async (source) => {
      await failsWith(source.estimateRows(QUERY), "SOURCE_TIMEOUT", "timeout", /Lock request/);
      await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
    });
  },
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
  "rowBytes: the pages of a table over its rows, null where either is not known",
  async (double) => {
    const cases: [readonly (number | null)[], number | null][] = [
      [[1_000, 40_000], 205],
      [[1, 0], null],
      [[null, null], null],
    ];
    for (const [found, bytes] of cases) {
      const reply = () => result([column("", t.bigint()), column("", t.bigint())], [found]);
      await double.withSource([{ sql: "SUM(a.used_pages)", reply }], async (source, server) => {
        assert.equal(await source.rowBytes?.("other.dbo.it'ems"), bytes);
        const asked = server.asked.at(-1) ?? "";
        assert.match(asked, /\[other\]\.sys\.allocation_units/);
        assert.match(asked, /OBJECT_ID\(N'\[other\]\.\[dbo\]\.\[it''ems\]'\)/);
      });
    }
  },
);

const NAME = column("", t.nvarchar(128));
const LONG = column("", t.bigint());
const TABLES: readonly Rule[] = [
  {
    sql: "RTRIM(o.type)",
    reply: () =>
      result([NAME, NAME, column("", t.varchar(2)), LONG], [
        ["dbo", "big.one", "U", 1],
        ["dbo", "orders", "U", 1],
        ["dbo", "secret", "V", 1],
      ]),
  },
  { sql: "SELECT SCHEMA_NAME()", reply: () => result([NAME], [["dbo"]]) },
];
/** What the catalog need not have. */
const SIZES: readonly Rule[] = [
  {
    sql: "SUM(p.rows)",
    reply: () => result([NAME, LONG, LONG], [["big.one", 5000, 3], ["orders", 7, 1]]),
  },
  {
    sql: "sys.allocation_units",
    reply: () => result([NAME, LONG], [["big.one", 20], ["orders", 2], ["secret", null]]),
  },
  {
    sql: "HAS_PERMS_BY_NAME",
    reply: () => result([NAME, LONG], [["big.one", 1], ["orders", 1], ["secret", 0]]),
  },
  {
    sql: "ic.key_ordinal = 1",
    reply: () => result([NAME, NAME], [["orders", "id"], ["orders", "at"]]),
  },
];

traitTest("introspect: what the catalog does not have costs that and no more", async (double) => {
  const marks = ["SUM(p.rows)", "sys.allocation_units", "HAS_PERMS_BY_NAME", "ic.key_ordinal = 1"];
  const full = { rowEstimate: 7, totalBytes: 16_384, indexedColumns: ["id", "at"] };
  const without = [
    { ...full, rowEstimate: null },
    { ...full, totalBytes: null },
    full,
    { ...full, indexedColumns: [] },
  ];
  for (const [i, mark] of marks.entries()) {
    const missing = { sql: mark, reply: () => [error(208, "Invalid object name 'sys.x'.")] };
    await double.withSource([missing, ...SIZES, ...TABLES], async (source) => {
      const catalog = await source.introspect?.({ schema: null, table: null });
      const orders = catalog?.tables.find((table) => table.name === "orders");
      const { rowEstimate, totalBytes, indexedColumns } = orders ?? {};
      assert.deepEqual({ rowEstimate, totalBytes, indexedColumns }, without[i]);
      const unreadable = catalog?.tables.map((table) => table.unreadable !== null);
      assert.deepEqual(unreadable, [false, false, mark !== "HAS_PERMS_BY_NAME"]);
    });
  }
});

traitTest("introspect: a lost connection is not a missing view", async ({ withSource }) => {
  const rules: Rule[] = [{ sql: "sys.allocation_units", reply: () => [DROP] }, ...SIZES, ...TABLES];
  await withSource(rules, async (source) => {
    const introspect = source.introspect?.({ schema: null, table: null }) ?? Promise.resolve();
    await failsWith(introspect, "SOURCE_DISCONNECTED", "disconnect", /lost/);
  });
});

traitTest(
  "introspect: tables and views with their sizes, keys and what cannot be read",
  async ({ withSource }) => {
    const rules = [...SIZES, ...TABLES];
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
