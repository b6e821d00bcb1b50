/** `rivet run` against the scripted server, the files read back by DuckDB. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Value } from "../../support/batches.ts";
import { readDuckdb } from "../../support/read_duckdb.ts";
import { partFiles, rivet, withConfig } from "../../support/rivet.ts";
import { PASSWORD } from "../../support/tds/connect.ts";
import { column, result } from "../../support/tds/script.ts";
import type { Rule, Step, TdsServer } from "../../support/tds/server.ts";
import { done } from "../../support/tds/tokens.ts";
import { traitTest } from "../../support/tds/trait_test.ts";
import { type Cell, types as t } from "../../support/tds/types.ts";

const COLUMNS = [
  column("id", t.bigintNotNull(), false),
  column("name", t.nvarchar(40)),
  column("price", t.decimal(10, 2)),
  column("uid", t.uniqueidentifier()),
  column("updated_at", t.datetime2(6), false),
];
const COUNT = 1000;
const pad = (n: number, width: number) => String(n).padStart(width, "0");

function cells(id: number): Cell[] {
  return [
    BigInt(id),
    id % 5 === 0 ? null : `naïve ${id} 日本`,
    `${id}.${pad(id % 100, 2)}`,
    `01234567-89ab-cdef-0123-${pad(id, 12)}`,
    `2024-01-01 00:${pad(Math.floor(id / 60), 2)}:${pad(id % 60, 2)}.000001`,
  ];
}

const timestamp = (id: number) => 1_704_067_200_000_000n + BigInt(id) * 1_000_000n + 1n;

/** As Parquet gives them back. */
function values(id: number): Value[] {
  const [, name, price, uid] = cells(id);
  return [
    BigInt(id),
    name as string | null,
    BigInt(String(price).replace(".", "")),
    Uint8Array.fromHex(String(uid).replaceAll("-", "")),
    timestamp(id),
  ];
}

const ids = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

const text = [column("", t.nvarcharMax())];
const PLAN = '<ShowPlanXML><StmtSimple StatementEstRows="1000"/></ShowPlanXML>';

function* rowsOf(found: readonly number[]): Generator<Step> {
  yield* result(COLUMNS, found.map(cells), { nbc: true });
}

/** What the statements of an export say, answered from the ids 1 to `last()`. */
function ordersRules(last: () => number): Rule[] {
  const keys = [column("name", t.nvarchar(128)), column("", t.int()), column("", t.int())];
  return [
    { sql: "SELECT 1 AS rivet", reply: () => result(text, [[PLAN]]) },
    { sql: "SHOWPLAN_XML", reply: () => [done({ more: true })] },
    { sql: /BEGIN TRANSACTION|COMMIT/, reply: () => [done({ more: true })] },
    { sql: "SELECT TOP (0)", reply: () => result(COLUMNS, []) },
    { sql: "is_primary_key", reply: () => result(keys, [["id", 1, 1]]) },
    {
      sql: "MIN(_rivet.[id])",
      reply: () => result([...text, ...text], [["1", String(last())]]),
    },
    { sql: "COUNT_BIG(*)", reply: () => result(text, [[String(last())]]) },
    {
      sql: /BETWEEN (\d+) AND (\d+)/,
      reply(sql) {
        const [, from, to] = /BETWEEN (\d+) AND (\d+)/.exec(sql) ?? [];
        return rowsOf(ids(Number(from), Math.min(Number(to), last())));
      },
    },
    {
      sql: "ORDER BY _rivet.[id] OFFSET 0 ROWS FETCH NEXT",
      reply(sql) {
        const after = Number(/\[id\] > CAST\(N'(\d+)' AS bigint\)/.exec(sql)?.[1] ?? 0);
        const rows = Number(/FETCH NEXT (\d+) ROWS ONLY/.exec(sql)?.[1]);
        return rowsOf(ids(after + 1, Math.min(after + rows, last())));
      },
    },
    {
      sql: "[updated_at] > CAST(",
      reply(sql) {
        const [, minute, second] =
          /> CAST\(N'2024-01-01T00:(\d\d):(\d\d)\.000001' AS datetime2/.exec(sql) ?? [];
        return rowsOf(ids(Number(minute) * 60 + Number(second) + 1, last()));
      },
    },
    // Where the server does not tell that the key is NOT NULL.
    { sql: "_rivet.[id] IS NULL", reply: () => rowsOf([]) },
    { sql: "ORDER BY _rivet.[updated_at]", reply: () => rowsOf(ids(1, last())) },
    // The plan of the base query, asked for while SHOWPLAN is on.
    {
      sql: /^SELECT \* FROM \(\nSELECT \* FROM \[dbo\]\.\[orders\]\n\) AS _rivet$/,
      reply: () => result(text, [[PLAN]]),
    },
    { sql: "FROM [dbo].[orders]", reply: () => rowsOf(ids(1, last())) },
  ];
}

const config = (server: TdsServer, mode: string): string => `
source:
  type: mssql
  url: "sqlserver://reader:\${DB_PASS}@127.0.0.1:${server.port}/shop?encrypt=true&trustServerCertificate=true"
  tuning: { profile: fast }
exports:
  - name: orders
    table: dbo.orders
    ${mode}
    format: parquet
    destination: { type: local, path: ./out }
`;

const PAGE = /FETCH NEXT 300 ROWS ONLY/;

async function run(dir: string): Promise<void> {
  const { code, stderr, stdout } = await rivet(["run", "-c", "rivet.yaml"], {
    cwd: dir,
    env: { DB_PASS: PASSWORD },
  });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout + stderr, new RegExp(PASSWORD));
}

async function readBack(dir: string): Promise<(readonly Value[])[]> {
  const rows: (readonly Value[])[] = [];
  for (const file of await partFiles(join(dir, "out"), "parquet")) {
    rows.push(...(await readDuckdb(file)).rows);
  }
  return rows.sort((a, b) => Number(a[0]) - Number(b[0]));
}

const expected = ids(1, COUNT).map(values);

for (
  const [name, mode, files] of [
    ["chunks by two Workers", "mode: chunked\n    chunk_size: 130\n    parallel: 2", 8],
    ["pages of the primary key", "mode: full\n    tuning: { batch_size: 300 }", 1],
  ] as const
) {
  traitTest(`mssql run: ${name}`, async ({ withServer }) => {
    await withServer(
      ordersRules(() => COUNT),
      (server) =>
        withConfig(config(server, mode), async (dir) => {
          await run(dir);
          const rows = await readBack(dir);
          assert.equal(rows.length, COUNT);
          assert.deepEqual(rows, expected);
          assert.equal((await partFiles(join(dir, "out"), "parquet")).length, files);
          if (files === 1) assert.equal(server.asked.filter((sql) => PAGE.test(sql)).length, 4);
          assert.ok(server.logins.every((login) => login.application.startsWith("rivet")));
        }),
    );
  });
}

traitTest(
  "mssql run: an incremental export continues behind its cursor, to the microsecond",
  async ({ withServer }) => {
    let last = 400;
    await withServer(ordersRules(() => last), (server) =>
      withConfig(
        config(server, "mode: incremental\n    cursor_column: updated_at"),
        async (dir) => {
          await run(dir);
          last = COUNT;
          await run(dir);
          assert.deepEqual(await readBack(dir), expected);
          const second = server.asked.findLast((sql) => sql.includes("[updated_at] >"));
          assert.match(second ?? "", /> CAST\(N'2024-01-01T00:06:40\.000001' AS datetime2\(6\)\)/);
        },
      ));
  },
);
