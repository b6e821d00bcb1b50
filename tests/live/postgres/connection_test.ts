/** What only a server with real sessions shows: lost connections, flow control, roles, poolers. */
import assert from "node:assert/strict";
import { RivetError } from "../../../core/base/errors.ts";
import { configureLogging } from "../../../core/base/log.ts";
import {
  failsWith,
  readAll,
  readValues,
  requestFor,
  type SourceHarness,
  withSource,
} from "../../conformance/source.ts";
import { onPostgresSessions } from "../../support/postgres.ts";
import { postgresHarness } from "./harness.ts";

const WIDE = "SELECT i, repeat('x', 10000) AS t FROM generate_series(1, 100000) i";

async function checkLost(harness: SourceHarness): Promise<void> {
  for (const access of ["statement", "cursor"] as const) {
    const applicationName = `rivet-lost-${access}`;
    await withSource(harness, { applicationName }, async (source) => {
      const request = await requestFor(source, WIDE, { access, batchBytes: 100_000 });
      const read = (async () => {
        let rows = 0;
        for await (const batch of source.read(request)) {
          if (rows === 0) {
            await harness.admin(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
                `WHERE application_name = '${applicationName}'`,
            );
          }
          rows += batch.rows;
        }
      })();
      const error = await read.then(() => null, (e: unknown) => e);
      assert.ok(error instanceof RivetError, `the read went on: ${error}`);
      assert.equal(error.code, "SOURCE_DISCONNECTED", error.message);
      // Never a new connection behind the caller's back.
      await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
    });
  }
}

/** In a transaction of its own all the same, with its settings; one that fails leaves the connection as it was. */
async function checkFlights(harness: SourceHarness): Promise<void> {
  const flights: string[] = [];
  configureLogging({
    level: "trace",
    sink: ({ fields }) => {
      if (fields?.direction === "sent") flights.push(String(fields.message));
    },
  });
  try {
    await withSource(harness, {}, async (source) => {
      const seen = `SELECT current_setting('transaction_read_only') AS r,
        current_setting('TimeZone') AS z, txid_current_if_assigned() IS NULL AS w`;
      const request = await requestFor(source, seen, { access: "statement" });
      const broken = { ...request, sql: "SELECT 1/0 AS r, 'x' AS z, true AS w" };
      for (const round of [1, 2]) {
        flights.length = 0;
        assert.equal((await Array.fromAsync(source.read(request))).length, 1, `round ${round}`);
        assert.equal(flights.length, 1, flights.join("; "));
        await failsWith(Array.fromAsync(source.read(broken)), "SOURCE_QUERY", "permanent", /zero/);
      }
      // No transaction is left open behind either.
      const [[open]] = await source.rows(
        "SELECT xact_start < clock_timestamp() - interval '1 hour' FROM pg_stat_activity " +
          "WHERE pid = pg_backend_pid()",
      );
      assert.equal(open, "f");
      assert.deepEqual(await readValues(source, seen, { access: "statement" }), [
        ["on", "UTC", true],
      ]);
    });
  } finally {
    configureLogging({ level: "warn", sink: () => {} });
  }
}

/** 1 GB of rows while the consumer takes one batch: what is not taken stays at the server. */
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

async function checkFetchSize(harness: SourceHarness): Promise<void> {
  await withSource(harness, {}, async (source) => {
    const query = "SELECT i, repeat('x', 10000) AS t FROM generate_series(1, 3000) i";
    const options = { access: "cursor", batchBytes: 1 << 20, orderBy: "i" } as const;
    const batches = await readAll(source, query, options);
    // 100 rows of 10 kB fill a batch.
    assert.ok(batches.length >= 25 && batches.every((b) => b.byteLength < 3 << 20));
    const wanted = new Set<number>();
    for await (const _ of source.read(await requestFor(source, query, options))) {
      const [[statement]] = await harness.admin(
        "SELECT query FROM pg_stat_activity WHERE query LIKE 'FETCH % FROM _rivet_cursor' " +
          "AND datname = current_database()",
      ) as [[string]];
      wanted.add(Number(/FETCH (\d+)/.exec(statement)?.[1]));
    }
    // The first FETCH cannot know the width yet and asks for few; those after it hold about a batch each.
    assert.ok(wanted.size > 0 && [...wanted].every((n) => n > 95 && n < 120), `${[...wanted]}`);
  });
}

async function checkFreeConnections(harness: SourceHarness): Promise<void> {
  await harness.admin("CREATE ROLE rivet_few LOGIN PASSWORD 'f3w' CONNECTION LIMIT 5");
  try {
    const few = { source: { user: "rivet_few", password: "f3w" } };
    await withSource(harness, few, async (source) => {
      assert.equal(await source.freeConnections?.(), 4);
    });
    await withSource(harness, {}, async (source) => {
      const [[max]] = await source.rows("SELECT current_setting('max_connections')");
      const free = await source.freeConnections?.() ?? 0;
      assert.ok(free > 4 && free < Number(max), `${free}`);
    });
  } finally {
    await harness.admin("DROP ROLE rivet_few");
  }
}

async function checkPermission(harness: SourceHarness): Promise<void> {
  await harness.admin(`
    CREATE ROLE rivet_limited LOGIN PASSWORD 'l1mited';
    CREATE TABLE secret_numbers AS SELECT 1 AS id`);
  try {
    const limited = { source: { user: "rivet_limited", password: "l1mited" } };
    await withSource(harness, limited, async (source) => {
      const describe = source.describe("SELECT * FROM secret_numbers", new Map());
      await failsWith(describe, "SOURCE_PERMISSION", "auth", /secret_numbers[^]*GRANT SELECT/);
    });
  } finally {
    await harness.admin("DROP ROLE rivet_limited");
  }
}

/** Values look the same whatever the role's own settings are. */
async function checkPinnedSettings(harness: SourceHarness): Promise<void> {
  await harness.admin(`
    CREATE ROLE rivet_odd LOGIN PASSWORD '0dd';
    ALTER ROLE rivet_odd SET TimeZone = 'Asia/Tokyo';
    ALTER ROLE rivet_odd SET DateStyle = 'German';
    ALTER ROLE rivet_odd SET IntervalStyle = 'postgres_verbose';
    ALTER ROLE rivet_odd SET bytea_output = 'escape';
    ALTER ROLE rivet_odd SET extra_float_digits = -5;
    ALTER ROLE rivet_odd SET statement_timeout = '1ms'`);
  try {
    await withSource(
      harness,
      { source: { user: "rivet_odd", password: "0dd" } },
      async (source) => {
        const row = await source.rows(
          "SELECT '2024-02-29 12:00+00'::timestamptz, '1 day'::interval, '\\x00ff'::bytea, 0.1::float8 + 0.2, " +
            "pg_sleep(0.01)::text",
        );
        assert.deepEqual(row, [[
          "2024-02-29 12:00:00+00",
          "P1D",
          "\\x00ff",
          "0.30000000000000004",
          "",
        ]]);
      },
    );
  } finally {
    await harness.admin("DROP ROLE rivet_odd");
  }
}

Deno.test("postgres: connection", async (t) => {
  await onPostgresSessions(async (database) => {
    const harness = await postgresHarness(database);
    await t.step("a lost connection ends the read and stays lost", () => checkLost(harness));
    await t.step(
      "a statement is read in one way to the server and back",
      () => checkFlights(harness),
    );
    await t.step("a slow consumer holds the server back", () => checkFlowControl(harness));
    await t.step("connections that are left to a user", () => checkFreeConnections(harness));
    await t.step("the rows of a FETCH follow from their width", () => checkFetchSize(harness));
    await t.step("a missing privilege says what to grant", () => checkPermission(harness));
    await t.step("values do not depend on the role's settings", () => checkPinnedSettings(harness));
  });
});
