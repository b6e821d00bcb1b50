/**
 * Whole runs over a wire that goes wrong: each ends within its bound, says why, and loses nothing; with a retry left
 * it ends well.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";
import { startWireProxy, type WireFault } from "../../support/tcp_proxy.ts";

export interface FaultServer {
  readonly type: "postgres" | "mysql";
  readonly url: string;
  sql(text: string): Promise<unknown>;
}

interface FaultCase {
  readonly name: string;
  readonly fault: WireFault;
  /** How many connections are bad, from the first on. */
  readonly bad: number;
  readonly retries: number;
  readonly ends: "success" | "failed";
}

/** Behind the login, within the rows of the table. */
const MIDWAY = 60_000;
const ROWS = 4_000;

export const FAULTS: readonly FaultCase[] = [
  {
    name: "silent midway, no retry",
    fault: { kind: "stall", afterBytes: MIDWAY },
    bad: 99,
    retries: 0,
    ends: "failed",
  },
  {
    name: "silent midway once",
    fault: { kind: "stall", afterBytes: MIDWAY },
    bad: 1,
    retries: 2,
    ends: "success",
  },
  {
    name: "silent from the start",
    fault: { kind: "stall", afterBytes: 0 },
    bad: 99,
    retries: 0,
    ends: "failed",
  },
  {
    name: "cut midway, no retry",
    fault: { kind: "cut", afterBytes: MIDWAY },
    bad: 99,
    retries: 0,
    ends: "failed",
  },
  {
    name: "cut midway twice",
    fault: { kind: "cut", afterBytes: MIDWAY },
    bad: 2,
    retries: 3,
    ends: "success",
  },
  {
    name: "cut within the login",
    fault: { kind: "cut", afterBytes: 5 },
    bad: 1,
    retries: 2,
    ends: "success",
  },
  { name: "late", fault: { kind: "late", ms: 20 }, bad: 99, retries: 0, ends: "success" },
  {
    name: "dripping, but alive",
    fault: { kind: "drip", afterBytes: MIDWAY, bytes: 16_384, ms: 30 },
    bad: 99,
    retries: 0,
    ends: "success",
  },
];

/** A wait that has no end would be far beyond it. */
const BOUND_MS = 60_000;

export async function overFaults(t: Deno.TestContext, server: FaultServer): Promise<void> {
  await server.sql("CREATE TABLE wired (id int PRIMARY KEY, payload varchar(100) NOT NULL)");
  const values = Array.from({ length: ROWS }, (_, i) => `(${i}, '${String(i).padStart(90, "x")}')`);
  await server.sql(`INSERT INTO wired VALUES ${values.join(", ")}`);
  for (const { name, fault, bad, retries, ends } of FAULTS) {
    await t.step(name, async () => {
      // Only silence is to run into it: a busy machine is none.
      const seconds = fault.kind === "stall" ? 2 : 30;
      const target = new URL(server.url);
      const proxy = startWireProxy(Number(target.port), (n) => n <= bad ? fault : null);
      target.hostname = "127.0.0.1";
      target.port = String(proxy.port);
      const yaml = `source: {type: ${server.type}, url: "${target.href}", tls: {mode: disable}}
exports:
  - name: wired
    table: wired
    mode: chunked
    chunk_size: 2000
    tuning: {network_timeout_s: ${seconds}, max_retries: ${retries}, retry_backoff_ms: 20, throttle_ms: 0}
    destination: {type: local, path: ./out}
`;
      try {
        await withConfig(yaml, async (dir) => {
          const stop = new AbortController();
          const bound = setTimeout(() => stop.abort(), BOUND_MS);
          const run = await runConfig(dir, { signal: stop.signal });
          clearTimeout(bound);
          const [{ status, error }] = run.exports;
          assert.equal(stop.signal.aborted, false, "the run waited for ever");
          assert.equal(status, ends, error?.message);
          if (ends === "success") return await assertWhole(dir);
          assert.match(error?.code ?? "", /^SOURCE_(UNREACHABLE|DISCONNECTED|TIMEOUT|DOWN)$/);
          assert.equal(await succeeded(dir), false, "a failed run left _SUCCESS");
        });
      } finally {
        await proxy.stop();
      }
    });
  }
}

async function assertWhole(dir: string): Promise<void> {
  const manifest = JSON.parse(await Deno.readTextFile(join(dir, "out", "manifest.json")));
  const ids: number[] = [];
  for (const { path, status } of manifest.parts) {
    if (status !== "committed") continue;
    const rows = await queryDuckdb(`SELECT id FROM read_parquet('${join(dir, "out", path)}')`);
    ids.push(...rows.map(({ id }) => Number(id)));
  }
  assert.deepEqual(ids.sort((a, b) => a - b), Array.from({ length: ROWS }, (_, i) => i));
}

async function succeeded(dir: string): Promise<boolean> {
  return await Deno.stat(join(dir, "out", "_SUCCESS")).then(() => true, () => false);
}
