/** A signal stops a login and any statement within seconds, and what a silent server leaves open too. */
import assert from "node:assert/strict";
import type { Source } from "../../../../../core/ports/source.ts";
import { failsWith, readAll, requestFor } from "../../../../conformance/source.ts";
import { connectTo, withServer } from "../../../../support/tds/connect.ts";
import { HANG, type Rule, type TdsServer } from "../../../../support/tds/server.ts";
import { column, result } from "../../../../support/tds/script.ts";
import { done } from "../../../../support/tds/tokens.ts";
import { types } from "../../../../support/tds/types.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { ITEMS, itemsRules, QUERY, rowsOf } from "./items.ts";
import { until } from "../../../../support/until.ts";

const HANGING: readonly Rule[] = [
  { sql: "SHOWPLAN_XML", reply: () => [done({ more: true })] },
  { sql: /SELECT TOP \(0\)|FROM items|SELECT 1/, reply: () => [HANG] },
];

/** Statements that a plan, a check or a run waits for. */
const WAITS: Readonly<Record<string, (source: Source) => Promise<unknown>>> = {
  rows: (source) => source.rows(QUERY),
  describe: (source) => source.describe(QUERY, new Map()),
  estimateRows: (source) => source.estimateRows(QUERY),
};

for (const [name, wait] of Object.entries(WAITS)) {
  traitTest(`stop: ${name} that hangs is interrupted`, async ({ withServer }) => {
    await withServer(HANGING, async (server) => {
      const abort = new AbortController();
      const source = await connectTo(server, { signal: abort.signal });
      const before = server.asked.length;
      const waiting = failsWith(wait(source), "INTERRUPTED", "permanent", /interrupted/);
      await until("the statement", () => server.asked.length > before, 1);
      abort.abort();
      await waiting;
      await failsWith(source.rows("SELECT 1"), "INTERRUPTED", "permanent", /interrupted/);
      await source.close();
    });
  }, { alone: ["attention"] });
}

traitTest("stop: a server that never confirms is left within seconds", async ({ traits }) => {
  await withServer(HANGING, async (server) => {
    const abort = new AbortController();
    const source = await connectTo(server, { signal: abort.signal });
    const before = server.asked.length;
    const waiting = failsWith(source.rows(QUERY), "INTERRUPTED", "permanent", /interrupted/);
    await until("the statement", () => server.asked.length > before, 1);
    abort.abort();
    await waiting;
    await source.close();
    assert.equal(server.attentions, 0);
  }, { traits: { ...traits, attention: "never" } });
});

/** With some seconds for the login. */
const atPort = (port: number) => ({
  type: "mssql" as const,
  host: undefined,
  port: undefined,
  user: undefined,
  password: undefined,
  database: undefined,
  url: `sqlserver://reader:secret@127.0.0.1:${port}/shop?connect_timeout=3`,
});

/** A port whose server takes connections and says nothing. */
async function withSilence(work: (at: TdsServer) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) taken.push(connection);
  })();
  try {
    await work({ port: (listener.addr as Deno.NetAddr).port } as TdsServer);
  } finally {
    listener.close();
    await accepting;
    for (const connection of taken) connection.close();
  }
}

Deno.test("stop: a login that nobody answers is interrupted, before it and in it", async () => {
  await withSilence(async (at) => {
    const before = connectTo(at, { signal: AbortSignal.abort() });
    await failsWith(before, "INTERRUPTED", "permanent", /interrupted/);
    const abort = new AbortController();
    const login = connectTo(at, { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await failsWith(login, "INTERRUPTED", "permanent", /interrupted/);
  });
});

Deno.test("stop: a connection that went silent is given up, and its statement tried again elsewhere", async () => {
  let logins = 0;
  // The first login is the connection's own; nobody answers another one.
  const login = () => logins++ === 0 ? null : [HANG] as const;
  await withServer(HANGING, async (server) => {
    const options = { source: atPort(server.port), tuning: { networkTimeoutS: 1 } };
    const source = await connectTo(server, options);
    await failsWith(source.rows(QUERY), "SOURCE_DISCONNECTED", "network", /for 1 s/);
    await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "network", /for 1 s/);
    assert.equal(logins, 2);
    await source.close();
  }, { login });
});

Deno.test("stop: a server that works in silence is waited for", async () => {
  await withServer(HANGING, async (server) => {
    const tuning = { networkTimeoutS: 1, statementTimeoutS: 4 };
    const source = await connectTo(server, { tuning });
    await failsWith(source.rows(QUERY), "SOURCE_TIMEOUT", "permanent", /statement_timeout_s/);
    assert.ok(server.logins.length > 2);
    await source.close();
  });
});

/** What another login, which may look, sees this session do. */
const seen = (activity: string): Rule => ({
  sql: "dm_exec_sessions",
  reply: () => result([column("", types.nvarchar(10))], [[activity]]),
});

Deno.test("stop: silence of a session that does nothing ends it, though others may log in", async () => {
  await withServer([seen("idle"), ...HANGING], async (server) => {
    const tuning = { networkTimeoutS: 1, statementTimeoutS: 0 };
    const source = await connectTo(server, { tuning });
    await failsWith(source.rows(QUERY), "SOURCE_DISCONNECTED", "network", /for 1 s/);
    assert.equal(server.logins.length, 2);
    assert.ok(server.asked.some((sql) => sql.includes("session_id = 51")));
    await source.close();
  });
});

Deno.test("stop: silence of a session that is seen to work is waited for", async () => {
  await withServer([seen("works"), ...HANGING], async (server) => {
    const tuning = { networkTimeoutS: 1, statementTimeoutS: 4 };
    const source = await connectTo(server, { tuning });
    await failsWith(source.rows(QUERY), "SOURCE_TIMEOUT", "permanent", /statement_timeout_s/);
    assert.ok(server.logins.length > 2);
    await source.close();
  });
});

Deno.test("stop: connect_timeout is for the whole login", async () => {
  const source = atPort;
  await withSilence(async (at) => {
    const login = connectTo(at, { source: source(at.port) });
    await failsWith(login, "SOURCE_UNREACHABLE", "network", /127\.0\.0\.1/);
  });
  // It answers everything but the login itself.
  const login = () => [HANG] as const;
  await withServer([], async (server) => {
    const connecting = connectTo(server, { source: source(server.port) });
    await failsWith(connecting, "SOURCE_UNREACHABLE", "network", /longer than 3 s|3000ms/);
  }, { login });
});

Deno.test("stop: when rows have ended, or are left, nothing is waited for", async () => {
  const networkTimeoutS = 12_345;
  const waits = new Set<number>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = ((work: () => void, ms?: number) => {
    const timer = set(work, ms);
    if (ms === networkTimeoutS * 1000) waits.add(Number(timer));
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    waits.delete(Number(timer));
    clear(timer);
  };
  try {
    await withServer(itemsRules(() => result(ITEMS, rowsOf(20))), async (server) => {
      const source = await connectTo(server, { tuning: { networkTimeoutS } });
      // More batches than may wait come at once: reading is stopped, and the statement is over.
      for (const batchRows of [100, 5]) {
        await readAll(source, QUERY, { batchRows });
        assert.deepEqual([...waits], []);
      }
      for await (const _ of source.read(await requestFor(source, QUERY, { batchRows: 5 }))) break;
      assert.deepEqual([...waits], []);
      assert.equal((await source.rows(QUERY)).length, 20);
      await source.close();
    });
  } finally {
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }
});
