/** A snapshot holds rows, and not the tables that they are read from: those are compared when all is read. */
import assert from "node:assert/strict";
import { afterFirstRead } from "../../support/after_first_read.ts";
import { type TestSource, withPipeline, withSource } from "../../support/pipeline.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";

const HAS_SESSIONS = await serverHasSessions();

const TABLES = `
  DROP TABLE IF EXISTS events, other, old CASCADE; DROP TABLE IF EXISTS events_b;
  CREATE TABLE events (id int NOT NULL, pad text NOT NULL) PARTITION BY RANGE (id);
  CREATE TABLE events_a PARTITION OF events FOR VALUES FROM (0) TO (100);
  CREATE TABLE events_b PARTITION OF events FOR VALUES FROM (100) TO (200);
  INSERT INTO events SELECT i, repeat('x', 400) FROM generate_series(1, 199) i;
  CREATE TABLE other (id int NOT NULL, pad text NOT NULL);
  INSERT INTO other SELECT i, 'other' FROM generate_series(300, 399) i; ANALYZE events;
  CREATE VIEW seen AS SELECT * FROM events;`;

/** Every change meets the first of them; the others differ in what they make of some. */
const CUTS: Readonly<Record<string, Record<string, unknown>>> = {
  "a key": { mode: "chunked", chunk_column: "id", chunk_size: 50, consistency: "snapshot" },
  "ctid": { mode: "chunked", chunk_by: "ctid", chunk_count: 3, consistency: "snapshot" },
  "a key of a query": {
    ...{ table: undefined, query: "SELECT e.* FROM seen e JOIN (SELECT 1) x ON true;" },
    ...{ mode: "chunked", chunk_column: "id", chunk_size: 50, consistency: "snapshot" },
  },
  "partitions": { mode: "chunked", chunk_by: "partitions", consistency: "snapshot" },
  "mode: full": { mode: "full", parallel: 2 },
};

/** What happens after the first statement, and what a run under a snapshot says of it; null: all is well. */
const CHANGES: readonly (readonly [string, RegExp | null])[] = [
  ["ALTER TABLE events DETACH PARTITION events_b", /'public\.events_b' was taken away/],
  [
    `ALTER TABLE events DETACH PARTITION events_b;
     ALTER TABLE events ATTACH PARTITION events_b FOR VALUES FROM (100) TO (200)`,
    /'public\.events_b' was taken away/,
  ],
  ["TRUNCATE events_b", /'public\.events_b' was taken away, replaced or rewritten/],
  [
    "ALTER TABLE events RENAME TO old; ALTER TABLE other RENAME TO events",
    /'public\.other' was taken away, replaced/,
  ],
  [
    "ALTER TABLE events ATTACH PARTITION other FOR VALUES FROM (300) TO (400)",
    /'public\.other' came with rows of before/,
  ],
  ["CREATE TABLE events_c PARTITION OF events FOR VALUES FROM (200) TO (300)", null],
  ["DELETE FROM events WHERE id > 50; CREATE INDEX ON events (id)", null],
  ["VACUUM FULL events_b", null],
  [
    "DROP VIEW seen; ALTER TABLE events ALTER pad TYPE varchar(500)",
    /'public\.events_a', .* were taken away/,
  ],
];

async function hasBlockRanges(source: TestSource): Promise<boolean> {
  const [[version]] = await source.sql("SHOW server_version_num");
  return Number(version) >= 140_000;
}

async function tried(
  source: TestSource,
  fields: Record<string, unknown>,
  change: string,
  tables = TABLES,
): Promise<string | number> {
  await source.sql(tables);
  const tuning = { profile: "fast", max_retries: 0 };
  const entry = { name: "events", table: "events", tuning, ...fields };
  let found: string | number = "";
  await withPipeline(source, [entry], async (pipeline) => {
    const run = await pipeline.run({}, afterFirstRead(() => source.sql(change)));
    const { error } = run.exports[0];
    found = error === null
      ? (await pipeline.rows("events")).length
      : `${error.code} ${error.message}`;
  });
  return found;
}

const OF_ALL = /^ALTER TABLE events DETACH PARTITION events_b$|ATTACH PARTITION other|CREATE TABLE/;

/** Partitions are read by name, and none that comes later. */
function expected(cut: string, message: RegExp | null): RegExp | null {
  return cut === "partitions" && message?.source.includes("came with rows") ? null : message;
}

for (const [cut, fields] of Object.entries(CUTS)) {
  const name = `changed: by ${cut}: what a table consists of changes under a snapshot`;
  onSessions(HAS_SESSIONS, name, () =>
    Deno.test(name, async (t) => {
      await withSource(async (source) => {
        if (!cut.startsWith("a key") && !await hasBlockRanges(source)) return;
        for (const [change, message] of CHANGES) {
          if (cut !== "a key" && !OF_ALL.test(change)) continue;
          await t.step(change, async () => {
            const found = await tried(source, fields, change);
            const wanted = expected(cut, message);
            if (wanted === null) return assert.equal(found, 199);
            assert.match(String(found), /^STORAGE_CHANGED /);
            if (cut !== "partitions") assert.match(String(found), wanted);
          });
        }
      });
    }));
}

const FILLED = "changed: a materialized view that is filled anew under a snapshot";
onSessions(HAS_SESSIONS, FILLED, () =>
  Deno.test(FILLED, () =>
    withSource(async (source) => {
      const views = `DROP VIEW seen; CREATE MATERIALIZED VIEW old AS SELECT * FROM events;
        ALTER TABLE events RENAME TO filled; ALTER MATERIALIZED VIEW old RENAME TO events`;
      const tables = `${TABLES} ${views}`;
      const found = await tried(source, CUTS["a key"], "REFRESH MATERIALIZED VIEW events", tables);
      assert.match(String(found), /^STORAGE_CHANGED .*'public\.events' was taken away/);
    })));
