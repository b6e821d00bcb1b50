/** What the cases of every source do not ask of MySQL: lost connections, sessions, accounts, limits. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import { RivetError } from "../../../core/base/errors.ts";
import type { Source } from "../../../core/ports/source.ts";
import {
  caseTuning,
  failsWith,
  readWithRests,
  requestFor,
  type SourceHarness,
  withSource,
} from "../../conformance/source.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { readDuckdb } from "../../support/readers.ts";
import { until } from "../../support/until.ts";
import { mysqlHarness, structured } from "./harness.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));
const latin1 = new TextDecoder("latin1");
const WIDE = "SELECT a.id, REPEAT('x', 10000) AS t FROM numbers a CROSS JOIN digits b";

async function checkLost(harness: SourceHarness): Promise<void> {
  const applicationName = "rivet-lost";
  await withSource(harness, { applicationName }, async (source) => {
    const request = await requestFor(source, WIDE, { batchBytes: 100_000 });
    const read = (async () => {
      let rows = 0;
      for await (const batch of source.read(request)) {
        if (rows === 0) {
          const [[id]] = await harness.admin(
            `SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '/* ${applicationName} */%'`,
          );
          await harness.admin(`KILL CONNECTION ${id}`);
        }
        rows += batch.rows;
      }
    })();
    const error = await read.then(() => null, (e: unknown) => e);
    assert.ok(error instanceof RivetError, `the read went on: ${error}`);
    assert.deepEqual([error.code, error.category], ["SOURCE_DISCONNECTED", "disconnect"]);
    // Never a new connection behind the caller's back.
    await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed|lost/);
  });
}

/** 2 GB of rows while the consumer takes one batch: what is not taken stays at the server. */
async function checkFlowControl(harness: SourceHarness): Promise<void> {
  await withSource(harness, {}, async (source) => {
    const request = await requestFor(source, WIDE, { batchBytes: 1 << 20 });
    const before = Deno.memoryUsage().rss;
    for await (const batch of source.read(request)) {
      assert.ok(batch.byteLength < 3 << 20);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const grown = (Deno.memoryUsage().rss - before) / (1 << 20);
      assert.ok(grown < 100, `grew by ${grown.toFixed(0)} MB while nobody read`);
      break;
    }
  });
}

async function checkPermissions(harness: SourceHarness): Promise<void> {
  await harness.admin(`
    CREATE TABLE secret_numbers (id int);
    CREATE USER rivet_limited IDENTIFIED BY 'l1mited-password' WITH MAX_USER_CONNECTIONS 3;
    GRANT SELECT ON digits TO rivet_limited`);
  try {
    const source = { user: "rivet_limited", password: "l1mited-password" };
    await withSource(harness, { source }, async (limited) => {
      const describe = limited.describe("SELECT * FROM secret_numbers", new Map());
      await failsWith(describe, "SOURCE_PERMISSION", "auth", /secret_numbers[^]*GRANT SELECT/);
      assert.deepEqual(await limited.quantiles("digits", "d"), []);
      assert.equal(await limited.freeConnections?.(), 3);
    });
    const elsewhere = harness.connect({ source: { ...source, database: "mysql" } });
    await failsWith(elsewhere, "SOURCE_PERMISSION", "auth", /mysql/);
  } finally {
    await harness.admin("DROP USER rivet_limited");
  }
  await withSource(harness, {}, async (source) => {
    const [[max]] = await source.rows("SELECT @@max_connections");
    const free = await source.freeConnections?.() ?? 0;
    assert.ok(free > 3 && free < Number(max), `${free}`);
  });
  const unknown = harness.connect({ source: { database: "no_such_database" } });
  await failsWith(unknown, "SOURCE_OBJECT_NOT_FOUND", "permanent", /no_such_database/);
}

/** Values and timeouts are Rivet's own whatever the server's defaults are. */
async function checkSession(harness: SourceHarness): Promise<void> {
  const [[zone, mode]] = await harness.admin("SELECT @@GLOBAL.time_zone, @@GLOBAL.sql_mode");
  await harness.admin(`
    SET GLOBAL time_zone = '+09:00';
    SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE,TRADITIONAL'`);
  try {
    const tuning = { statementTimeoutS: 7, lockTimeoutS: 3 };
    await withSource(harness, { tuning }, async (source) => {
      const isMariadb = source.info.engine === "MariaDB";
      const timeout = isMariadb ? "max_statement_time" : "max_execution_time";
      const rows = await source.rows(
        `SELECT @@SESSION.time_zone, @@SESSION.${timeout} + 0, @@SESSION.lock_wait_timeout, ` +
          "@@SESSION.innodb_lock_wait_timeout, @@SESSION.character_set_results, " +
          `FROM_UNIXTIME(86400), '\\\\', COUNT("d") FROM digits`,
      );
      assert.deepEqual(
        rows.map((row) => row.map((v) => v?.replace(/\.0+$/, ""))),
        [[
          "+00:00",
          isMariadb ? "7" : "7000",
          "3",
          "3",
          "utf8mb4",
          "1970-01-02 00:00:00",
          "\\",
          "10",
        ]],
      );
      const [[modes]] = await source.rows("SELECT @@SESSION.sql_mode");
      assert.match(modes ?? "", /ANSI_QUOTES/);
      assert.doesNotMatch(modes ?? "", /BACKSLASH|PAD_CHAR|NO_ZERO|TRADITIONAL/);
    });
  } finally {
    await harness.admin(`SET GLOBAL time_zone = '${zone}'; SET GLOBAL sql_mode = '${mode}'`);
  }
}

/** Nothing waits for a statement that runs, also inside a snapshot. */
async function checkCloseInSnapshot(harness: SourceHarness): Promise<void> {
  const source = await harness.connect({ applicationName: "rivet-snapshot" });
  await source.beginSnapshot();
  const rows = source.rows(harness.sql.slow).then(() => null, (error: unknown) => error);
  await until("it runs", async () => await harness.running("rivet-snapshot") > 0);
  await source.close();
  assert.ok(await rows instanceof RivetError);
  // A kill is answered before the statement has ended.
  await until("it stops", async () => await harness.running("rivet-snapshot") === 0);
}

/** The kill goes over a connection of its own; when there is none left, this one is given up. */
async function checkFullServer(harness: SourceHarness): Promise<void> {
  const [[limit]] = await harness.admin("SELECT @@GLOBAL.max_connections");
  await withSource(harness, {}, async (source) => {
    const request = await requestFor(source, WIDE, { batchBytes: 100_000 });
    const sources: Source[] = [];
    try {
      for await (const _ of source.read(request)) {
        await harness.admin("SET GLOBAL max_connections = 10");
        const fill = async () => {
          for (let i = 0; i < 15; i++) sources.push(await harness.connect());
        };
        await failsWith(fill(), "SOURCE_CAPACITY", "capacity", /connections/);
        break;
      }
      await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
    } finally {
      await harness.admin(`SET GLOBAL max_connections = ${limit}`);
      for (const other of sources) await other.close();
    }
  });
}

/** A proxy may hand the server's session to somebody else: it is reset before it is left. */
async function checkReset(database: TestMysqlDatabase): Promise<void> {
  const proxy = startProxy(new URL(database.url), Infinity);
  try {
    const factory = await sourceFactory("mysql");
    const source = await factory.connect({
      source: { ...structured(database.url), port: proxy.port },
      tuning: caseTuning(),
      applicationName: "rivet-reset",
    });
    await source.rows("SELECT 4711");
    await source.close();
    const sent = proxy.sent();
    const order = [
      "PROXYSQL INTERNAL SESSION",
      "SESSION time_zone",
      "START TRANSACTION READ ONLY",
      "SELECT 4711",
      "COMMIT",
      // COM_RESET_CONNECTION, one byte behind a packet's header.
      "\x01\0\0\0\x1f",
    ].map((text) => sent.lastIndexOf(text));
    assert.ok(order.every((index) => index >= 0), `${order}`);
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
  } finally {
    proxy.stop();
  }
}

async function checkPacketLimit(harness: SourceHarness): Promise<void> {
  const [[limit]] = await harness.admin("SELECT @@GLOBAL.max_allowed_packet");
  await harness.admin("SET GLOBAL max_allowed_packet = 1048576");
  try {
    await withSource(harness, {}, async (source) => {
      const rows = source.rows(`SELECT LENGTH('${"x".repeat(2_000_000)}')`);
      await failsWith(rows, "SOURCE_QUERY", "permanent", /max_allowed_packet/);
    });
  } finally {
    await harness.admin(`SET GLOBAL max_allowed_packet = ${limit}`);
  }
}

/** Over 16 MB a row takes several packets. */
async function checkLargeRows(harness: SourceHarness): Promise<void> {
  await withSource(harness, {}, async (source) => {
    const [[limit]] = await source.rows("SELECT @@max_allowed_packet");
    const length = Math.min(Number(limit) - 1024, 20_000_000);
    const query = `SELECT 1 AS a, REPEAT('x', ${length}) AS b UNION ALL SELECT 2, 'y'`;
    const batches = await Array.fromAsync(source.read(await requestFor(source, query)));
    assert.equal(batches.reduce((sum, batch) => sum + batch.rows, 0), 2);
    const bytes = batches.reduce((sum, batch) => sum + batch.data[1].values.length, 0);
    assert.equal(bytes, length + 1);
  });
}

interface Proxy {
  readonly port: number;
  /** Everything that clients sent, a character per byte. */
  sent(): string;
  stop(): void;
}

/** A connection whose stream has ended is closed already. */
function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Passes everything on, and cuts the connection once, after `bytes` from the server. */
function startProxy(upstream: URL, bytes: number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let cut = false;
  let sent = "";
  const pass = async (client: Deno.Conn) => {
    const server = await Deno.connect({ hostname: upstream.hostname, port: Number(upstream.port) });
    open.add(client).add(server);
    const end = () => {
      for (const socket of [client, server]) {
        open.delete(socket);
        closeQuietly(socket);
      }
    };
    const copy = async (from: Deno.Conn, to: Deno.Conn, limited: boolean) => {
      let passed = 0;
      for await (const chunk of from.readable) {
        passed += chunk.length;
        if (!limited) sent += latin1.decode(chunk);
        if (limited && !cut && passed > bytes) {
          cut = true;
          break;
        }
        await to.write(chunk);
      }
    };
    await Promise.race([copy(client, server, false), copy(server, client, true)].map((side) =>
      // A side that is closed by the other one fails, which is its end.
      side.catch(() => {})
    ));
    end();
  };
  (async () => {
    for await (const client of listener) {
      pass(client).catch(() => {});
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    sent: () => sent,
    stop() {
      listener.close();
      for (const socket of open) closeQuietly(socket);
    },
  };
}

/** A server that is lost in the middle of a run: read again on a new connection, nothing lost. */
async function checkRetry(database: TestMysqlDatabase): Promise<void> {
  const proxy = startProxy(new URL(database.url), 300_000);
  const dir = await Deno.makeTempDir({ prefix: "rivet-mysql-retry-" });
  const { user, password, database: name } = structured(database.url);
  try {
    await Deno.writeTextFile(
      join(dir, "rivet.yaml"),
      `source: {type: mysql, host: 127.0.0.1, port: ${proxy.port}, user: ${user}, ` +
        `password: ${JSON.stringify(password)}, database: ${name}, tls: {mode: disable}}\n` +
        "exports:\n  - name: numbers\n    table: numbers\n    mode: chunked\n    chunk_size: 5000\n" +
        "    format: parquet\n    tuning: {max_retries: 2, retry_backoff_ms: 1}\n" +
        "    destination: {type: local, path: ./out}\n",
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, "run", "-c", join(dir, "rivet.yaml"), "--json"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /"retries":\s*1/);
    const ids = new Set<unknown>();
    for await (const { name } of Deno.readDir(join(dir, "out"))) {
      if (!name.endsWith(".parquet")) continue;
      for (const row of (await readDuckdb(join(dir, "out", name))).rows) ids.add(row[0]);
    }
    assert.equal(ids.size, 20_000);
  } finally {
    proxy.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

mysqlTest("mysql: connection", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const harness = await mysqlHarness(database);
      await t.step("a lost connection ends the read and stays lost", () => checkLost(harness));
      await t.step("a slow consumer holds the server back", () => checkFlowControl(harness));
      await t.step("a missing privilege says what to grant", () => checkPermissions(harness));
      await t.step("the session is Rivet's own", () => checkSession(harness));
      await t.step("the session is reset before it is left", () => checkReset(database));
      await t.step("closing a snapshot's statement", () => checkCloseInSnapshot(harness));
      await t.step(
        "the reader's rests do not count against the statement's limit",
        () => readWithRests(harness, "statement"),
      );
      await t.step("a statement that cannot be cancelled", () => checkFullServer(harness));
      await t.step("a statement above max_allowed_packet", () => checkPacketLimit(harness));
      await t.step("a row of several packets", () => checkLargeRows(harness));
      await t.step("a run goes on after a lost connection", () => checkRetry(database));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
