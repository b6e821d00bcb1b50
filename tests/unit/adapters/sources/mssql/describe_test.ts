/** Columns of a query against the scripted server. */
import assert from "node:assert/strict";
import type { RivetType } from "../../../../../core/types/types.ts";
import { failsWith } from "../../../../conformance/source.ts";
import { ITEMS, QUERY } from "./items.ts";
import { column, result, tableRules } from "../../../../support/tds/script.ts";
import { error } from "../../../../support/tds/tokens.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { CYRILLIC, JAPANESE, types as t } from "../../../../support/tds/types.ts";

const NO_OVERRIDES: ReadonlyMap<string, RivetType> = new Map();

traitTest(
  "describe: names, types and nullability, and one probe that reads no row",
  async ({ traits, withSource }) => {
    await withSource(tableRules(QUERY, ITEMS, []), async (source, server) => {
      const { columns, selectList } = await source.describe(`${QUERY} ; `, NO_OVERRIDES);
      assert.deepEqual(
        columns.map((c) => [c.name, c.nativeType, c.nullable, c.fidelity]),
        [["id", "int", traits.nullableForms, "exact"], ["name", "nvarchar(40)", true, "exact"]],
      );
      assert.deepEqual(selectList, ["_rivet.[id]", "_rivet.[name]"]);
      assert.match(
        server.asked.at(-1) ?? "",
        /SELECT TOP \(0\) \* FROM \(\nSELECT \* FROM items\n\) AS _rivet$/,
      );
    });
  },
  { alone: "all" },
);

traitTest(
  "describe: what the client cannot decode is cast by the server",
  async ({ withSource }) => {
    const columns = [
      column("jp", t.varchar(20, JAPANESE)),
      column("old", t.ntext()),
      column("older", t.text()),
      column("photo", t.image()),
      column("we]ird", t.varchar(20, JAPANESE)),
    ];
    await withSource(tableRules(QUERY, columns, []), async (source) => {
      const { selectList } = await source.describe(QUERY, NO_OVERRIDES);
      assert.deepEqual(selectList, [
        "CAST(_rivet.[jp] AS nvarchar(max)) AS [jp]",
        "CAST(_rivet.[old] AS nvarchar(max)) AS [old]",
        "CAST(_rivet.[older] AS nvarchar(max)) AS [older]",
        "CAST(_rivet.[photo] AS varbinary(max)) AS [photo]",
        "CAST(_rivet.[we]]ird] AS nvarchar(max)) AS [we]]ird]",
      ]);
    });
  },
  { alone: ["namedLobs", "sqlCollation", "nullableForms"] },
);

const COLLATED = [
  column("own", t.varchar(20)),
  column("other", t.varchar(20, CYRILLIC)),
  column("wide", t.nvarchar(20)),
];

traitTest(
  "describe: a collation that is not the database's is part of the type",
  async ({ withSource }) => {
    const names = [["SQL_Latin1_General_CP1_CI_AS"], ["Cyrillic_General_CI_AS"], [null]];
    const rules = [
      {
        sql: "sys.dm_exec_describe_first_result_set(N'SELECT TOP (0) * FROM (",
        reply: () => result([column("collation_name", t.nvarchar(128))], names),
      },
      ...tableRules(QUERY, COLLATED, []),
    ];
    await withSource(rules, async (source) => {
      const { columns } = await source.describe(QUERY, NO_OVERRIDES);
      assert.deepEqual(columns.map((c) => c.nativeType).slice(1), [
        "varchar(20) COLLATE Cyrillic_General_CI_AS",
        "nvarchar(20)",
      ]);
    });
  },
);

traitTest(
  "describe: a server that knows no collations costs nothing but non-ASCII keys",
  async ({ traits, withSource }) => {
    const rules = [
      {
        sql: "dm_exec_describe_first_result_set",
        reply: () => [error(208, "Invalid object name 'sys.dm_exec_describe_first_result_set'.")],
      },
      ...tableRules(QUERY, COLLATED, []),
    ];
    await withSource(rules, async (source, server) => {
      const { columns: [own, other] } = await source.describe(QUERY, NO_OVERRIDES);
      // The database's own collation is told at login.
      const told = traits.loginCollation;
      assert.equal(own.nativeType, told ? "varchar(20)" : "varchar(20) COLLATE unknown");
      assert.equal(other.nativeType, "varchar(20) COLLATE unknown");
      assert.equal(server.asked.filter((sql) => sql.includes("collation_name")).length, 1);
    });
  },
  { alone: ["loginCollation"] },
);

traitTest(
  "describe: every unsupported column at once, with the override and the cast",
  async ({ withSource }) => {
    const columns = [
      column("v", t.sqlVariant()),
      column("g", t.udt("geography")),
      column("h", t.udt("hierarchyid")),
    ];
    await withSource(tableRules(QUERY, columns, []), async (source) => {
      const describe = source.describe(QUERY, NO_OVERRIDES);
      const failure = await failsWith(
        describe,
        "TYPE_UNSUPPORTED",
        "permanent",
        /sql_variant[^]*geography[^]*hierarchyid/,
      );
      assert.match(failure.hint ?? "", /columns: \{ "v": text, "g": text, "h": text \}/);
      assert.match(
        failure.hint ?? "",
        /CAST\(\[v\] AS nvarchar\(4000\)\) AS \[v\], \[g\]\.ToString\(\) AS \[g\]/,
      );
      const overrides = new Map(["v", "g", "h"].map((name) => [name, { kind: "text" } as const]));
      const { selectList } = await source.describe(QUERY, overrides);
      assert.equal(selectList[1], "_rivet.[g].ToString() AS [g]");
    });
  },
);

traitTest("describe: an unknown override names the near match", async ({ withSource }) => {
  await withSource(tableRules(QUERY, ITEMS, []), async (source) => {
    const overrides = new Map([["nmae", { kind: "text" } as const]]);
    await failsWith(
      source.describe(QUERY, overrides),
      "CONFIG_INVALID",
      "permanent",
      /"nmae".*"name"/,
    );
  });
});

traitTest("describe: a missing table's error names the nearest one", async ({ withSource }) => {
  const names = [column("", t.nvarchar(128)), column("", t.nvarchar(128))];
  const rules = [
    { sql: "FROM sys.objects", reply: () => result(names, [["dbo", "items"], ["dbo", "orders"]]) },
    { sql: "FROM itms", reply: () => [error(208, "Invalid object name 'itms'.")] },
  ];
  await withSource(rules, async (source) => {
    const describe = source.describe("SELECT * FROM itms", NO_OVERRIDES);
    await failsWith(describe, "SOURCE_OBJECT_NOT_FOUND", "permanent", /itms[^]*dbo\.items/);
  });
});

traitTest(
  "describe: two columns of one name, ORDER BY and CTEs say what to write",
  async ({ withSource }) => {
    const cases = [
      [8156, "The column 'id' was specified multiple times for '_rivet'.", /named "id"[^]*AS b_id/],
      [1033, "The ORDER BY clause is invalid in views ...", /Leave ORDER BY out/],
      [8155, "No column name was specified for column 1 of '_rivet'.", /Name every column/],
      [102, "Incorrect syntax near 'FORM'.", /syntax/],
    ] as const;
    for (const [number, text, expected] of cases) {
      await withSource([{ sql: "TOP (0)", reply: () => [error(number, text)] }], async (source) => {
        await failsWith(
          source.describe(QUERY, NO_OVERRIDES),
          "SOURCE_QUERY",
          "permanent",
          expected,
        );
      });
    }
  },
);

traitTest(
  "inspect: columns that cannot be read stand in the list with their remedy",
  async ({ withSource }) => {
    const columns = [ITEMS[0], column("v", t.sqlVariant())];
    await withSource(tableRules(QUERY, columns, []), async (source) => {
      const [id, v] = await source.inspect?.(QUERY, NO_OVERRIDES) ?? [];
      assert.deepEqual([id.type?.kind, id.refusal], ["int", null]);
      assert.deepEqual([v.type, v.fidelity, v.refusal?.override], [null, "unsupported", {
        kind: "text",
      }]);
      assert.equal(v.refusal?.cast, "CAST([v] AS nvarchar(4000)) AS [v]");
    });
  },
);
