/** `incremental_safety` and `cursor_lag` against writers that commit late. */
import assert from "node:assert/strict";
import fc from "fast-check";
import postgres from "postgres";
import { Pipeline, type TestSource, withPipeline, withSource } from "../../support/pipeline.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";
import { history, play, TABLE } from "./history.ts";

const HAS_SESSIONS = await serverHasSessions();

function liveTest(name: string, work: (source: TestSource) => Promise<void>): void {
  onSessions(HAS_SESSIONS, name, () => Deno.test(name, () => withSource(work)));
}

const SAFE = { mode: "incremental", incremental_safety: "commit_safe", commit_wait_s: 1 };
const UNSAFE = { mode: "incremental" };

const BY_BOTH = ["id", "at"].map((column) => (
  { ...SAFE, name: `by_${column}`, table: "events", cursor_column: column }
));

/** One export per kind of cursor; the last one has no primary key to tell tied rows apart by. */
const CURSORS: readonly Record<string, unknown>[] = [
  { name: "by_id", table: "events", cursor_column: "id" },
  { name: "by_at", table: "events", cursor_column: "at" },
  { name: "by_second", table: "events", cursor_column: "second" },
  { name: "by_local", table: "events", cursor_column: "local" },
  { name: "by_day", table: "events", cursor_column: "day" },
  {
    name: "coalesced",
    table: "events",
    cursor_column: "maybe",
    cursor_fallback_column: "at",
    incremental_cursor_mode: "coalesce",
  },
  { name: "keyless", query: "SELECT second, note FROM events", cursor_column: "second" },
];

async function tableRows(source: TestSource, columns: string): Promise<string[]> {
  return (await source.sql(`SELECT ${columns} FROM events`)).map((row) => row.join(",")).sort();
}

async function exportedIds(pipeline: Pipeline, name: string): Promise<string[]> {
  return (await pipeline.rows(name)).map(([id]) => id).sort();
}

liveTest("commit_safe: no history of writers and runs loses or repeats a row", async (source) => {
  await source.sql(TABLE);
  const property = fc.asyncProperty(history, async (steps) => {
    await source.sql("TRUNCATE events RESTART IDENTITY");
    const exports = CURSORS.map((cursor) => ({ ...SAFE, ...cursor }));
    await withPipeline(source, exports, async (pipeline) => {
      await play(source, pipeline, steps);
      const ids = await tableRows(source, "id::text");
      for (const name of ["by_id", "by_at", "by_second", "by_local", "by_day", "coalesced"]) {
        assert.deepEqual(await exportedIds(pipeline, name), ids, name);
      }
      const seconds = (await pipeline.rows("keyless")).map(([second]) => second.slice(0, 19))
        .sort();
      const expected = await tableRows(
        source,
        `to_char(second AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')`,
      );
      assert.deepEqual(seconds, expected, "keyless");
    });
  });
  await fc.assert(property, { numRuns: 8, endOnFailure: true });
});

/** Two writers; the one that began first commits after a run has passed its row. */
async function lateCommit(source: TestSource, pipeline: Pipeline): Promise<void> {
  await source.sql(`DROP TABLE IF EXISTS events; ${TABLE}`);
  const insert = `INSERT INTO events (at, second, local, day, note)
    VALUES (now(), date_trunc('second', now()), now(), now(), 'x')`;
  const late = source.session();
  await late.unsafe("BEGIN");
  await late.unsafe(insert);
  await source.sql(insert);
  await pipeline.run();
  await late.unsafe("COMMIT");
  await source.sql(insert);
  await pipeline.run();
}

for (const column of ["id", "at", "local"]) {
  const cursor = { name: "late", table: "events", cursor_column: column };
  liveTest(`without safety a late commit is lost behind the cursor (${column})`, async (source) => {
    await withPipeline(source, [{ ...UNSAFE, ...cursor }], async (pipeline) => {
      await lateCommit(source, pipeline);
      assert.deepEqual(await exportedIds(pipeline, "late"), ["2", "3"]);
    });
  });
  liveTest(`with commit_safe the same late commit is exported (${column})`, async (source) => {
    await withPipeline(source, [{ ...SAFE, ...cursor }], async (pipeline) => {
      await lateCommit(source, pipeline);
      assert.deepEqual(await exportedIds(pipeline, "late"), ["1", "2", "3"]);
    });
  });
}

const ONE_SECOND = "'2026-01-31 10:00:00Z'";
const TIED = `INSERT INTO events (at, second, local, day, note)
  SELECT t, t, t, t, 'x' FROM (SELECT ${ONE_SECOND}::timestamptz AS t) AS s`;

for (const [safety, expected] of [[UNSAFE, ["1"]], [SAFE, ["1", "2"]]] as const) {
  const name = safety === SAFE ? "commit_safe reads it again" : "without safety it is lost";
  liveTest(`a row that ties with the cursor comes later: ${name}`, async (source) => {
    await source.sql(TABLE);
    const cursor = { name: "tied", table: "events", cursor_column: "second" };
    await withPipeline(source, [{ ...safety, ...cursor }], async (pipeline) => {
      await source.sql(TIED);
      await pipeline.run();
      await source.sql(TIED);
      await pipeline.run();
      await pipeline.run();
      assert.deepEqual(await exportedIds(pipeline, "tied"), expected);
    });
  });
}

liveTest("a transaction that stays open holds new rows back and is named", async (source) => {
  await source.sql(TABLE);
  await withPipeline(source, BY_BOTH, async (pipeline) => {
    const open = source.session();
    await open.unsafe("SET application_name = 'nightly batch'");
    await open.unsafe("BEGIN; SELECT 1");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await source.sql(`INSERT INTO events (at, second, local, day, note)
      SELECT now(), now(), now(), now(), 'x' FROM generate_series(1, 3)`);
    const held = await pipeline.run();
    assert.deepEqual(held.exports.map((e) => [e.status, e.rows]), [["success", 0], ["success", 0]]);
    const named = pipeline.warnings.filter((w) => /to a later run.*nightly batch/.test(w));
    assert.equal(named.length, 2, pipeline.warnings.join("\n"));
    const [{ events }] = await pipeline.state.journal({ exportName: "by_id", last: 1 });
    const event = events.find((e) => e.event === "held_back");
    assert.match(event?.data ?? "", /nightly batch/);

    await open.unsafe("COMMIT");
    const free = await pipeline.run({ reconcile: true });
    assert.deepEqual(free.exports.map((e) => [e.rows, e.reconciled]), [[3, true], [3, true]]);
  });
});

liveTest("what the role may not see of others' transactions is waited for", async (source) => {
  await source.sql(TABLE);
  const role = `rivet_reader_${crypto.randomUUID().replaceAll("-", "")}`;
  const password = decodeURIComponent(new URL(source.url).password).replaceAll("'", "''");
  await source.sql(`CREATE ROLE ${role} LOGIN PASSWORD '${password}';
    GRANT SELECT ON events TO ${role}`);
  try {
    const cursor = { name: "by_at", table: "events", cursor_column: "at" };
    const pipeline = await Pipeline.open(source.url, [{ ...SAFE, ...cursor }], { user: role });
    const late = source.session();
    try {
      const insert = `INSERT INTO events (at, second, local, day, note)
        VALUES (now(), now(), now(), now(), 'x')`;
      await late.unsafe("BEGIN");
      await late.unsafe(insert);
      await source.sql(insert);
      const held = await pipeline.run();
      assert.deepEqual(held.exports.map((e) => [e.status, e.rows]), [["success", 0]]);
      assert.match(pipeline.warnings.join("\n"), /GRANT pg_read_all_stats TO/);
    } finally {
      await pipeline.close();
    }
    const patient = { ...SAFE, ...cursor, commit_wait_s: 60 };
    const waiting = await Pipeline.open(source.url, [patient], { user: role });
    try {
      const running = waiting.run();
      setTimeout(() => void late.unsafe("COMMIT").execute(), 500);
      assert.equal((await running).rows, 2);
    } finally {
      await waiting.close();
    }
  } finally {
    await source.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

async function knowsTwoPhaseCommit(): Promise<boolean> {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL") ?? "";
  const sql = postgres(url, { max: 1 });
  try {
    return (await sql.unsafe("SHOW max_prepared_transactions"))[0].max_prepared_transactions !==
      "0";
  } finally {
    await sql.end();
  }
}

const INSERT = `INSERT INTO events (at, second, local, day, note)
  VALUES (now(), now(), now(), now(), 'x')`;
const TWO_PHASE: Record<string, (source: TestSource) => Promise<void>> = {
  "a prepared transaction holds new rows back until it is committed": async (source) => {
    await withPipeline(source, BY_BOTH, async (pipeline) => {
      const late = source.session();
      await late.unsafe(`BEGIN; ${INSERT}; PREPARE TRANSACTION 'first half'`);
      await source.sql(INSERT);
      const held = await pipeline.run();
      assert.deepEqual(held.exports.map((e) => [e.status, e.rows]), [["success", 0], [
        "success",
        0,
      ]]);
      assert.match(pipeline.warnings.join("\n"), /prepared transaction 'first half'/);
      await late.unsafe("COMMIT PREPARED 'first half'");
      assert.deepEqual((await pipeline.run()).exports.map((e) => e.rows), [2, 2]);
    });
  },
  "a transaction that is prepared while a run waits for it is waited for": async (source) => {
    const patient = { ...BY_BOTH[0], commit_wait_s: 30 };
    await withPipeline(source, [patient], async (pipeline) => {
      const late = source.session();
      await late.unsafe(`BEGIN; ${INSERT}`);
      await source.sql(INSERT);
      const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      const running = pipeline.run();
      await pause(700);
      await late.unsafe("PREPARE TRANSACTION 'meanwhile'");
      await pause(400);
      await late.unsafe("COMMIT PREPARED 'meanwhile'");
      assert.equal((await running).rows, 2);
    });
  },
};

const HAS_TWO_PHASE = HAS_SESSIONS && await knowsTwoPhaseCommit();
for (const [name, work] of Object.entries(TWO_PHASE)) {
  if (HAS_TWO_PHASE) {
    liveTest(name, async (source) => {
      await source.sql(TABLE);
      await work(source);
    });
  } else console.log(`${name}: not run; set max_prepared_transactions of the server above 0`);
}

liveTest("cursor_lag finds rows whose clock was behind, and repeats its window", async (source) => {
  await source.sql(TABLE);
  const row = (at: string) =>
    source.sql(`INSERT INTO events (at, second, local, day, note)
      SELECT t, t, t, t, 'x' FROM (SELECT '2026-01-31 ${at}Z'::timestamptz AS t) AS s`);
  const cursor = { mode: "incremental", table: "events", cursor_column: "at" };
  const exports = [
    { ...cursor, name: "lagging", cursor_lag: "15m" },
    { ...cursor, name: "plain" },
    { ...cursor, name: "both", cursor_lag: "15m", incremental_safety: "commit_safe" },
  ];
  await withPipeline(source, exports, async (pipeline) => {
    await row("10:00");
    await row("10:50");
    await row("11:00");
    await pipeline.run();
    await row("10:45");
    await row("10:44:59.999999");
    await pipeline.run({ reconcile: true });
    // Row 4 is in the window, row 5 is not; rows 2 and 3 are written again.
    assert.deepEqual(await exportedIds(pipeline, "lagging"), ["1", "2", "2", "3", "3", "4"]);
    assert.deepEqual(await exportedIds(pipeline, "plain"), ["1", "2", "3"]);
    // The row at the last value is known by its key.
    assert.deepEqual(await exportedIds(pipeline, "both"), ["1", "2", "2", "3", "4"]);
    // The cursor never moves back, also when the rows that it came from are gone.
    await source.sql("DELETE FROM events WHERE id = 3");
    await pipeline.run();
    const cursors = (await pipeline.state.cursors()).map((c) => c.cursor);
    assert.deepEqual(new Set(cursors), new Set(["2026-01-31 11:00:00.000000+00"]));
  });
});

liveTest("cursor_lag of a cursor that is no time is refused", async (source) => {
  await source.sql(TABLE);
  const cursor = { mode: "incremental", table: "events", cursor_column: "id", cursor_lag: "1h" };
  await withPipeline(source, [{ ...cursor, name: "wrong" }], async (pipeline) => {
    const [summary] = (await pipeline.run()).exports;
    assert.equal(summary.error?.code, "CONFIG_INVALID");
    assert.match(summary.error?.message ?? "", /cursor_lag needs a cursor of a date or timestamp/);
  });
});
