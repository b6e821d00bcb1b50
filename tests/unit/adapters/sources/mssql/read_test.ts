/** Rows from the scripted server: what is asked, and what becomes of the answers. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { failsWith, readAll, readValues, requestFor } from "../../../../conformance/source.ts";
import { configureLogging } from "../../../../../core/base/log.ts";
import { kernels } from "../../../../../adapters/sources/mssql/kernel/kernel.ts";
import type { Source } from "../../../../../core/ports/source.ts";
import { ITEMS, itemsRules, QUERY, rowsOf } from "./items.ts";
import { column, columnsOf, result, rowOf, sessionRules } from "../../../../support/tds/script.ts";
import { DROP, type Step } from "../../../../support/tds/server.ts";
import { done, error, info, row } from "../../../../support/tds/tokens.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { types as t } from "../../../../support/tds/types.ts";

const PLAN = '<ShowPlanXML><StmtSimple StatementEstRows="5"/></ShowPlanXML>';

traitTest("every statement brings its settings along", async ({ withSource }) => {
  const tuning = { lockTimeoutS: 7 };
  await withSource(itemsRules(() => result(ITEMS, rowsOf(1))), async (source, server) => {
    await readAll(source, QUERY);
    await source.rows(QUERY);
    const statements = server.asked.slice(1);
    assert.equal(statements.length, 5);
    for (const sql of statements) {
      assert.match(sql, /^SET NOCOUNT ON; SET LOCK_TIMEOUT 7000; SET DEADLOCK_PRIORITY LOW;\n/);
    }
  }, { tuning });
}, { alone: "all" });

traitTest("read: all rows in batches", async ({ withSource }) => {
  await withSource(itemsRules(() => result(ITEMS, rowsOf(3000))), async (source) => {
    for (const access of ["statement", "cursor"] as const) {
      const batches = await readAll(source, QUERY, { access, batchRows: 128 });
      assert.ok(batches.slice(0, -1).every((b) => b.rows === 128));
      assert.deepEqual(await readValues(source, QUERY, { access }), rowsOf(3000));
    }
  });
}, { alone: "all" });

traitTest("read: packets and writes of any size", async ({ withSource }) => {
  for (const server of [{ packetBytes: 512 }, { packetBytes: 600, writeBytes: 97 }]) {
    const count = server.writeBytes === undefined ? 3000 : 150;
    await withSource(itemsRules(() => result(ITEMS, rowsOf(count))), async (source) => {
      assert.deepEqual(await readValues(source, QUERY), rowsOf(count));
    }, { server });
  }
});

traitTest(
  "read: messages of the server between rows do not disturb them",
  async ({ withSource }) => {
    function* reply(): Generator<Step> {
      yield columnsOf(ITEMS);
      yield rowOf(ITEMS, [1, "a"]);
      yield info(8153, "Warning: Null value is eliminated by an aggregate.");
      yield rowOf(ITEMS, [2, "b"]);
      yield done({ more: true });
    }
    await withSource(itemsRules(reply), async (source) => {
      assert.deepEqual(await readValues(source, QUERY), [[1, "a"], [2, "b"]]);
    });
  },
  { alone: "all" },
);

traitTest("read: where rows were laid out is free when they have ended", async ({ withSource }) => {
  function* endless(): Generator<Step> {
    yield columnsOf(ITEMS);
    let many: Uint8Array | null = null;
    for (;;) {
      yield (traits) =>
        many ??= Buffer.concat(rowsOf(1000).map((cells) => row(ITEMS, cells, traits)));
    }
  }
  const failing = (): Step[] => [columnsOf(ITEMS), rowOf(ITEMS, [1, "a"]), error(1205, "Chosen.")];
  const whole = () => result(ITEMS, rowsOf(10));
  const kept = async (reply: () => Iterable<Step>, read: (source: Source) => Promise<unknown>) => {
    await withSource(itemsRules(reply), async (source) => {
      const before = kernels.open();
      assert.ok(before !== null);
      kernels.close(before);
      // Whoever works in it leaves it for the next one.
      before.code.layOut(0, 0, 0, 1, 0, 77, 0, 0);
      await read(source);
      const after = kernels.open();
      assert.equal(after, before);
      assert.notEqual(before.stopped[1], 77);
      kernels.close(before);
    });
  };
  await kept(whole, (source) => readAll(source, QUERY));
  await kept(
    failing,
    (source) => failsWith(readAll(source, QUERY), "SOURCE_DEADLOCK", "deadlock", /Chosen/),
  );
  await kept(endless, async (source) => {
    for await (const _ of source.read(await requestFor(source, QUERY, { batchRows: 16 }))) break;
  });
});

traitTest("read: an empty result gives no batch", async ({ withSource }) => {
  await withSource(itemsRules(() => result(ITEMS, [])), async (source) => {
    assert.deepEqual(await readAll(source, QUERY), []);
  });
});

traitTest(
  "read: an error behind rows fails the read, classified by its number",
  async ({ withSource }) => {
    const cases = [
      [1205, "SOURCE_DEADLOCK", "deadlock"],
      [1222, "SOURCE_TIMEOUT", "timeout"],
      [8134, "SOURCE_QUERY", "permanent"],
      [8115, "SOURCE_QUERY", "permanent"],
      [229, "SOURCE_PERMISSION", "auth"],
      [40501, "SOURCE_CAPACITY", "capacity"],
    ] as const;
    for (const [number, code, category] of cases) {
      const reply =
        (): Step[] => [columnsOf(ITEMS), rowOf(ITEMS, [1, "a"]), error(number, "It failed.")];
      await withSource(itemsRules(reply), async (source) => {
        const failure = await failsWith(readAll(source, QUERY), code, category, /It failed/);
        assert.equal(failure.nativeCode, String(number));
      });
    }
  },
  { alone: "all" },
);

traitTest(
  "read: a connection that drops within a row is lost, and stays so",
  async ({ withSource }) => {
    const half: Step = (traits) => row(ITEMS, [2, "cut"], traits).subarray(0, 9);
    const reply = (): Step[] => [columnsOf(ITEMS), rowOf(ITEMS, [1, "a"]), half, DROP];
    await withSource(itemsRules(reply), async (source) => {
      await failsWith(readAll(source, QUERY), "SOURCE_DISCONNECTED", "disconnect", /lost/);
      await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
    });
  },
  { alone: "all" },
);

traitTest("read: a server that says why it hangs up is heard", async ({ withSource }) => {
  const reply = (): Step[] => [
    columnsOf(ITEMS),
    rowOf(ITEMS, [1, "a"]),
    error(6005, "SHUTDOWN is in progress.", 21),
    DROP,
  ];
  await withSource(itemsRules(reply), async (source) => {
    await failsWith(readAll(source, QUERY), "SOURCE_CAPACITY", "capacity", /SHUTDOWN/);
  });
});

traitTest(
  "read: a table that changed after it was described fails instead of being misread",
  async ({ withSource }) => {
    const changed = [ITEMS[0], column("name", t.int())];
    const rules = [
      { sql: "SELECT TOP (0)", reply: () => result(ITEMS, []) },
      { sql: "FROM items", reply: () => result(changed, [[1, 5]]) },
    ];
    await withSource(rules, async (source) => {
      await failsWith(
        readAll(source, QUERY),
        "VALUE_OUT_OF_RANGE",
        "permanent",
        /"name".*type int/,
      );
    });
  },
);

traitTest("plans: as any type of text that there is", async ({ withSource }) => {
  for (const type of [t.ntext(), t.nvarcharMax({ chunk: 7, unknown: true }), t.xml(), t.text()]) {
    const plan = () => result([column("", type)], [[PLAN]]);
    const rules = [
      { sql: "SELECT 1 AS rivet", reply: plan },
      { sql: "SHOWPLAN_XML", reply: () => [done({ more: true })] },
      { sql: "FROM items", reply: plan },
    ];
    await withSource(rules, async (source) => {
      assert.equal(await source.estimateRows(QUERY), 5);
    });
  }
});

traitTest("rows: every value as exact text", async ({ withSource }) => {
  const columns = [
    column("", t.bigint()),
    column("", t.decimal(38, 2)),
    column("", t.datetime2(7)),
    column("", t.uniqueidentifier()),
    column("", t.nvarcharMax()),
    column("", t.int()),
  ];
  const cells = [
    2n ** 63n - 1n,
    "-123456789012345678901234567890.12",
    "2024-01-31 10:00:00.1234560",
    "01234567-89ab-cdef-0123-456789abcdef",
    "日本",
    null,
  ];
  await withSource([{ sql: "SELECT a", reply: () => result(columns, [cells]) }], async (source) => {
    assert.deepEqual(await source.rows("-- why\n/* what */ SELECT a"), [[
      "9223372036854775807",
      "-123456789012345678901234567890.12",
      "2024-01-31 10:00:00.123456",
      "01234567-89ab-cdef-0123-456789abcdef",
      "日本",
      null,
    ]]);
  });
}, { alone: "all" });

/** What no statement may be, each with the word that says so. */
const REFUSED: readonly (readonly [sql: string, why: RegExp])[] = [
  ["DELETE FROM items", /has DELETE/],
  ["-- SELECT\nDROP TABLE items", /has DROP/],
  ["EXEC sp_who", /has EXEC/],
  ["", /has nothing/],
  ["WITH a AS (SELECT 1 AS b) SELECT b FROM a", /has WITH/],
  // No semicolon is needed between two statements.
  ["SELECT 1 AS a DROP TABLE items", /has DROP/],
  ["SELECT 1 AS a /* */ create table pwned (a int)", /has CREATE/],
  ["SELECT 1 AS a SELECT 2 AS b", /has SELECT/],
  ["SELECT 1 AS a INTO pwned", /has INTO/],
  ["SELECT 1 AS a; DROP TABLE items", /another statement follows/],
  ["SELECT 1 AS a FROM (SELECT 1 AS b) AS c) AS d EXEC('x')", /did not open/],
];

traitTest("nothing but one SELECT is sent", async ({ withSource }) => {
  await withSource([], async (source, server) => {
    const before = server.asked.length;
    const request = {
      columns: [],
      access: "statement",
      fetchRows: 0,
      batchBytes: 1024,
      batchRows: 10,
      throttleMs: 0,
      maxValueBytes: 1024,
    } as const;
    for (const [sql, why] of REFUSED) {
      const ways = [
        () => source.rows(sql),
        () => Array.fromAsync(source.read({ ...request, sql })),
        () => source.explainScan?.(sql, "statement") ?? Promise.resolve(),
      ];
      for (const way of ways) {
        const error = await failsWith(way(), "SOURCE_QUERY", "permanent", /read-only/);
        assert.match(error.message, why);
      }
    }
    assert.equal(server.asked.length, before);
  });
});

traitTest(
  "a query is sent within parentheses only, and cannot leave them",
  async ({ withSource }) => {
    const rules = [
      { sql: "SELECT 1 AS rivet", reply: () => result([column("", t.nvarcharMax())], [[PLAN]]) },
      { sql: "SHOWPLAN_XML", reply: () => [done({ more: true })] },
      { sql: "UNION ALL", reply: () => result([column("", t.nvarcharMax())], [[PLAN]]) },
    ];
    await withSource(rules, async (source, server) => {
      const before = server.asked.length;
      for (const sql of ["SELECT 1 AS a) AS x DROP TABLE items --", "SELECT 1 AS a; SELECT 2"]) {
        const ways = [
          () => source.describe(sql, new Map()),
          () => source.inspect?.(sql, new Map()) ?? Promise.resolve(),
          () => source.estimateRows(sql),
        ];
        for (const way of ways) await failsWith(way(), "SOURCE_QUERY", "permanent", /read-only/);
      }
      assert.equal(server.asked.length, before);
      // Without a semicolon it would be two statements, were it not in parentheses.
      const query = "SELECT 1 AS a UNION ALL SELECT 2 DROP TABLE items";
      assert.equal(await source.estimateRows(query), 5);
      assert.equal(server.asked.at(-2), `SELECT * FROM (\n${query}\n) AS _rivet`);
    });
  },
);

traitTest(
  "snapshot: a SNAPSHOT transaction where the database allows it, else none",
  async ({ withSource }) => {
    for (const snapshots of [1, 0]) {
      const rules = [
        ...sessionRules({ snapshots }),
        { sql: /BEGIN TRANSACTION|COMMIT/, reply: () => [done({ more: true })] },
      ];
      await withSource(rules, async (source, server) => {
        const before = server.asked.length;
        await source.beginSnapshot();
        await source.endSnapshot();
        assert.deepEqual(
          server.asked.slice(before),
          snapshots === 0 ? [] : [
            "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION",
            "COMMIT TRANSACTION; SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
          ],
        );
        await source.endSnapshot();
      });
    }
  },
  { alone: "all" },
);

traitTest(
  "read: at trace the packets are told, and nothing of what is in them",
  async ({ withSource }) => {
    const lines: string[] = [];
    configureLogging({ level: "trace", sink: ({ text }) => lines.push(text) });
    try {
      await withSource(itemsRules(() => result(ITEMS, rowsOf(300))), async (source) => {
        await readAll(source, QUERY);
      });
    } finally {
      configureLogging({ level: "error", sink: () => {} });
    }
    const told = lines.join("\n");
    assert.match(told, /^rivet\/test: sent SQL_BATCH, \d+ bytes$/m);
    assert.match(told, /^rivet\/test: received TABULAR_RESULT, \d+ bytes$/m);
    assert.match(told, /^rivet\/test: state change: \w+ -> \w+$/m);
    assert.doesNotMatch(told, /SELECT|s3cret/);
  },
);
