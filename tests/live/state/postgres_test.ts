import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import type { LeaseAnswer, StateStore } from "../../../core/ports/state.ts";
import { openPostgres, readState } from "../../../state/open.ts";
import { connectPostgres } from "../../../state/postgres/connection.ts";
import { STATE_VERSION } from "../../../state/migrations.ts";
import { MIGRATED } from "../../unit/state/migrated.ts";
import { leased } from "../../support/lease.ts";
import { onSessions, serverHasSessions, stateDatabase, stateTables } from "./state_database.ts";
import { until } from "../../support/until.ts";

interface Place {
  readonly url: string;
  /** A superuser's connection to the same database. */
  readonly admin: postgres.Sql;
}

function liveTest(name: string, work: (place: Place) => Promise<void>): void {
  Deno.test(`state, PostgreSQL: ${name}`, async () => {
    const database = await stateDatabase();
    const admin = postgres(database.url, { max: 1, onnotice: () => undefined });
    try {
      await work({ url: database.url, admin });
    } finally {
      await admin.end();
      await database.drop();
    }
  });
}

const HAS_SESSIONS = await serverHasSessions();

function sessionTest(name: string, work: (place: Place) => Promise<void>): void {
  onSessions(HAS_SESSIONS, `state, PostgreSQL: ${name}`, () => liveTest(name, work));
}

function withOptions(url: string, options: string): string {
  const changed = new URL(url);
  changed.searchParams.set("options", options);
  return changed.href;
}

const COLUMNS = `SELECT table_name, column_name, data_type, collation_name, is_nullable
  FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`;

for (const [version, check] of MIGRATED) {
  liveTest(`a state of version ${version} is migrated with its data`, async ({ url, admin }) => {
    const dump = join(import.meta.dirname!, `../../../fixtures/state/v${version}.postgres.sql`);
    await admin.unsafe(await Deno.readTextFile(dump)).simple();
    const store = await openPostgres(url);
    await check(store);
    await store.close();
    const migrated = [...await admin.unsafe(COLUMNS)];

    await admin.unsafe(`DROP TABLE ${stateTables().join(", ")} CASCADE`);
    await (await openPostgres(url)).close();
    assert.deepEqual(migrated, [...await admin.unsafe(COLUMNS)]);
  });
}

sessionTest(
  "tables go where the search_path leads, and it stays as it is",
  async ({ url, admin }) => {
    await admin.unsafe("CREATE SCHEMA rivet");
    const store = await openPostgres(withOptions(url, "-csearch_path=rivet"));
    await (await leased(store)).saveCursor({
      exportName: "orders",
      cursor: "1",
      updatedAt: "now",
      runId: "r",
    });
    await store.close();
    const schemas = await admin.unsafe(
      "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('schema_version', 'run_journal')",
    );
    assert.deepEqual([...schemas], [{ schemaname: "rivet" }]);
  },
);

sessionTest("a current state is used by an account that may not create", async ({ url, admin }) => {
  await (await openPostgres(url)).close();
  const role = `rivet_dml_${crypto.randomUUID().replaceAll("-", "")}`;
  await admin.unsafe(
    `CREATE ROLE ${role};
     REVOKE CREATE ON SCHEMA public FROM PUBLIC;
     GRANT USAGE ON SCHEMA public TO ${role};
     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};`,
  ).simple();
  try {
    const limited = withOptions(url, `-crole=${role}`);
    const store = await openPostgres(limited);
    await (await leased(store)).saveCursor({
      exportName: "orders",
      cursor: "1",
      updatedAt: "now",
      runId: "r",
    });
    await store.close();

    await admin.unsafe("DROP TABLE schema_version");
    await assert.rejects(openPostgres(limited), { code: "STATE_UNAVAILABLE", hint: /CREATE on/ });
  } finally {
    await admin.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`).simple();
  }
});

liveTest("STATE_TOO_NEW: a state of a newer Rivet is left alone", async ({ url, admin }) => {
  await (await openPostgres(url)).close();
  await admin.unsafe("INSERT INTO schema_version VALUES (99, 'later')");
  await assert.rejects(openPostgres(url), {
    code: "STATE_TOO_NEW",
    message: new RegExp(`version 99.*versions up to ${STATE_VERSION}`),
  });
});

liveTest("STATE_CORRUPT: another program's schema_version", async ({ url, admin }) => {
  await admin.unsafe("CREATE TABLE schema_version (installed_rank int)");
  await assert.rejects(openPostgres(url), {
    code: "STATE_CORRUPT",
    hint: /another program may use the same table names/,
  });
});

liveTest(
  "to read a state makes no tables, and says when none could be made",
  async ({ url, admin }) => {
    const options = { dir: "", env: () => url, warn: assert.fail };
    const reader = await readState(options, true);
    assert.deepEqual(await reader.metrics({}), []);
    await reader.close();
    const [{ n }] = await admin.unsafe(
      "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'",
    );
    assert.equal(n, 0);
  },
);

liveTest("STATE_FOREIGN: the tables of the other tool of this name", async ({ url, admin }) => {
  await admin.unsafe(
    `CREATE TABLE rivet_schema_version (version bigint NOT NULL);
     CREATE TABLE export_state (export_name text PRIMARY KEY, last_cursor_value text)`,
  ).simple();
  try {
    await assert.rejects(openPostgres(url), { code: "STATE_FOREIGN" });
  } finally {
    await admin.unsafe("DROP TABLE rivet_schema_version, export_state");
  }
});

sessionTest("STATE_LOCKED: another session holds the rows", async ({ url, admin }) => {
  await (await openPostgres(url)).close();
  const db = connectPostgres(url, { lockTimeoutMs: 50 });
  await admin.begin(async (tx) => {
    await tx.unsafe("LOCK TABLE export_state");
    await assert.rejects(db.transaction((own) => own.run("DELETE FROM export_state")), {
      code: "STATE_LOCKED",
      nativeCode: "55P03",
    });
  });
  assert.equal(await db.transaction((tx) => tx.run("DELETE FROM export_state")), 0);
  await db.close();
});

sessionTest(
  "a transaction that nobody goes on with loses its locks before others give up",
  async ({ url }) => {
    await (await openPostgres(url)).close();
    const [stopped, other] = [1000, 60_000].map((lockTimeoutMs) =>
      connectPostgres(url, { lockTimeoutMs })
    );
    const [locked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // As a process that is stopped between two statements.
    const held = stopped.transaction(async (tx) => {
      await tx.run("LOCK TABLE export_state");
      locked.resolve();
      await ended.promise;
      await tx.run("DELETE FROM export_state");
    });
    const lost = assert.rejects(held, { code: "STATE_UNAVAILABLE" });
    await locked.promise;
    assert.equal(await other.transaction((tx) => tx.run("DELETE FROM export_state")), 0);
    ended.resolve();
    await lost;
    await Promise.all([stopped.close(), other.close()]);
  },
);

sessionTest("a claim passes over rows that others hold", async ({ url, admin }) => {
  const store = await openPostgres(url);
  const state = await leased(store);
  await state.createChunkRun(
    { runId: "r", exportName: "orders", planFingerprint: "f", maxAttempts: 1, plan: "{}" },
    [0, 1].map((chunkIndex) => ({ chunkIndex, startKey: null, endKey: null })),
  );
  await admin.begin(async (tx) => {
    await tx.unsafe("SELECT * FROM chunk_task WHERE chunk_index = 0 FOR UPDATE");
    assert.equal((await state.claimChunkTask("r"))?.chunkIndex, 1);
    assert.equal(await state.claimChunkTask("r"), null);
  });
  assert.equal((await state.claimChunkTask("r"))?.chunkIndex, 0);
  await store.close();
});

sessionTest("a lease does not change hands while a write is under way", async ({ url, admin }) => {
  const waiting = async (sessions: number) => {
    const query = `SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    const observer = postgres(url, { max: 1, onnotice: () => undefined });
    const found = async () => (await observer.unsafe(query))[0].n === sessions;
    await until(`${sessions} sessions that wait`, found);
    await observer.end();
  };
  const [first, second] = [await openPostgres(url), await openPostgres(url)];
  const cursor = { exportName: "orders", cursor: "1", updatedAt: "now", runId: "r" };
  const slow = await leased(first, "orders", 1);
  await slow.saveCursor(cursor);
  // Expired: only what the write holds keeps the second store from taking it.
  let write: Promise<void> | undefined;
  let taken: Promise<LeaseAnswer> | undefined;
  await admin.begin(async (tx) => {
    await tx.unsafe("SELECT * FROM export_state FOR UPDATE");
    write = slow.saveCursor({ ...cursor, cursor: "2" });
    await waiting(1);
    taken = second.acquireLease("orders", 600_000);
    await waiting(2);
  });
  await write;
  const answer = await taken;
  assert.ok(answer?.kind === "granted");
  assert.equal((await answer.state.cursor("orders"))?.cursor, "2");
  await assert.rejects(slow.saveCursor({ ...cursor, cursor: "3" }), { code: "LEASE_LOST" });
  await first.close();
  await second.close();
});

/** Ends a session, and waits until its process is gone. */
async function terminated(admin: postgres.Sql, pid: number): Promise<void> {
  await admin.unsafe("SELECT pg_terminate_backend($1)", [pid]);
  const left = () => admin.unsafe("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid]);
  await until("the end of the session", async () => (await left()).length === 0);
}

sessionTest(
  "a lost connection fails its write whole, and the next call connects anew",
  async (place) => {
    const store = await openPostgres(place.url);
    const db = connectPostgres(place.url);
    const insert = "INSERT INTO export_state VALUES ('orders', '1', 'now', 'r')";
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.run(insert);
        const [{ pid }] = await tx.all("SELECT pg_backend_pid() AS pid");
        await terminated(place.admin, Number(pid));
        await tx.run(insert);
      }),
      { code: "STATE_UNAVAILABLE" },
    );
    assert.equal(await store.cursor("orders"), null);
    assert.equal(await db.run(insert), 1);
    await db.close();
    await store.close();
  },
);

sessionTest("a store takes at most two connections and closes them", async ({ url, admin }) => {
  const connections = async () => {
    const [{ n }] = await admin.unsafe(
      `SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'rivet state'`,
    );
    return n;
  };
  const store = await openPostgres(url);
  await Promise.all(Array.from({ length: 20 }, () => store.cursors()));
  assert.equal(await connections(), 2);
  await store.close();
  await store.close();
  // The server notices the end of a session a moment later.
  await until("the end of both", async () => await connections() === 0);
  await assert.rejects(store.cursors(), { code: "STATE_UNAVAILABLE" });
});

sessionTest("a database that does not exist, with the password hidden", async ({ url }) => {
  const missing = new URL(url);
  missing.pathname = "/no_such_database";
  missing.password = "hidden-word";
  await assert.rejects(openPostgres(missing.href), (error: unknown) => {
    assert.ok(error instanceof Error && "code" in error && "hint" in error);
    assert.equal(error.code, "STATE_UNAVAILABLE");
    assert.match(error.message, /:\*\*\*@.*no_such_database/);
    assert.doesNotMatch(Deno.inspect(error), /hidden-word/);
    return true;
  });
});

const CHUNKS = 10_000;

async function createdRun(store: StateStore, exportName: string): Promise<string> {
  const runId = `${exportName}_20260131T100000.000`;
  const state = await leased(store, exportName);
  await state.createChunkRun(
    { runId, exportName, planFingerprint: "f", maxAttempts: 3, plan: "{}", planId: exportName },
    Array.from({ length: CHUNKS }, (_, i) => ({
      chunkIndex: i,
      startKey: String(i),
      endKey: String(i),
    })),
  );
  await state.release();
  return runId;
}

interface IndexUse {
  readonly scans: number;
  readonly blocks: number;
}

/** Of the tasks' indexes; a session's counts are there when it is over. */
async function indexUse(admin: postgres.Sql, least: Partial<IndexUse>): Promise<IndexUse> {
  return await until("the counts of a session", async () => {
    const [{ scans, blocks }] = await admin.unsafe(
      `SELECT sum(idx_scan)::int AS scans, sum(idx_blks_hit + idx_blks_read)::int AS blocks
       FROM pg_stat_user_indexes JOIN pg_statio_user_indexes USING (indexrelid)
       WHERE pg_stat_user_indexes.relname = 'chunk_task'`,
    );
    const { scans: leastScans = 0, blocks: leastBlocks = 0 } = least;
    return scans >= leastScans && blocks >= leastBlocks && { scans, blocks };
  });
}

// With statistics that know other runs only, the server takes either index; here it has no choice.
sessionTest("a claim looks at a few blocks by either index", async ({ url, admin }) => {
  const creator = await openPostgres(url);
  const runId = await createdRun(creator, "orders");
  const other = await createdRun(creator, "others");
  await creator.close();
  await admin.unsafe("ALTER TABLE chunk_task DROP CONSTRAINT chunk_task_pkey");
  const before = await indexUse(admin, { blocks: CHUNKS });

  const store = await openPostgres(url);
  const worker = { worker: crypto.randomUUID(), task: "claim" };
  const answer = await store.joinRun("orders", runId, worker, 60_000);
  assert.ok(answer.kind === "granted");
  const claimed: (number | undefined)[] = [];
  for (let i = 0; i < 5; i++) {
    claimed.push((await answer.state.claim({ index: 0, of: 1 }, i))?.chunkIndex);
  }
  await answer.state.release();
  const state = await leased(store, "others");
  for (let i = 0; i < 5; i++) claimed.push((await state.claimChunkTask(other, i))?.chunkIndex);
  await state.release();
  await store.close();
  assert.deepEqual(claimed, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  const after = await indexUse(admin, { scans: before.scans + 20 });
  const blocks = after.blocks - before.blocks;
  assert.ok(blocks < 300, `${blocks} blocks of the index for 10 claims`);
});
