import assert from "node:assert/strict";
import type { Dialect } from "../../../../core/ports/source.ts";
import { baseQuery } from "../../../../core/query/base.ts";
import { CUT_KINDS } from "../../../../core/query/cuts/mod.ts";
import { chunkIdentifier, chunkRowsSql, chunkSql } from "../../../../core/query/chunk.ts";
import {
  type CursorWindow,
  highestCursorSql,
  incrementalRowsSql,
  incrementalSql,
} from "../../../../core/query/cursor.ts";
import { pageEndSql, pageSql, wholePageSql } from "../../../../core/query/page.ts";
import type { ComparedType } from "../../../../core/query/select.ts";
import { firstPartition, windowSql } from "../../../../core/query/time_window.ts";
import type { Transform } from "../../../../core/types/partition_transform.ts";
import type { RivetType } from "../../../../core/types/types.ts";

/** The plainest dialect there can be: what is tested is the shape around it. */
const dialect: Dialect = {
  lexis: {
    backslash: "plain",
    doubleQuotesEscape: false,
    backticks: false,
    brackets: false,
    dollarQuotes: false,
    hashComments: false,
    dashNeedsBlank: false,
    nestedComments: false,
    executableComments: false,
  },
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  literal: (value) => `'${value.replaceAll("'", "''")}'`,
  limit: (select, rows) => `${select} LIMIT ${rows}`,
  castText: (expression) => `${expression}::text`,
  table: (name) => name.split(".").map((part) => `"${part}"`).join("."),
  blockRange: (from, until) => `block >= ${from ?? ""} AND block < ${until ?? ""}`,
  partition: (table, name) => `${table} PARTITION "${name}"`,
};

const base = "SELECT * FROM t";
const from = `FROM (\n${base}\n) AS _rivet`;
const list = ['"id"', '"v"'];

const behind = (value: string) => ({ after: { value, inclusive: false } });

function flat(sql: string): string {
  return sql.replaceAll(/\s+/g, " ");
}

Deno.test("base query: a table is quoted, a query loses its trailing semicolons", async () => {
  const of = (table: string | null, query: string | null) =>
    baseQuery({ dialect }, { name: "orders", table, query });
  assert.equal(await of("s.t", null), 'SELECT * FROM "s"."t"');
  assert.equal(await of(null, " SELECT 1 ; ;\n"), "SELECT 1");
});

Deno.test("base query: a table's hidden columns are behind the others", async () => {
  const source = { dialect, hiddenColumns: (table: string) => Promise.resolve([table, 'a"b']) };
  const query = await baseQuery(source, { name: "orders", table: "t", query: null });
  assert.equal(query, 'SELECT *, "t", "a""b" FROM "t"');
  assert.equal(
    await baseQuery(source, { name: "orders", table: null, query: "SELECT 1" }),
    "SELECT 1",
  );
});

Deno.test("outer select: a base query may end in a line comment", () => {
  const sql = incrementalSql(
    dialect,
    { base: "SELECT 1 -- c", column: "id", fallback: null },
    { after: null },
    [
      "*",
    ],
  );
  assert.match(sql, /-- c\n\) AS _rivet/);
});

Deno.test("chunk range: inclusive on both ends, ordered by the column", () => {
  const shape = { kind: "range", base, column: "id" } as const;
  assert.equal(
    chunkSql(dialect, shape, { start: "-5", end: "10" }, list),
    `SELECT "id", "v" ${from} WHERE _rivet."id" BETWEEN -5 AND 10 ORDER BY _rivet."id"`,
  );
  assert.equal(
    chunkSql(dialect, shape, { start: null, end: null }, list),
    `SELECT "id", "v" ${from} WHERE _rivet."id" IS NULL`,
  );
});

Deno.test("chunk days: half-open", () => {
  const shape = { kind: "days", base, column: "at" } as const;
  const sql = chunkSql(dialect, shape, { start: "2026-01-01", end: "2026-01-02" }, list);
  assert.equal(
    sql,
    `SELECT "id", "v" ${from} WHERE _rivet."at" >= '2026-01-01' AND _rivet."at" < '2026-01-02' ` +
      'ORDER BY _rivet."at"',
  );
});

Deno.test("chunk days: an open end has no condition, and NULL days are apart", () => {
  const shape = { kind: "days", base, column: "at" } as const;
  const where = (start: string | null, end: string | null) =>
    chunkSql(dialect, shape, { start, end }, list).split("AS _rivet")[1];
  assert.equal(where(null, "2026-01-02"), ` WHERE _rivet."at" < '2026-01-02' ORDER BY _rivet."at"`);
  assert.equal(
    where("2026-01-02", null),
    ` WHERE _rivet."at" >= '2026-01-02' ORDER BY _rivet."at"`,
  );
  assert.equal(where(null, null), ` WHERE _rivet."at" IS NULL`);
});

Deno.test("chunk key: an open end has no condition", () => {
  const shape = { kind: "key", base, column: "k" } as const;
  const where = (start: string | null, end: string | null) =>
    chunkSql(dialect, shape, { start, end }, list).split("AS _rivet")[1];
  assert.equal(where(null, "b"), ` WHERE _rivet."k" <= 'b' ORDER BY _rivet."k"`);
  assert.equal(
    where("b", "d'"),
    ` WHERE _rivet."k" > 'b' AND _rivet."k" <= 'd''' ORDER BY _rivet."k"`,
  );
  assert.equal(where("d", null), ` WHERE _rivet."k" > 'd' ORDER BY _rivet."k"`);
  assert.equal(where(null, null), ` ORDER BY _rivet."k"`);
});

Deno.test("chunk dense: a range of the column, and NULL keys apart", () => {
  const shape = { kind: "dense_keys", base, column: "id" } as const;
  const where = (start: string | null, end: string | null) =>
    chunkSql(dialect, shape, { start, end }, list).split("AS _rivet")[1];
  assert.equal(where(null, "b"), ` WHERE _rivet."id" <= 'b' ORDER BY _rivet."id"`);
  assert.equal(
    where("b", "d"),
    ` WHERE _rivet."id" > 'b' AND _rivet."id" <= 'd' ORDER BY _rivet."id"`,
  );
  assert.equal(where(null, null), ` WHERE _rivet."id" IS NULL`);
});

Deno.test("RC2: counting asks for the very rows that extraction reads", () => {
  const bounds = { start: "1", end: "2" };
  for (const kind of CUT_KINDS) {
    const shape = { kind, base: 'SELECT * FROM "t"', column: "id", table: "t" };
    const read = chunkSql(dialect, shape, bounds, ["_rivet.*"]).replace(/ ORDER BY [^)]*$/, "");
    assert.equal(chunkRowsSql(dialect, shape, bounds), read, kind);
  }
});

Deno.test("RC5: chunks are named by index and bounds", () => {
  assert.equal(chunkIdentifier(3, { start: "1000", end: "2000" }), "chunk 3 [1000..2000]");
  assert.equal(chunkIdentifier(9, { start: null, end: null }), "chunk 9 [NULL]");
  assert.equal(chunkIdentifier(0, { start: null, end: "b" }), "chunk 0 [..b]");
});

Deno.test("CC6: one level of SQL, no WHERE on the first run", () => {
  const shape = { base, column: "at", fallback: null };
  assert.equal(
    incrementalSql(dialect, shape, { after: null }, list),
    `SELECT "id", "v" ${from} ORDER BY _rivet."at"`,
  );
  assert.equal(
    incrementalSql(dialect, shape, behind("it's"), list),
    `SELECT "id", "v" ${from} WHERE _rivet."at" > 'it''s' ORDER BY _rivet."at"`,
  );
});

Deno.test("CC6: coalesce selects its cursor and orders by it, then by both columns", () => {
  const shape = { base, column: "p", fallback: "f" };
  const coalesce = 'COALESCE(_rivet."p", _rivet."f")';
  assert.equal(
    incrementalSql(dialect, shape, behind("7"), list),
    `SELECT "id", "v", ${coalesce} AS "_rivet_coalesced_cursor" ${from} WHERE ${coalesce} > '7' ` +
      `ORDER BY ${coalesce}, _rivet."p", _rivet."f"`,
  );
});

Deno.test("a cursor's window: each end may be inclusive, and an upper end lets rows without a cursor through", () => {
  const shape = { base, column: "at", fallback: null };
  const where = (window: CursorWindow) =>
    incrementalSql(dialect, shape, window, list).split("AS _rivet ")[1];
  const c = '_rivet."at"';
  const [from, to] = [{ value: "1", inclusive: true }, { value: "9", inclusive: false }];
  assert.equal(where({ after: from }), `WHERE ${c} >= '1' ORDER BY ${c}`);
  assert.equal(where({ after: from, until: to }), `WHERE ${c} >= '1' AND ${c} < '9' ORDER BY ${c}`);
  assert.equal(
    where({ after: null, until: { ...to, inclusive: true } }),
    `WHERE (${c} <= '9' OR ${c} IS NULL) ORDER BY ${c}`,
  );
  assert.equal(where({ after: null, until: null }), `WHERE ${c} IS NULL ORDER BY ${c}`);
  assert.equal(where({ after: from, until: null }), `WHERE 1 = 0 ORDER BY ${c}`);
});

Deno.test("the highest cursor is asked for by order, since not every type has a MAX", () => {
  assert.equal(
    flat(highestCursorSql(dialect, { base, column: "at", fallback: "f" })),
    'SELECT COALESCE(_rivet."at", _rivet."f")::text FROM ( SELECT * FROM t ) AS _rivet ' +
      'WHERE COALESCE(_rivet."at", _rivet."f") IS NOT NULL ' +
      'ORDER BY COALESCE(_rivet."at", _rivet."f") DESC LIMIT 1',
  );
});

Deno.test("counting what an incremental run read covers its window up to the last value", () => {
  const shape = { base, column: "id", fallback: null };
  const window = {
    after: { value: "3", inclusive: true },
    until: { value: "9", inclusive: false },
  };
  assert.match(
    incrementalRowsSql(dialect, shape, window, "7"),
    /WHERE _rivet\."id" >= '3' AND _rivet\."id" <= '7'$/,
  );
});

Deno.test("pages: the key is compared as a literal and the page is bounded", () => {
  const shape = { base, key: "id", unique: true, after: null, until: "90" };
  assert.equal(
    pageSql(dialect, shape, "40", 10, list),
    `SELECT "id", "v" ${from} WHERE _rivet."id" > '40' AND _rivet."id" <= '90' ` +
      'ORDER BY _rivet."id" LIMIT 10',
  );
});

Deno.test("pages of a key that may repeat: their end is found first, and taken whole", () => {
  const shape = { base, key: "k", unique: false, after: null, until: "90" };
  assert.equal(
    flat(pageEndSql(dialect, shape, "40", 10)),
    `SELECT p.k::text FROM ( SELECT _rivet."k" AS k ${flat(from)} ` +
      `WHERE _rivet."k" > '40' AND _rivet."k" <= '90' ORDER BY _rivet."k" LIMIT 10 ) AS p ` +
      "ORDER BY p.k DESC LIMIT 1",
  );
  assert.equal(
    wholePageSql(dialect, shape, "40", "50", list),
    `SELECT "id", "v" ${from} WHERE _rivet."k" > '40' AND _rivet."k" <= '50' ORDER BY _rivet."k"`,
  );
});

Deno.test("time window: counted back from one moment in UTC", () => {
  const now = new Date("2026-03-10T12:30:45.678Z");
  const sqlOf = (columnType: ComparedType, unix = false) =>
    windowSql(
      dialect,
      { base, column: "at", unix, columnType, days: 7, partition: null },
      now,
      list,
    );
  const of = (type: RivetType) => sqlOf({ type, nativeType: "t" });
  const instant: RivetType = { kind: "timestamp", unit: "us", utc: true };
  assert.match(of(instant), /WHERE _rivet\."at" >= '2026-03-03 12:30:45\+00'$/);
  assert.match(of({ ...instant, utc: false }), />= '2026-03-03 12:30:45'$/);
  assert.match(of({ kind: "date" }), />= '2026-03-03'$/);
  assert.match(
    sqlOf({ type: { kind: "int", bits: 64, signed: true }, nativeType: "t" }, true),
    />= 1772541045$/,
  );
});

Deno.test("time window: of a table's partitions the first is read whole", () => {
  const now = new Date("2026-03-10T12:30:45.678Z");
  const timestamp: RivetType = { kind: "timestamp", unit: "us", utc: false };
  const seconds: RivetType = { kind: "int", bits: 64, signed: true };
  const cases: [Transform, RivetType, string, string][] = [
    [{ kind: "hour" }, timestamp, "'2026-03-03 12:00:00'", "2026-03-03-12"],
    [{ kind: "day" }, timestamp, "'2026-03-03 00:00:00'", "2026-03-03"],
    [{ kind: "month" }, { ...timestamp, utc: true }, "'2026-03-01 00:00:00+00'", "2026-03"],
    [{ kind: "year" }, { ...timestamp, unit: "ns" }, "'2026-01-01 00:00:00'", "2026"],
    [{ kind: "month" }, { kind: "date" }, "'2026-03-01'", "2026-03"],
    [{ kind: "identity" }, { kind: "date" }, "'2026-03-03'", "2026-03-03"],
    [{ kind: "truncate", width: 86_400 }, seconds, "1772496000", "1772496000"],
    [{ kind: "truncate", width: 1000 }, { ...seconds, bits: 32 }, "1772541000", "1772541000"],
  ];
  for (const [partition, type, start, first] of cases) {
    const columnType = { type, nativeType: "t" };
    const unix = type.kind === "int";
    const shape = { base, column: "at", unix, columnType, days: 7, partition };
    assert.ok(windowSql(dialect, shape, now, list).endsWith(`>= ${start}`), start);
    assert.equal(firstPartition(type, partition, shape, now), first);
  }
});

Deno.test("CC10: a compared value becomes a literal of its column's own type", () => {
  const typed: Dialect = {
    ...dialect,
    literal: (value, type, native) => `${native ?? "untyped"}:${type?.kind ?? "-"}'${value}'`,
  };
  const type = { type: { kind: "text" }, nativeType: "varchar(9)" } as const;
  const page = { base, key: "k", keyType: type, unique: true, after: null, until: "z" };
  assert.match(
    pageSql(typed, page, "a", 1, list),
    /> varchar\(9\):text'a' AND .*<= varchar\(9\):text'z'/,
  );
  const key = { kind: "key", base, column: "k", columnType: type } as const;
  assert.match(chunkSql(typed, key, { start: "a", end: "z" }, list), /<= varchar\(9\):text'z'/);
  const cursor = { base, column: "k", columnType: type, fallback: null };
  assert.match(incrementalSql(typed, cursor, behind("a"), list), /> varchar\(9\):text'a'/);
  const date = { type: { kind: "date" }, nativeType: "date" } as const;
  const window = { base, column: "at", unix: false, columnType: date, days: 1, partition: null };
  assert.match(windowSql(typed, window, new Date(0), list), />= date:date'1969-12-31'/);
});
