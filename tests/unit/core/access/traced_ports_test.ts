import { deepEqual, equal, rejects } from "node:assert/strict";
import { withTrace } from "../../../../core/access/trace_comment.ts";
import { tracedAdapters, tracedState } from "../../../../core/access/traced_ports.ts";
import { SourceError } from "../../../../core/base/errors.ts";
import type { Adapters } from "../../../../core/ports/adapters.ts";
import type { Source, SourceFactory } from "../../../../core/ports/source.ts";
import type { StateStore } from "../../../../core/ports/state.ts";
import {
  configureTelemetry,
  type Facts,
  OFF,
  type OpenSpan,
  type Telemetry,
} from "../../../../core/ports/telemetry.ts";

/** Keeps the spans that have ended, in that order. */
class KeptTelemetry implements Telemetry {
  readonly on = true;
  readonly spans: { name: string; facts: Facts; failed: boolean }[] = [];

  async span<T>(name: string, facts: Facts, work: (span: OpenSpan) => Promise<T>): Promise<T> {
    const span = this.begin(name, facts);
    try {
      const result = await work(span);
      span.end();
      return result;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  begin(name: string, facts: Facts): OpenSpan {
    let all = { ...facts };
    return {
      traceparent: `00-${name}-01`,
      set: (more) => all = { ...all, ...more },
      fail: () => {},
      end: (thrown) => this.spans.push({ name, facts: all, failed: thrown !== undefined }),
    };
  }

  within = OFF.within;
  traceparent = () => "00-around-01";
  count = OFF.count;
  change = OFF.change;
  record = OFF.record;
  measure = OFF.measure;
}

async function told(body: (kept: KeptTelemetry) => Promise<void>): Promise<void> {
  const kept = new KeptTelemetry();
  configureTelemetry(kept);
  try {
    await body(kept);
  } finally {
    configureTelemetry(OFF);
  }
}

const sent: string[] = [];

const SOURCE = {
  info: { engine: "Base", system: "base", version: "1", warnings: [] },
  rows: (sql: string) => {
    sent.push(sql);
    return Promise.resolve([["1"], ["2"]]);
  },
  describe: () => Promise.reject(new SourceError("SOURCE_QUERY", "no such table", {})),
  checksumObstacle: () => null,
  async *read({ sql, fetchRows }: { sql: string; fetchRows: number }) {
    sent.push(`${sql} in steps of ${fetchRows}`);
    yield { rows: 3, byteLength: 24 };
    await Promise.resolve();
  },
} as unknown as Source;

const adapters = {
  source: () =>
    Promise.resolve({ connect: () => Promise.resolve(SOURCE) } as unknown as SourceFactory),
} as unknown as Adapters;

async function connected(comments: boolean): Promise<Source> {
  const factory = await tracedAdapters(adapters).source("base");
  const source = { type: "postgres", trace_sql_comments: comments };
  return await factory.connect({ source } as unknown as Parameters<SourceFactory["connect"]>[0]);
}

const request = {
  sql: "SELECT 2",
  get fetchRows() {
    return 7;
  },
} as unknown as Parameters<Source["read"]>[0];

Deno.test("where nobody is told, ports are themselves", () => {
  equal(tracedAdapters(adapters), adapters);
  const state = {} as StateStore;
  equal(tracedState(state), state);
});

Deno.test("what is asked of a source is a span with the engine's name, a failure too", async () => {
  await told(async (kept) => {
    const source = await connected(false);
    await source.rows("SELECT 1");
    await rejects(source.describe("t", new Map()), { message: "no such table" });
    equal(source.checksumObstacle?.([]), null);
    for await (const batch of source.read(request)) equal(batch.rows, 3);
    deepEqual(kept.spans.map(({ name, failed }) => [name, failed]), [
      ["connect", false],
      ["query", false],
      ["query", true],
      ["read", false],
    ]);
    equal(kept.spans.every(({ facts }) => facts["db.system.name"] === "base"), true);
    equal(kept.spans[3].facts["db.response.returned_rows"], 3);
    deepEqual(sent.splice(0), ["SELECT 1", "SELECT 2 in steps of 7"]);
  });
});

Deno.test("with comments, each statement names the span that it is sent in", async () => {
  await told(async () => {
    const source = await connected(true);
    await source.rows("SELECT 1");
    await Array.fromAsync(source.read(request));
    deepEqual(sent.splice(0), [
      "SELECT 1 /*traceparent='00-around-01'*/",
      "SELECT 2 /*traceparent='00-read-01'*/ in steps of 7",
    ]);
  });
  equal(withTrace("SELECT 1", null), "SELECT 1");
});

Deno.test("writes of the state are spans, those of a lease that it grants too; questions are none", async () => {
  await told(async (kept) => {
    const leased = { saveCursor: () => Promise.resolve() };
    const state = tracedState({
      acquireLease: () => Promise.resolve({ kind: "granted", state: leased }),
      cursor: () => Promise.resolve(null),
    } as unknown as StateStore);
    await state.cursor("orders");
    const answer = await state.acquireLease("orders", 1000);
    if (answer.kind !== "granted") throw new Error("not granted");
    await answer.state.saveCursor({} as Parameters<typeof answer.state.saveCursor>[0]);
    deepEqual(kept.spans.map(({ facts }) => facts["rivet.call"]), ["acquireLease", "saveCursor"]);
  });
});
