/** The adapter against the scripted server: what it asks, and what becomes of the answers. */
import assert from "node:assert/strict";
import type { Source } from "../../../../../core/ports/source.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { failsWith, readAll, readValues, requestFor } from "../../../../conformance/source.ts";
import { connectTo, PASSWORD, withServer, withSource } from "../../../../support/tds/connect.ts";
import { column, result, sessionRules, tableRules } from "../../../../support/tds/script.ts";
import { DROP, HANG, type Step } from "../../../../support/tds/server.ts";
import { colMetadata, done, error, info, row } from "../../../../support/tds/tokens.ts";
import { type Cell, JAPANESE, types as t } from "../../../../support/tds/types.ts";

const QUERY = "SELECT * FROM items";
const ITEMS = [column("id", t.intNotNull(), false), column("name", t.nvarchar(40))];
const rowsOf = (count: number): Cell[][] =>
  Array.from({ length: count }, (_, i) => [i + 1, i % 3 === 2 ? null : `item ${i + 1}`]);
const valuesOf = (count: number) => rowsOf(count);
const NO_OVERRIDES: ReadonlyMap<string, RivetType> = new Map();

/** The probe of `QUERY`, and `reply` for the statement that reads it. */
function itemsRules(reply: () => Iterable<Step>) {
  return [
    { sql: "SELECT TOP (0)", reply: () => result(ITEMS, []) },
    { sql: "FROM items", reply },
  ];
}

Deno.test("connect: the login is encrypted and names the application and database", async () => {
  await withSource([], (source, server) => {
    assert.deepEqual(server.logins, [
      { user: "reader", application: "rivet/test", database: "shop", encrypted: true },
    ]);
    assert.equal(source.info.engine, "SQL Server");
    assert.equal(source.info.version, "16.0.4135.4");
    return Promise.resolve();
  });
});

Deno.test("connect: a server without encryption is not told the password", async () => {
  await withServer([], async (server) => {
    await failsWith(connectTo(server), "SOURCE_TLS", "permanent", /negotiate encryption/);
    assert.deepEqual(server.logins, []);
  }, { certificates: undefined });
});

Deno.test("connect: what stands in between is said once, as a warning", async () => {
  const cases = [
    [{}, []],
    [{ sessions: [51, 52] as const }, [/multiplexer/]],
    [{ edition: 5 }, [/Azure SQL gateway/]],
    [{ snapshots: 0 }, [/ALLOW_SNAPSHOT_ISOLATION/]],
  ] as const;
  for (const [facts, expected] of cases) {
    await withSource(sessionRules(facts), (source) => {
      const [unchecked, ...others] = source.info.warnings;
      assert.match(unchecked, /certificate is not checked/);
      assert.equal(others.length, expected.length);
      expected.forEach((pattern, i) => assert.match(others[i], pattern));
      return Promise.resolve();
    });
  }
});

Deno.test("connect: a refused login is an auth error that does not show the password", async () => {
  const login = () => [error(18456, "Login failed for user 'reader'.", 14)];
  await withServer([], async (server) => {
    const failure = await failsWith(connectTo(server), "SOURCE_AUTH", "auth", /password/);
    assert.equal(failure.nativeCode, "18456");
    assert.doesNotMatch(
      `${failure.message} ${failure.hint} ${failure.cause}`,
      new RegExp(PASSWORD),
    );
  }, { login });
});

Deno.test("connect: a database that is not there, and a server that is busy, are told apart", async () => {
  const cases = [
    [4060, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
    [40613, "SOURCE_CAPACITY", "capacity"],
    [10928, "SOURCE_CAPACITY", "capacity"],
  ] as const;
  for (const [number, code, category] of cases) {
    const login = () => [error(number, "Cannot open it.", 14)];
    await withServer([], async (server) => {
      await failsWith(connectTo(server), code, category, /Cannot open it/);
    }, { login });
  }
});

Deno.test("connect: a port where nobody listens and a server that hangs up", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const at = { port } as Parameters<typeof connectTo>[0];
  const hangUp = (async () => (await listener.accept()).close())();
  await failsWith(connectTo(at), "SOURCE_DISCONNECTED", "disconnect", /lost/);
  await hangUp;
  listener.close();
  const refused = connectTo(at);
  await failsWith(refused, "SOURCE_UNREACHABLE", "network", new RegExp(`127\\.0\\.0\\.1:${port}`));
  const unknown = connectTo(at, { source: { host: "no-such-host.invalid" } });
  await failsWith(unknown, "SOURCE_UNREACHABLE", "network", /no-such-host\.invalid/);
});

Deno.test("every statement brings its settings along", async () => {
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
});

Deno.test("describe: names, types and nullability, and one probe that reads no row", async () => {
  await withSource(tableRules(QUERY, ITEMS, []), async (source, server) => {
    const { columns, selectList } = await source.describe(`${QUERY} ; `, NO_OVERRIDES);
    assert.deepEqual(
      columns.map((c) => [c.name, c.nativeType, c.nullable, c.fidelity]),
      [["id", "int", false, "exact"], ["name", "nvarchar(40)", true, "exact"]],
    );
    assert.deepEqual(selectList, ["_rivet.[id]", "_rivet.[name]"]);
    assert.match(
      server.asked.at(-1) ?? "",
      /SELECT TOP \(0\) \* FROM \(\nSELECT \* FROM items\n\) AS _rivet$/,
    );
  });
});

Deno.test("describe: what the client cannot decode is cast by the server", async () => {
  const columns = [
    column("jp", t.varchar(20, JAPANESE)),
    column("old", t.ntext()),
    column("we]ird", t.varchar(20, JAPANESE)),
  ];
  await withSource(tableRules(QUERY, columns, []), async (source) => {
    const { selectList } = await source.describe(QUERY, NO_OVERRIDES);
    assert.deepEqual(selectList, [
      "CAST(_rivet.[jp] AS nvarchar(max)) AS [jp]",
      "CAST(_rivet.[old] AS nvarchar(max)) AS [old]",
      "CAST(_rivet.[we]]ird] AS nvarchar(max)) AS [we]]ird]",
    ]);
  });
});

Deno.test("describe: every unsupported column at once, with the override and the cast", async () => {
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
});

Deno.test("describe: an unknown override names the near match", async () => {
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

Deno.test("describe: a missing table's error names the nearest one", async () => {
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

Deno.test("describe: two columns of one name, ORDER BY and CTEs say what to write", async () => {
  const cases = [
    [8156, "The column 'id' was specified multiple times for '_rivet'.", /named "id"[^]*AS b_id/],
    [1033, "The ORDER BY clause is invalid in views ...", /Leave ORDER BY out/],
    [8155, "No column name was specified for column 1 of '_rivet'.", /Name every column/],
    [102, "Incorrect syntax near 'FORM'.", /syntax/],
  ] as const;
  for (const [number, text, expected] of cases) {
    await withSource([{ sql: "TOP (0)", reply: () => [error(number, text)] }], async (source) => {
      await failsWith(source.describe(QUERY, NO_OVERRIDES), "SOURCE_QUERY", "permanent", expected);
    });
  }
});

Deno.test("read: all rows in batches, in packets and writes of any size", async () => {
  for (const server of [{}, { packetBytes: 512 }, { packetBytes: 600, writeBytes: 97 }]) {
    const count = server.writeBytes === undefined ? 5000 : 300;
    await withSource(itemsRules(() => result(ITEMS, rowsOf(count))), async (source) => {
      for (const access of ["statement", "cursor"] as const) {
        const batches = await readAll(source, QUERY, { access, batchRows: 128 });
        assert.ok(batches.slice(0, -1).every((b) => b.rows === 128));
        assert.deepEqual(await readValues(source, QUERY, { access }), valuesOf(count));
      }
    }, { server });
  }
});

Deno.test("read: messages of the server between rows do not disturb them", async () => {
  function* reply(): Generator<Step> {
    yield colMetadata(ITEMS);
    yield row(ITEMS, [1, "a"]);
    yield info(8153, "Warning: Null value is eliminated by an aggregate.");
    yield row(ITEMS, [2, "b"]);
    yield done({ more: true });
  }
  await withSource(itemsRules(reply), async (source) => {
    assert.deepEqual(await readValues(source, QUERY), [[1, "a"], [2, "b"]]);
  });
});

Deno.test("read: an empty result gives no batch", async () => {
  await withSource(itemsRules(() => result(ITEMS, [])), async (source) => {
    assert.deepEqual(await readAll(source, QUERY), []);
  });
});

Deno.test("read: an error behind rows fails the read, classified by its number", async () => {
  const cases = [
    [1205, "SOURCE_DEADLOCK", "deadlock"],
    [1222, "SOURCE_TIMEOUT", "timeout"],
    [8134, "SOURCE_QUERY", "permanent"],
    [8115, "SOURCE_QUERY", "permanent"],
    [229, "SOURCE_PERMISSION", "auth"],
    [40501, "SOURCE_CAPACITY", "capacity"],
  ] as const;
  for (const [number, code, category] of cases) {
    const reply = () => [colMetadata(ITEMS), row(ITEMS, [1, "a"]), error(number, "It failed.")];
    await withSource(itemsRules(reply), async (source) => {
      const failure = await failsWith(readAll(source, QUERY), code, category, /It failed/);
      assert.equal(failure.nativeCode, String(number));
    });
  }
});

Deno.test("read: a connection that drops within a row is lost, and stays so", async () => {
  const half = row(ITEMS, [2, "cut"]).subarray(0, 9);
  const reply = (): Step[] => [colMetadata(ITEMS), row(ITEMS, [1, "a"]), half, DROP];
  await withSource(itemsRules(reply), async (source) => {
    await failsWith(readAll(source, QUERY), "SOURCE_DISCONNECTED", "disconnect", /lost/);
    await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
  });
});

Deno.test("read: a server that says why it hangs up is heard", async () => {
  const reply = (): Step[] => [
    colMetadata(ITEMS),
    row(ITEMS, [1, "a"]),
    error(6005, "SHUTDOWN is in progress.", 21),
    DROP,
  ];
  await withSource(itemsRules(reply), async (source) => {
    await failsWith(readAll(source, QUERY), "SOURCE_CAPACITY", "capacity", /SHUTDOWN/);
  });
});

Deno.test("read: a table that changed after it was described fails instead of being misread", async () => {
  const changed = [ITEMS[0], column("name", t.int())];
  const rules = [
    { sql: "SELECT TOP (0)", reply: () => result(ITEMS, []) },
    { sql: "FROM items", reply: () => result(changed, [[1, 5]]) },
  ];
  await withSource(rules, async (source) => {
    await failsWith(readAll(source, QUERY), "VALUE_OUT_OF_RANGE", "permanent", /"name".*type int/);
  });
});

async function nextBatch(source: Source, signal?: AbortSignal) {
  const request = await requestFor(source, QUERY, { batchRows: 10, signal });
  const batches = source.read(request)[Symbol.asyncIterator]();
  const { value } = await batches.next();
  assert.equal(value?.rows, 10);
  return batches;
}

/** Rows without end, counted. */
function endless(): { reply: () => Generator<Step>; sent: () => number } {
  let count = 0;
  const block = Array.from({ length: 1000 }, (_, i) => row(ITEMS, [i, `row ${i}`]));
  function* reply(): Generator<Step> {
    yield colMetadata(ITEMS);
    for (;;) {
      for (const bytes of block) yield bytes;
      count += block.length;
    }
  }
  return { reply, sent: () => count };
}

Deno.test("read: a reader that leaves early cancels, and the connection works on", async () => {
  const { reply } = endless();
  await withSource(itemsRules(reply), async (source, server) => {
    const batches = await nextBatch(source);
    await batches.return?.();
    assert.equal(server.attentions, 1);
    assert.equal((await source.describe(QUERY, NO_OVERRIDES)).columns.length, 2);
  });
});

Deno.test("read: an abort stops the statement at the server", async () => {
  const { reply } = endless();
  await withSource(itemsRules(reply), async (source, server) => {
    const abort = new AbortController();
    const batches = await nextBatch(source, abort.signal);
    abort.abort();
    await failsWith(batches.next(), "INTERRUPTED", "permanent", /interrupted/);
    assert.equal(server.attentions, 1);
  });
});

Deno.test("read: an abort cancels a statement that has not given a row yet", async () => {
  await withSource(itemsRules(() => [HANG]), async (source, server) => {
    const abort = new AbortController();
    const request = await requestFor(source, QUERY, { signal: abort.signal });
    const reading = Array.fromAsync(source.read(request));
    const failure = failsWith(reading, "INTERRUPTED", "permanent", /interrupted/);
    while (!server.asked.at(-1)?.includes("_rivet.[id]")) {
      await new Promise((r) => setTimeout(r, 1));
    }
    abort.abort();
    await failure;
    assert.equal(server.attentions, 1);
  });
});

Deno.test("read: the statement timeout is permanent and names its setting", async () => {
  await withSource(itemsRules(() => [colMetadata(ITEMS), HANG]), async (source) => {
    const reading = readAll(source, QUERY);
    await failsWith(reading, "SOURCE_TIMEOUT", "permanent", /statement_timeout_s \(1 s\)/);
  }, { tuning: { statementTimeoutS: 1 } });
});

Deno.test("read: time in which nobody takes rows does not count against the timeout", async () => {
  const rows = () => result(ITEMS, rowsOf(30_000));
  await withSource(itemsRules(rows), async (source) => {
    const request = await requestFor(source, QUERY, { batchRows: 5000 });
    let count = 0;
    for await (const batch of source.read(request)) {
      count += batch.rows;
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    assert.equal(count, 30_000);
  }, { tuning: { statementTimeoutS: 3 } });
});

Deno.test("read: a reader that is slow holds the server back, so that memory stays bounded", async () => {
  const { reply, sent } = endless();
  await withSource(itemsRules(reply), async (source) => {
    const batches = await nextBatch(source);
    let held = -1;
    for (let waits = 0; held !== sent(); waits++) {
      assert.ok(waits < 50, `the server still sends: ${sent()} rows to a reader that took 10`);
      held = sent();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // Some megabytes fill the sockets' buffers; the rest is never sent.
    assert.ok(held < 1_000_000, `${held} rows were sent to a reader that took 10`);
    await batches.return?.();
  });
});

Deno.test("read: throttling waits between batches of a cursor only", async () => {
  await withSource(itemsRules(() => result(ITEMS, rowsOf(40))), async (source) => {
    const timed = async (access: "statement" | "cursor", throttleMs: number): Promise<number> => {
      const started = performance.now();
      await readAll(source, QUERY, { access, batchRows: 10, throttleMs });
      return performance.now() - started;
    };
    assert.ok(await timed("cursor", 100) >= 290);
    assert.ok(await timed("statement", 10_000) < 10_000);
  });
});

Deno.test("closing cancels what runs, and is idempotent", async () => {
  await withServer([{ sql: "SELECT 1", reply: () => [HANG] }], async (server) => {
    const source = await connectTo(server);
    const rows = source.rows("SELECT 1").then(() => null, (failure: unknown) => failure);
    while (!server.asked.at(-1)?.endsWith("SELECT 1")) await new Promise((r) => setTimeout(r, 1));
    await Promise.all([source.close(), source.close()]);
    assert.ok(await rows instanceof Error);
    assert.equal(server.attentions, 1);
    await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
  });
});

Deno.test("rows: every value as exact text", async () => {
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
});

Deno.test("nothing but SELECT is sent", async () => {
  await withSource([], async (source, server) => {
    const before = server.asked.length;
    for (const sql of ["DELETE FROM items", "-- SELECT\nDROP TABLE items", "EXEC sp_who"]) {
      await failsWith(source.rows(sql), "SOURCE_QUERY", "permanent", /read-only/);
    }
    assert.equal(server.asked.length, before);
  });
});

Deno.test("snapshot: a SNAPSHOT transaction where the database allows it, else none", async () => {
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
});

Deno.test("estimateRows: from the plan, without running the query; null without the permission", async () => {
  const xml = '<ShowPlanXML><StmtSimple StatementId="1" StatementEstRows="19999.6"/></ShowPlanXML>';
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
});

Deno.test("keys and quantiles come from the catalog", async () => {
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
      { column: "id", integer: true, primary: true },
      { column: "code", integer: false, primary: false },
    ]);
    assert.match(server.asked.at(-1) ?? "", /OBJECT_ID\(N'\[dbo\]\.\[it''ems\]'\)/);
    assert.deepEqual(await source.quantiles("items", "id"), ["10", "20", "30", "40"]);
    assert.deepEqual(await source.quantiles("items", "other"), []);
  });
});

Deno.test("introspect: tables and views with their sizes, keys and what cannot be read", async () => {
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
});

Deno.test("inspect: columns that cannot be read stand in the list with their remedy", async () => {
  const columns = [ITEMS[0], column("v", t.sqlVariant())];
  await withSource(tableRules(QUERY, columns, []), async (source) => {
    const [id, v] = await source.inspect?.(QUERY, NO_OVERRIDES) ?? [];
    assert.deepEqual([id.type?.kind, id.refusal], ["int", null]);
    assert.deepEqual([v.type, v.fidelity, v.refusal?.override], [null, "unsupported", {
      kind: "text",
    }]);
    assert.equal(v.refusal?.cast, "CAST([v] AS nvarchar(4000)) AS [v]");
  });
});

Deno.test("the primary key in its order, and the server's clock", async () => {
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
