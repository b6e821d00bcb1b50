/** A signal stops a login and any statement within seconds, and what a silent server leaves open too. */
import assert from "node:assert/strict";
import type { Source } from "../../../../../core/ports/source.ts";
import { failsWith } from "../../../../conformance/source.ts";
import { connectTo, withServer } from "../../../../support/tds/connect.ts";
import { HANG, type Rule, type TdsServer } from "../../../../support/tds/server.ts";
import { done } from "../../../../support/tds/tokens.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { QUERY } from "./items.ts";

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
      while (server.asked.length === before) await new Promise((r) => setTimeout(r, 1));
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
    while (server.asked.length === before) await new Promise((r) => setTimeout(r, 1));
    abort.abort();
    await waiting;
    await source.close();
    assert.equal(server.attentions, 0);
  }, { traits: { ...traits, attention: "never" } });
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

Deno.test("stop: connect_timeout is for the whole login", async () => {
  const source = (port: number) => ({
    type: "mssql" as const,
    host: undefined,
    port: undefined,
    user: undefined,
    password: undefined,
    database: undefined,
    url: `sqlserver://reader:secret@127.0.0.1:${port}/shop?connect_timeout=1`,
  });
  await withSilence(async (at) => {
    const login = connectTo(at, { source: source(at.port) });
    await failsWith(login, "SOURCE_UNREACHABLE", "network", /127\.0\.0\.1/);
  });
  // It answers everything but the login itself.
  const login = () => [HANG] as const;
  await withServer([], async (server) => {
    const connecting = connectTo(server, { source: source(server.port) });
    await failsWith(connecting, "SOURCE_UNREACHABLE", "network", /longer than 1 s|1000ms/);
  }, { login });
});
