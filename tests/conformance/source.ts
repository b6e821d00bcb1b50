/**
 * What every source must do (see `core/ports/source.ts`), as cases that each adapter's live test runs
 * against its own server. An engine brings a `SourceHarness`: a place, some SQL, and what it expects.
 */
import assert from "node:assert/strict";
import { snapshotSharing } from "../../core/access/capabilities.ts";
import type { Batch } from "../../core/batch/batch.ts";
import type { SourceConfig } from "../../core/config/schema.ts";
import { resolveTuning, type Tuning } from "../../core/config/tuning.ts";
import { configureLogging, type LogEntry } from "../../core/base/log.ts";
import { type ErrorCategory, type ErrorCode, RivetError } from "../../core/base/errors.ts";
import type { ReadRequest, Source } from "../../core/ports/source.ts";
import { outerSelect } from "../../core/query/select.ts";
import { formatType, type RivetType } from "../../core/types/types.ts";
import type { Value } from "../support/batches.ts";
import { batchValues } from "../support/render.ts";
import { until } from "../support/until.ts";

export interface ConnectOverrides {
  readonly tuning?: Partial<Tuning>;
  readonly source?: Partial<SourceConfig>;
  readonly applicationName?: string;
}

export interface SourceHarness {
  connect(options?: ConnectOverrides): Promise<Source>;
  /** Runs statements as an administrator; the last one's rows as text. */
  admin(sql: string): Promise<(string | null)[][]>;
  /** Takes an exclusive lock on a table in another session; the result gives it back. */
  lock(table: string): Promise<() => Promise<void>>;
  /** Statements that run at the server now under this application name. */
  running(applicationName: string): Promise<number>;
  /**
   * Table `numbers`: `id` 1..20000 the integer primary key, `code` unique NOT NULL text, `label` text with
   * a NULL in every third row (`id % 3 = 0`) and `label-<id>` in the others. Table `odd "näme"` with the
   * columns `select`, `with space`, `with"quote`, `日本` and `MixedCase`, all the text of its one row's
   * column name.
   */
  readonly tables: { readonly numbers: string; readonly odd: string };
  readonly sql: {
    /** Runs for a minute unless it is cancelled. */
    readonly slow: string;
    /** `bytes` letters in the column `wide`. */
    wide(bytes: number): string;
    readonly syntaxError: string;
    readonly duplicateNames: string;
    /** The column `bad` of a type that needs an override, and `worse` likewise. */
    readonly unsupported: string;
  };
  /** The key of `numbers` that the engine keeps a histogram of; null when it keeps none of keys. */
  readonly statistics: "id" | "code" | null;
  /** The server asks for a password. */
  readonly checksPasswords: boolean;
}

export interface SourceCase {
  readonly name: string;
  /** Needs a server with a session per connection (which the embedded PostgreSQL is not). */
  readonly sessions?: boolean;
  run(harness: SourceHarness): Promise<void>;
}

const NO_OVERRIDES: ReadonlyMap<string, RivetType> = new Map();

export type ReadOptions = Partial<ReadRequest> & {
  readonly overrides?: ReadonlyMap<string, RivetType>;
  readonly orderBy?: string;
};

/** A request for all rows of `query`, described with the overrides. */
export async function requestFor(
  source: Source,
  query: string,
  options: ReadOptions = {},
): Promise<ReadRequest> {
  const { overrides = NO_OVERRIDES, orderBy, ...request } = options;
  const { columns, selectList } = await source.describe(query, overrides);
  const sql = outerSelect(source.dialect, {
    selectList,
    base: query,
    orderBy: orderBy === undefined ? [] : [`_rivet.${source.dialect.quote(orderBy)}`],
  });
  return {
    sql,
    columns,
    access: "statement",
    fetchRows: 0,
    batchBytes: 1024 * 1024,
    batchRows: 65_536,
    throttleMs: 0,
    maxValueBytes: 256 * 1024 * 1024,
    ...request,
  };
}

export async function readAll(
  source: Source,
  query: string,
  options: ReadOptions = {},
): Promise<Batch[]> {
  return await Array.fromAsync(source.read(await requestFor(source, query, options)));
}

export async function readValues(
  source: Source,
  query: string,
  options: ReadOptions = {},
): Promise<Value[][]> {
  return (await readAll(source, query, options)).flatMap(batchValues);
}

/** Connects, runs, and closes whatever happens. */
export async function withSource<T>(
  harness: SourceHarness,
  options: ConnectOverrides,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const source = await harness.connect(options);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

/** Runs `work`, which must fail as said, with a message that `message` matches. */
export async function failsWith(
  work: Promise<unknown>,
  code: ErrorCode,
  category: ErrorCategory,
  message: RegExp,
): Promise<RivetError> {
  const error = await work.then(() => null, (e: unknown) => e);
  assert.ok(error instanceof RivetError, `did not fail as a RivetError: ${error}`);
  assert.deepEqual([error.code, error.category], [code, category], error.message);
  assert.match(`${error.message}\n${error.hint ?? ""}`, message);
  return error;
}

const ACCESS = ["statement", "cursor"] as const;

/** Rests for longer than a statement may take; the limit still holds for the next statement. */
export async function readWithRests(
  harness: SourceHarness,
  access: ReadRequest["access"],
): Promise<void> {
  const { numbers } = harness.tables;
  const query = `SELECT a.* FROM ${numbers} a, ${numbers} b WHERE b.id <= 15`;
  await withSource(harness, { tuning: { statementTimeoutS: 3 } }, async (source) => {
    const request = await requestFor(source, query, { access, batchBytes: 1 << 20 });
    let rows = 0;
    let batches = 0;
    for await (const batch of source.read(request)) {
      // Early, when most of the rows are still at the server.
      if (batches++ < 2) await new Promise((resolve) => setTimeout(resolve, 2000));
      rows += batch.rows;
    }
    assert.ok(batches > 2, `${batches} batches`);
    assert.equal(rows, 300_000);
    const slow = source.rows(harness.sql.slow);
    await failsWith(slow, "SOURCE_TIMEOUT", "permanent", /statement_timeout_s/);
  });
}

const describing: readonly SourceCase[] = [
  {
    name: "describe names columns, types and nullability without reading a row",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT * FROM ${harness.tables.numbers}`;
        const { columns, selectList } = await source.describe(query, NO_OVERRIDES);
        assert.deepEqual(
          columns.map((c) => [c.name, formatType(c.type), c.nullable]),
          [["id", "int64", false], ["code", "text", false], ["label", "text", true]],
        );
        assert.equal(selectList.length, 3);
      });
    },
  },
  {
    name: "a query may end in a semicolon or a comment",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT id FROM ${harness.tables.numbers}`;
        for (const end of [";", " ; \n", " -- the end"]) {
          const { columns } = await source.describe(query + end, NO_OVERRIDES);
          assert.deepEqual(columns.map((c) => c.name), ["id"]);
        }
      });
    },
  },
  {
    name: "an outer join makes a NOT NULL column nullable",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const { numbers } = harness.tables;
        const query =
          `SELECT a.id, b.code FROM ${numbers} a LEFT JOIN ${numbers} b ON b.id = -a.id`;
        const { columns } = await source.describe(query, NO_OVERRIDES);
        assert.equal(columns[1].nullable, true);
      });
    },
  },
  {
    name: "columns of the same name are refused, by name",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const describe = source.describe(harness.sql.duplicateNames, NO_OVERRIDES);
        await failsWith(describe, "SOURCE_QUERY", "permanent", /"id"/);
      });
    },
  },
  {
    name: "every unsupported column is named at once, with the override and the cast to write",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const describe = source.describe(harness.sql.unsupported, NO_OVERRIDES);
        const error = await failsWith(describe, "TYPE_UNSUPPORTED", "permanent", /bad[^]*worse/);
        assert.match(error.hint ?? "", /columns: \{ .*bad.*worse.*\}/);
        assert.match(error.hint ?? "", /text/);
      });
    },
  },
  {
    name: "unsupported columns are read as text when the overrides say so",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const overrides = new Map<string, RivetType>([
          ["bad", { kind: "text" }],
          ["worse", { kind: "text" }],
        ]);
        const [row] = await readValues(source, harness.sql.unsupported, { overrides });
        for (const value of row) assert.equal(typeof value, "string");
      });
    },
  },
  {
    name: "an override of an unknown column names the near match",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const overrides = new Map<string, RivetType>([["lable", { kind: "text" }]]);
        const describe = source.describe(`SELECT * FROM ${harness.tables.numbers}`, overrides);
        await failsWith(describe, "CONFIG_INVALID", "permanent", /"lable".*"label"/);
      });
    },
  },
  {
    name: "strange identifiers are quoted",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT * FROM ${source.dialect.table(harness.tables.odd)}`;
        const names = ["select", "with space", 'with"quote', "日本", "MixedCase"];
        for (const access of ACCESS) {
          const overrides = new Map<string, RivetType>([['with"quote', { kind: "binary" }]]);
          const [row] = await readValues(source, query, { access, overrides });
          const text = row.map((v) => v instanceof Uint8Array ? new TextDecoder().decode(v) : v);
          assert.deepEqual(text, names);
        }
      });
    },
  },
  {
    name: "keys: the primary key first, then other unique NOT NULL columns",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        assert.deepEqual(await source.keys(harness.tables.numbers), [
          { column: "id", unique: true, integer: true, primary: true },
          { column: "code", unique: true, integer: false, primary: false },
        ]);
        assert.deepEqual(await source.keys(harness.tables.odd), []);
      });
    },
  },
  {
    name: "rowBytes: about what a row takes, null for what is not stored",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const bytes = await source.rowBytes?.(harness.tables.numbers) ?? 0;
        assert.ok(bytes > 20 && bytes < 400, `${bytes}`);
        assert.equal(await source.rowBytes?.("no_such_table"), null);
      });
    },
  },
  {
    name: "estimateRows and quantiles come from statistics",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const { numbers } = harness.tables;
        const estimate = await source.estimateRows(`SELECT * FROM ${numbers};`);
        assert.ok(estimate !== null && estimate > 10_000 && estimate < 40_000, `${estimate}`);
        const column = harness.statistics;
        const texts = await source.quantiles(numbers, column ?? "id");
        if (column === null) return assert.deepEqual(texts, []);
        const quantiles = texts.map((text) => Number(text.replace("code-", "")));
        assert.ok(quantiles.length > 2, `${quantiles.length} quantiles`);
        assert.deepEqual(quantiles, quantiles.toSorted((a, b) => a - b));
      });
    },
  },
];

const reading: readonly SourceCase[] = [
  {
    name: "statement and cursor give the same rows in the statement's order, NULLs included",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT * FROM ${harness.tables.numbers}`;
        for (const access of ACCESS) {
          const rows = await readValues(source, query, { access, orderBy: "id" });
          assert.equal(rows.length, 20_000);
          rows.forEach(([id, code, label], i) => {
            assert.equal(id, BigInt(i + 1));
            assert.equal(code, `code-${String(i + 1).padStart(5, "0")}`);
            assert.equal(label, (i + 1) % 3 === 0 ? null : `label-${i + 1}`);
          });
        }
      });
    },
  },
  {
    name: "an empty result gives no batch",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT * FROM ${harness.tables.numbers} WHERE id < 0`;
        for (const access of ACCESS) {
          assert.deepEqual(await readAll(source, query, { access }), []);
        }
      });
    },
  },
  {
    name: "batches keep to their rows and bytes",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT * FROM ${harness.tables.numbers}`;
        for (const access of ACCESS) {
          for (const fetchRows of [0, 7, 1000, 30_000]) {
            const options = { access, fetchRows, batchRows: 777, orderBy: "id" };
            const batches = await readAll(source, query, options);
            const rows = batches.map((b) => b.rows);
            assert.ok(rows.slice(0, -1).every((n) => n === 777), `${access} ${fetchRows}: ${rows}`);
            assert.equal(rows.reduce((a, b) => a + b, 0), 20_000);
          }
          const small = await readAll(source, query, { access, batchBytes: 50_000 });
          assert.ok(small.length > 5, `${small.length} batches of 50 kB`);
          for (const batch of small) assert.ok(batch.byteLength < 250_000, `${batch.byteLength}`);
        }
      });
    },
  },
  {
    name: "a value above the limit fails the read and names its column",
    async run(harness) {
      for (const access of ACCESS) {
        await withSource(harness, {}, async (source) => {
          const ok = { access, maxValueBytes: 300_000 };
          const [[value]] = await readValues(source, harness.sql.wide(300_000), ok);
          assert.equal(String(value).length, 300_000);
          const read = readAll(source, harness.sql.wide(300_001), ok);
          await failsWith(read, "VALUE_OUT_OF_RANGE", "permanent", /"wide"/);
        });
      }
    },
  },
  {
    name: "rows gives every value as text and NULL as null",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const { numbers } = harness.tables;
        const query = `SELECT id, label FROM ${numbers} WHERE id IN (3, 4) ORDER BY id`;
        assert.deepEqual(await source.rows(query), [["3", null], ["4", "label-4"]]);
      });
    },
  },
  {
    name: "at trace the steps of the protocol are told, and nothing of what is in them",
    async run(harness) {
      const lines: string[] = [];
      const sink = ({ text }: LogEntry) => lines.push(text);
      configureLogging({ level: "trace", sink });
      try {
        await withSource(harness, { applicationName: "rivet-steps" }, async (source) => {
          await source.rows(`SELECT ${source.dialect.literal("marmalade")}`);
          const query = `SELECT label FROM ${harness.tables.numbers}`;
          assert.equal((await readValues(source, query)).length, 20_000);
        });
      } finally {
        configureLogging({ level: "error", sink: () => {} });
      }
      for (const direction of ["sent", "received"]) {
        const told = new RegExp(`^rivet-steps: ${direction} \\w.*, \\d+ bytes$`);
        assert.ok(lines.some((line) => told.test(line)), `${direction}:\n${lines.join("\n")}`);
      }
      assert.ok(lines.length < 1000, `${lines.length} lines for 20,000 rows`);
      assert.equal(/marmalade|label/.test(lines.join("\n")), false);
    },
  },
  {
    name: "literals keep quotes, backslashes and other scripts",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const value = `it's a \\ "test" -- '; 日本`;
        const text = source.dialect.castText(source.dialect.literal(value));
        assert.deepEqual(await source.rows(`SELECT ${text}`), [[value]]);
      });
    },
  },
  {
    name: "reads within a snapshot see one moment",
    sessions: true,
    async run(harness) {
      await harness.admin("CREATE TABLE moving (id int); INSERT INTO moving VALUES (1)");
      await withSource(harness, {}, async (source) => {
        const query = "SELECT id FROM moving";
        const counts = async () =>
          (await readValues(source, query)).length +
          (await readValues(source, query, { access: "cursor" })).length;
        await source.beginSnapshot();
        assert.equal(await counts(), 2);
        await harness.admin("INSERT INTO moving VALUES (2)");
        assert.equal(await counts(), 2);
        assert.deepEqual(await source.rows("SELECT count(*) FROM moving"), [["1"]]);
        await source.endSnapshot();
        assert.equal(await counts(), 4);
      });
    },
  },
  {
    name: "a snapshot is shared with other connections, or it is said why not",
    sessions: true,
    run: (harness) =>
      withSource(harness, {}, async (source) => {
        const { sharedSnapshot } = source.capabilities;
        if (sharedSnapshot === true) {
          const { id, point } = await snapshotSharing(source)();
          assert.ok(id.length > 0 && point.length > 0);
          return;
        }
        assert.ok(sharedSnapshot.why.length > 20, sharedSnapshot.why);
        assert.throws(() => snapshotSharing(source), (error: Error) => {
          const named = error.message.includes(source.info.engine);
          return named && error.message.endsWith(`between connections: ${sharedSnapshot.why}`);
        });
      }),
  },
  {
    name: "a reader that leaves early leaves a connection that works",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const query = `SELECT * FROM ${harness.tables.numbers}`;
        for (const access of ACCESS) {
          for await (
            const batch of source.read(await requestFor(source, query, { access, batchRows: 10 }))
          ) {
            assert.equal(batch.rows, 10);
            break;
          }
          assert.deepEqual(await source.rows("SELECT 1"), [["1"]]);
        }
      });
    },
  },
  {
    name: "nothing can be written",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const write = source.rows(`DELETE FROM ${harness.tables.numbers}`);
        await failsWith(write, "SOURCE_QUERY", "permanent", /read-only/);
      });
    },
  },
  {
    name: "a text of two statements is refused, whatever would check it before",
    async run(harness) {
      const { numbers } = harness.tables;
      const two = `SELECT 1 AS a; DELETE FROM ${numbers}; COMMIT`;
      const closing = `SELECT 1 AS a) AS x; DELETE FROM ${numbers}; SELECT 1 FROM (SELECT 1 AS a`;
      for (const sql of [two, closing]) {
        await withSource(harness, {}, async (source) => {
          for (
            const ask of [
              () => source.rows(sql),
              () => source.describe(sql, NO_OVERRIDES),
              () => source.estimateRows(sql),
            ]
          ) await assert.rejects(ask, { category: "permanent" });
        });
      }
      assert.deepEqual(await harness.admin(`SELECT COUNT(*) FROM ${numbers}`), [["20000"]]);
    },
  },
];

const stopping: readonly SourceCase[] = [
  {
    name: "an abort between batches stops the read and leaves nothing running",
    sessions: true,
    async run(harness) {
      for (const access of ACCESS) {
        const applicationName = `rivet-abort-${access}`;
        await withSource(harness, { applicationName }, async (source) => {
          const { numbers } = harness.tables;
          const query = `SELECT a.id, b.label FROM ${numbers} a CROSS JOIN ${numbers} b`;
          const abort = new AbortController();
          const options = { access, batchRows: 1000, signal: abort.signal };
          const request = await requestFor(source, query, options);
          let batches = 0;
          const read = (async () => {
            for await (const batch of source.read(request)) {
              batches++;
              assert.equal(batch.rows, 1000);
              abort.abort();
            }
          })();
          await failsWith(read, "INTERRUPTED", "permanent", /interrupted/);
          assert.equal(batches, 1);
          const idle = async () => await harness.running(applicationName) === 0;
          await until(`no ${access} statement runs`, idle);
        });
      }
    },
  },
  {
    name: "an abort cancels a statement that has not given a row yet",
    sessions: true,
    async run(harness) {
      for (const access of ACCESS) {
        const applicationName = `rivet-cancel-${access}`;
        await withSource(harness, { applicationName }, async (source) => {
          const abort = new AbortController();
          const options = { access, signal: abort.signal };
          const request = await requestFor(source, harness.sql.slow, options);
          const read = Array.fromAsync(source.read(request));
          const failure = failsWith(read, "INTERRUPTED", "permanent", /interrupted/);
          await until("it runs", async () => await harness.running(applicationName) === 1);
          abort.abort();
          await failure;
          await until("it stops", async () => await harness.running(applicationName) === 0);
        });
      }
    },
  },
  {
    name: "closing stops what runs",
    sessions: true,
    async run(harness) {
      const applicationName = "rivet-close";
      const source = await harness.connect({ applicationName });
      const rows = source.rows(harness.sql.slow).then(() => null, (error: unknown) => error);
      await until("it runs", async () => await harness.running(applicationName) === 1);
      await source.close();
      await source.close();
      assert.ok(await rows instanceof RivetError);
      await until("it stops", async () => await harness.running(applicationName) === 0);
      await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
    },
  },
  {
    name: "a statement above statement_timeout_s fails for good",
    sessions: true,
    async run(harness) {
      for (const access of ACCESS) {
        await withSource(harness, { tuning: { statementTimeoutS: 1 } }, async (source) => {
          const read = readAll(source, harness.sql.slow, { access });
          await failsWith(read, "SOURCE_TIMEOUT", "permanent", /statement_timeout_s/);
        });
      }
    },
  },
  {
    name: "the reader's rests in a cursor do not count against statement_timeout_s",
    sessions: true,
    run: (harness) => readWithRests(harness, "cursor"),
  },
  {
    name: "a lock that is held above lock_timeout_s may be tried again",
    sessions: true,
    async run(harness) {
      const release = await harness.lock(harness.tables.numbers);
      try {
        await withSource(harness, { tuning: { lockTimeoutS: 1 } }, async (source) => {
          const rows = source.rows(`SELECT count(*) FROM ${harness.tables.numbers}`);
          await failsWith(rows, "SOURCE_TIMEOUT", "timeout", /lock_timeout_s/);
        });
      } finally {
        await release();
      }
    },
  },
];

const failing: readonly SourceCase[] = [
  {
    name: "a syntax error is permanent and says where",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const describe = source.describe(harness.sql.syntaxError, NO_OVERRIDES);
        await failsWith(describe, "SOURCE_QUERY", "permanent", /syntax/i);
      });
    },
  },
  {
    name: "a missing table is named, and the nearest one suggested",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const describe = source.describe("SELECT * FROM numbrs", NO_OVERRIDES);
        await failsWith(describe, "SOURCE_OBJECT_NOT_FOUND", "permanent", /numbrs[^]*numbers/);
      });
    },
  },
  {
    name: "a missing column is named",
    async run(harness) {
      await withSource(harness, {}, async (source) => {
        const describe = source.describe(`SELECT idd FROM ${harness.tables.numbers}`, NO_OVERRIDES);
        await failsWith(describe, "SOURCE_OBJECT_NOT_FOUND", "permanent", /idd/);
      });
    },
  },
  {
    name: "a wrong password is an auth error that does not show it",
    sessions: true,
    async run(harness) {
      if (!harness.checksPasswords) return;
      const connect = harness.connect({ source: { password: "wr0ng-secret" } });
      const error = await failsWith(connect, "SOURCE_AUTH", "auth", /password/);
      assert.doesNotMatch(`${error.message} ${error.hint} ${error.cause}`, /wr0ng-secret/);
    },
  },
  {
    name: "a port where nobody listens is a network error that names it",
    async run(harness) {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      listener.close();
      const connect = harness.connect({ source: { host: "127.0.0.1", port } });
      await failsWith(connect, "SOURCE_UNREACHABLE", "network", new RegExp(`127.0.0.1:${port}`));
    },
  },
  {
    name: "a host that does not exist is a network error that names it",
    async run(harness) {
      const connect = harness.connect({ source: { host: "no-such-host.invalid" } });
      await failsWith(connect, "SOURCE_UNREACHABLE", "network", /no-such-host\.invalid/);
    },
  },
  {
    name: "a server that hangs up at once is a lost connection",
    async run(harness) {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      const hangUp = (async () => (await listener.accept()).close())();
      try {
        const connect = harness.connect({ source: { host: "127.0.0.1", port } });
        await failsWith(connect, "SOURCE_DISCONNECTED", "disconnect", /lost|closed/);
      } finally {
        await hangUp;
        listener.close();
      }
    },
  },
];

export const sourceCases: readonly SourceCase[] = [
  ...describing,
  ...reading,
  ...stopping,
  ...failing,
];

/** Tuning for the cases: no limits, no waiting. */
export function caseTuning(overrides: Partial<Tuning> = {}): Tuning {
  return { ...resolveTuning({ profile: "fast" }), ...overrides };
}
