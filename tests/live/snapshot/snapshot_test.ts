/** `consistency: snapshot` and `run_snapshot` against writers that move rows while they are read. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Source } from "../../../core/ports/source.ts";
import { afterFirstRead } from "../../support/after_first_read.ts";
import {
  type Pipeline,
  type TestSource,
  withPipeline,
  withSource,
} from "../../support/pipeline.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";
import { until } from "../../support/until.ts";

const HAS_SESSIONS = await serverHasSessions();

function liveTest(name: string, work: (source: TestSource) => Promise<void>): void {
  onSessions(HAS_SESSIONS, name, () => Deno.test(name, () => withSource(work)));
}

const ROWS = 300;

/**
 * Every row keeps its `label` while its key moves, and every move is logged with its transaction: what
 * a snapshot saw can be told afterwards, exactly.
 */
const TABLES = `
  CREATE TABLE items (id int PRIMARY KEY, label int NOT NULL);
  INSERT INTO items SELECT i * 10, i FROM generate_series(1, ${ROWS}) i;
  CREATE TABLE moves (
    seq bigserial PRIMARY KEY, tx bigint NOT NULL DEFAULT txid_current(), label int, id int
  );
  INSERT INTO moves (label, id) SELECT label, id FROM items;`;

/** Where every label was in the snapshot that the manifest names. */
async function stateAt(source: TestSource, point: string): Promise<string[]> {
  const seen = point.split(" ")[1];
  const rows = await source.sql(`
    SELECT DISTINCT ON (label) id || ',' || label FROM moves
    WHERE txid_visible_in_snapshot(tx, '${seen}') ORDER BY label, seq DESC`);
  return rows.map(([row]) => row ?? "").sort();
}

function chunked(fields: Record<string, unknown>): Record<string, unknown> {
  return {
    name: "items",
    table: "items",
    mode: "chunked",
    chunk_size: 250,
    tuning: { profile: "fast", max_retries: 0, throttle_ms: 20 },
    ...fields,
  };
}

async function exported(pipeline: Pipeline, name = "items"): Promise<string[]> {
  return (await pipeline.rows(name)).map((row) => row.join(",")).sort();
}

/** Moves rows to free keys anywhere in the table, over and over, until `stop`. */
async function moveRows(source: TestSource, jumps: readonly number[], stop: () => boolean) {
  const sql = source.session();
  for (let i = 0; !stop(); i++) {
    const label = 1 + (i * 7919 + jumps[i % jumps.length]) % ROWS;
    const id = 1 + (i * 104_729 + jumps[(i + 1) % jumps.length]) % (ROWS * 10);
    await sql.unsafe(`
      WITH moved AS (
        UPDATE items SET id = ${id} WHERE label = ${label}
          AND NOT EXISTS (SELECT 1 FROM items WHERE id = ${id})
        RETURNING label, id
      ) INSERT INTO moves (label, id) SELECT label, id FROM moved`);
  }
}

for (
  const settings of [
    { parallel: 3, consistency: "snapshot" },
    { parallel: 2, consistency: "run_snapshot", chunk_by_key: true, chunk_size: 40 },
    { parallel: 2, consistency: "snapshot", chunk_dense: true, chunk_column: "id", chunk_size: 30 },
    { parallel: 1, consistency: "snapshot", chunk_checkpoint: true },
    {
      parallel: 3,
      consistency: "snapshot",
      mode: "full",
      chunk_size: undefined,
      tuning: { profile: "fast", max_retries: 0, batch_size: 20, throttle_ms: 5 },
    },
  ]
) {
  const named = Object.entries(settings).filter(([key]) => key !== "tuning").map(String).join(" ");
  liveTest(`one point in time while rows move: ${named}`, async (source) => {
    const moves = fc.array(fc.nat(10_000), { minLength: 2, maxLength: 8 });
    const property = fc.asyncProperty(moves, async (jumps) => {
      await source.sql(`DROP TABLE IF EXISTS items, moves; ${TABLES}`);
      await withPipeline(source, [chunked(settings)], async (pipeline) => {
        let done = false;
        const writer = moveRows(source, jumps, () => done);
        const aggregate = await pipeline.run({ reconcile: true }).finally(() => done = true);
        await writer;
        const [summary] = aggregate.exports;
        assert.deepEqual(
          [summary.status, summary.reconciled],
          ["success", true],
          summary.error?.message,
        );
        const point = (await pipeline.manifest("items")).snapshot as string;
        const [[later]] = await source.sql(`SELECT count(*) FROM moves
          WHERE NOT txid_visible_in_snapshot(tx, '${point.split(" ")[1]}')`);
        assert.ok(Number(later) > 10, `only ${later} rows moved while they were read`);
        assert.deepEqual(await exported(pipeline), await stateAt(source, point));
      });
    });
    await fc.assert(property, { numRuns: 2, endOnFailure: true });
  });
}

for (const consistency of ["statement", "snapshot"]) {
  const outcome = consistency === "statement" ? "is lost" : "is where it was";
  liveTest(
    `consistency: ${consistency}: a row that moves behind the reader ${outcome}`,
    async (source) => {
      await source.sql(TABLES);
      await withPipeline(source, [chunked({ consistency })], async (pipeline) => {
        // The row of the last chunk goes to the first one, which has been read.
        const move = () => source.sql(`UPDATE items SET id = 1 WHERE label = ${ROWS}`);
        await pipeline.run({}, afterFirstRead(move));
        const labels = (await pipeline.rows("items")).map(([, label]) => Number(label));
        assert.equal(labels.includes(ROWS), consistency === "snapshot");
        assert.equal(labels.length, consistency === "snapshot" ? ROWS : ROWS - 1);
        const { snapshot } = await pipeline.manifest("items");
        assert.equal(typeof snapshot, consistency === "snapshot" ? "string" : "undefined");
      });
    },
  );
}

/** Closes ten orders when the second export takes its snapshot, or describes its table without one. */
function closeOrders(source: TestSource, isSecond: () => boolean): (inner: Source) => Source {
  let closed = false;
  return (inner) =>
    new Proxy(inner, {
      get(object, key) {
        const value = Reflect.get(object, key, object);
        if (typeof value !== "function") return value;
        if (key !== "describe" && key !== "shareSnapshot") return value.bind(object);
        return async (...args: unknown[]) => {
          if (isSecond() && !closed) {
            closed = true;
            await source.sql(`WITH gone AS (DELETE FROM open_orders WHERE id <= 10 RETURNING id)
              INSERT INTO closed_orders SELECT id FROM gone`);
          }
          return await value.apply(object, args);
        };
      },
    });
}

liveTest(
  "run_snapshot: what moves between two exports is in exactly one of them",
  async (source) => {
    await source.sql(`
    CREATE TABLE open_orders (id int PRIMARY KEY);
    CREATE TABLE closed_orders (id int PRIMARY KEY);
    INSERT INTO open_orders SELECT generate_series(1, ${ROWS})`);
    const entry = (name: string, consistency: string) => ({ name, table: name, consistency });
    for (const consistency of ["run_snapshot", "snapshot"]) {
      const exports = ["open_orders", "closed_orders"].map((name) => entry(name, consistency));
      await withPipeline(source, exports, async (pipeline) => {
        let first = true;
        const finished = () => first = false;
        const listener = { started: () => {}, progress: () => {}, finished };
        await pipeline.run({ listener }, closeOrders(source, () => !first));
        const ids = [
          ...await exported(pipeline, "open_orders"),
          ...await exported(pipeline, "closed_orders"),
        ];
        // Two snapshots show the rows that moved between them twice.
        assert.equal(ids.length, consistency === "run_snapshot" ? ROWS : ROWS + 10);
        assert.equal(new Set(ids).size, ROWS);
        const points = [
          await pipeline.manifest("open_orders"),
          await pipeline.manifest("closed_orders"),
        ]
          .map((m) => m.snapshot);
        assert.equal(points[0] === points[1], consistency === "run_snapshot");
        const [{ events }] = await pipeline.state.journal({ exportName: "closed_orders", last: 1 });
        const taken = events.find((e) => e.event === "snapshot_taken");
        assert.equal(JSON.parse(taken?.data ?? "{}").point, points[1]);
      });
      await source.sql(
        "INSERT INTO open_orders SELECT id FROM closed_orders; DELETE FROM closed_orders",
      );
    }
  },
);

const SLOW = { profile: "fast", max_retries: 0, throttle_ms: 400 };

async function keepers(source: TestSource): Promise<number> {
  const [[count]] = await source.sql(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rivet/%' " +
      "AND datname = current_database()",
  );
  return Number(count);
}

/** The server notices the end of a session a moment later. */
const noKeeper = (source: TestSource) =>
  until("the end of the keeper's session", async () => await keepers(source) === 0);

/** Long enough for any machine to read a chunk; a test that wants it to end does not wait for it. */
const MAX_SNAPSHOT_S = 3599;

/** Holds the timer of `max_snapshot_s` back while `work` runs; `end` lets it go off. */
async function withSnapshotTimer<T>(work: (end: () => void) => Promise<T>): Promise<T> {
  const { setTimeout: original } = globalThis;
  let goOff = (): void => {};
  const held = (task: () => void, ms?: number) => {
    if (ms === MAX_SNAPSHOT_S * 1000) goOff = task;
    return original(task, ms);
  };
  globalThis.setTimeout = held as unknown as typeof setTimeout;
  try {
    return await work(() => goOff());
  } finally {
    globalThis.setTimeout = original;
  }
}

for (const parallel of [1, 2]) {
  liveTest(`max_snapshot_s ends the run clearly (parallel: ${parallel})`, async (source) => {
    await source.sql(TABLES);
    const consistency = "run_snapshot";
    const exports = [
      chunked({
        ...{ consistency, chunk_checkpoint: true, parallel, max_snapshot_s: MAX_SNAPSHOT_S },
        tuning: { ...SLOW, throttle_ms: 5_000 },
      }),
      { name: "next", table: "items", consistency },
      { name: "other", table: "items" },
    ];
    await withPipeline(source, exports, async (pipeline) => {
      const aggregate = await withSnapshotTimer((end) =>
        pipeline.run({
          listener: {
            started: () => {},
            progress: ({ chunks }) => chunks !== null && chunks.done > 0 ? end() : undefined,
            finished: () => {},
          },
        })
      );
      const outcome = aggregate.exports.map((e) => [e.status, e.error?.code ?? null]);
      assert.deepEqual(outcome, [
        ["failed", "SNAPSHOT_ENDED"],
        ["failed", "SNAPSHOT_ENDED"],
        ["success", null],
      ]);
      const [first] = aggregate.exports;
      assert.match(first.error?.message ?? "", /held for 3599 s.*max_snapshot_s/);
      assert.ok(first.rows < ROWS, String(first.rows));
      const manifest = await pipeline.manifest("items");
      assert.equal(manifest.status, "failed");
      assert.match(String(manifest.snapshot), /^\d{4}-\d\d-\d\dT[\d:.]+Z \d+:\d+:/);
      await noKeeper(source);

      // The chunks that are done belong to a snapshot that is gone.
      const resumed = await pipeline.run({ resume: true, exportName: "items" });
      assert.equal(resumed.exports[0].error?.code, "CHECKPOINT_MISMATCH");
      assert.match(resumed.exports[0].error?.hint ?? "", /reset-chunks --export items/);
    });
  });
}

liveTest("a keeper whose connection is lost ends the run clearly", async (source) => {
  await source.sql(TABLES);
  const exports = [chunked({ consistency: "snapshot", tuning: SLOW, parallel: 2 })];
  await withPipeline(source, exports, async (pipeline) => {
    const running = pipeline.run();
    await until("the keeper", async () => {
      const [[killed]] = await source.sql(
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity " +
          "WHERE application_name = 'rivet/snapshot' AND datname = current_database() " +
          "AND state = 'idle in transaction' AND query LIKE '%pg_export_snapshot%'",
      );
      return killed !== "0";
    }, 1);
    const [summary] = (await running).exports;
    assert.equal(summary.error?.code, "SNAPSHOT_ENDED", summary.error?.message);
    assert.match(summary.error?.message ?? "", /connection that held the snapshot was lost/);
    await noKeeper(source);
  });
});

liveTest("a reader that loses its connection joins the snapshot again", async (source) => {
  await source.sql(TABLES);
  const tuning = { ...SLOW, throttle_ms: 60, max_retries: 3, retry_backoff_ms: 1 };
  const exports = [chunked({ consistency: "snapshot", tuning, parallel: 2 })];
  await withPipeline(source, exports, async (pipeline) => {
    let done = false;
    const writer = moveRows(source, [1, 2, 3], () => done);
    const running = pipeline.run().finally(() => done = true);
    await until("a reader of a chunk", async () => {
      const [[killed]] = await source.sql(
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity " +
          "WHERE application_name = 'rivet/items' AND query LIKE '%BETWEEN%' " +
          "AND datname = current_database()",
      );
      return done || killed !== "0";
    }, 1);
    const [summary] = (await running).exports;
    await writer;
    assert.equal(summary.status, "success", summary.error?.message);
    assert.ok(summary.retries > 0);
    const point = (await pipeline.manifest("items")).snapshot as string;
    assert.deepEqual(await exported(pipeline), await stateAt(source, point));
  });
});

liveTest("the server's limit on idle transactions does not end a snapshot", async (source) => {
  await source.sql(`${TABLES}
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 200',
      current_database()); END $$`);
  const exports = [chunked({ consistency: "snapshot", tuning: { ...SLOW, throttle_ms: 100 } })];
  await withPipeline(source, exports, async (pipeline) => {
    const [summary] = (await pipeline.run()).exports;
    assert.equal(summary.status, "success", summary.error?.message);
    assert.ok(summary.durationMs > 600, String(summary.durationMs));
  });
});
