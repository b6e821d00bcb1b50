/** `tuning.adaptive` on PostgreSQL. */
import assert from "node:assert/strict";
import { adapters } from "../../../adapters/registry.ts";
import { resolveTuning } from "../../../core/config/tuning.ts";
import { type TestSource, withSource } from "../../support/pipeline.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";
import { slowsAndRecovers } from "./cases.ts";
import { until } from "../../support/until.ts";

const HAS_SESSIONS = await serverHasSessions();
const WAITING = 3;

function liveTest(name: string, work: (source: TestSource) => Promise<void>): void {
  onSessions(HAS_SESSIONS, name, () => Deno.test(name, () => withSource(work)));
}

/** One session holds a lock, three wait for it. */
async function makeWait(source: TestSource): Promise<() => Promise<void>> {
  await source.sql("CREATE TABLE IF NOT EXISTS held (id int)");
  const holder = source.session();
  await holder.unsafe("BEGIN");
  await holder.unsafe("LOCK TABLE held IN ACCESS EXCLUSIVE MODE");
  const waiting = Array.from({ length: WAITING }, () => {
    const session = source.session();
    return (async () => await session.unsafe("SELECT count(*) FROM held"))();
  });
  await until("sessions that wait", async () => {
    const [[count]] = await source.sql(`SELECT count(*) FROM pg_locks l
      JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND datname = current_database()`);
    return Number(count) >= WAITING;
  });
  return async () => {
    await holder.unsafe("COMMIT");
    await Promise.all(waiting);
  };
}

for (
  const [tuning, slowest] of [
    ["", { readers: 1, batch_percent: 13 }],
    [", min_parallel: 2, batch_size: 7", { readers: 2, batch_percent: 13 }],
  ] as const
) {
  liveTest(
    `adaptive${tuning}: PostgreSQL: lock waits slow it down, and it recovers`,
    async (source) => {
      const { url } = source;
      const sql = (text: string) => source.sql(text);
      const server = { type: "postgres", url, sql, makeWait: () => makeWait(source) } as const;
      await slowsAndRecovers(server, tuning, slowest);
    },
  );
}

async function loadAs(url: string) {
  const factory = await adapters.source("postgres");
  const source = await factory.connect({
    source: { type: "postgres", url, tls: { mode: "disable" } } as never,
    tuning: resolveTuning(),
    applicationName: "rivet/load",
  });
  try {
    return await source.load?.();
  } finally {
    await source.close();
  }
}

liveTest("adaptive: PostgreSQL: sessions are counted, or said to be hidden", async (source) => {
  const before = await loadAs(source.url);
  const letGo = await makeWait(source);
  try {
    const load = await loadAs(source.url);
    assert.equal(load?.lockWaits, WAITING);
    assert.ok((load?.activeSessions ?? 0) >= WAITING, JSON.stringify(load));
    assert.equal(load?.hidden, null);
    assert.equal(before?.lockWaits, 0);
    const role = `reader_${crypto.randomUUID().slice(0, 8)}`;
    await source.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    const url = new URL(source.url);
    url.username = role;
    url.password = "x";
    const blind = await loadAs(url.href);
    assert.equal(blind?.lockWaits, WAITING);
    assert.equal(blind?.activeSessions, null);
    assert.match(blind?.hidden ?? "", /GRANT pg_monitor/);
    await source.sql(`DROP ROLE ${role}`);
  } finally {
    await letGo();
  }
});
