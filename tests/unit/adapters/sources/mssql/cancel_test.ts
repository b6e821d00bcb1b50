/** Statements that are cancelled, held back, or run into their timeout. */
import assert from "node:assert/strict";
import type { Source } from "../../../../../core/ports/source.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { failsWith, readAll, requestFor } from "../../../../conformance/source.ts";
import { withSource } from "../../../../support/tds/connect.ts";
import { ITEMS, itemsRules, QUERY, rowsOf } from "./items.ts";
import { columnsOf, result } from "../../../../support/tds/script.ts";
import { HANG, type Step } from "../../../../support/tds/server.ts";
import { row } from "../../../../support/tds/tokens.ts";
import { PLAIN } from "../../../../support/tds/traits.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";
import { until } from "../../../../support/until.ts";

const NO_OVERRIDES: ReadonlyMap<string, RivetType> = new Map();

async function nextBatch(source: Source, signal?: AbortSignal) {
  const request = await requestFor(source, QUERY, { batchRows: 10, signal });
  const batches = source.read(request)[Symbol.asyncIterator]();
  const { value } = await batches.next();
  assert.equal(value?.rows, 10);
  return batches;
}

/** Rows without end, counted. */
function endless(traits = PLAIN): { reply: () => Generator<Step>; sent: () => number } {
  let count = 0;
  const block = Array.from({ length: 1000 }, (_, i) => row(ITEMS, [i, `row ${i}`], traits));
  function* reply(): Generator<Step> {
    yield columnsOf(ITEMS);
    for (;;) {
      for (const bytes of block) yield bytes;
      count += block.length;
    }
  }
  return { reply, sent: () => count };
}

traitTest(
  "read: a reader that leaves early cancels, and the connection works on",
  async ({ traits, withSource }) => {
    const { reply } = endless(traits);
    await withSource(itemsRules(reply), async (source, server) => {
      const batches = await nextBatch(source);
      await batches.return?.();
      assert.equal(server.attentions, 1);
      assert.equal((await source.describe(QUERY, NO_OVERRIDES)).columns.length, 2);
    });
  },
  { alone: ["attention"] },
);

traitTest("read: an abort stops the statement at the server", async ({ traits, withSource }) => {
  const { reply } = endless(traits);
  await withSource(itemsRules(reply), async (source, server) => {
    const abort = new AbortController();
    const batches = await nextBatch(source, abort.signal);
    abort.abort();
    await failsWith(batches.next(), "INTERRUPTED", "permanent", /interrupted/);
    assert.equal(server.attentions, 1);
  });
}, { alone: ["attention"] });

traitTest(
  "read: an abort cancels a statement that has not given a row yet",
  async ({ withSource }) => {
    await withSource(itemsRules(() => [HANG]), async (source, server) => {
      const abort = new AbortController();
      const request = await requestFor(source, QUERY, { signal: abort.signal });
      const reading = Array.fromAsync(source.read(request));
      const failure = failsWith(reading, "INTERRUPTED", "permanent", /interrupted/);
      await until("the read", () => server.asked.at(-1)?.includes("_rivet.[id]") ?? false, 1);
      abort.abort();
      await failure;
      assert.equal(server.attentions, 1);
    });
  },
  { alone: ["attention"] },
);

traitTest(
  "read: the statement timeout is permanent and names its setting",
  async ({ withSource }) => {
    await withSource(itemsRules(() => [columnsOf(ITEMS), HANG]), async (source) => {
      const reading = readAll(source, QUERY);
      await failsWith(reading, "SOURCE_TIMEOUT", "permanent", /statement_timeout_s \(1 s\)/);
    }, { tuning: { statementTimeoutS: 1 } });
  },
  { alone: ["attention"] },
);

Deno.test("read: time in which nobody takes rows does not count against the timeout", async () => {
  const rows = () => result(ITEMS, rowsOf(30_000));
  await withSource(itemsRules(rows), async (source) => {
    const request = await requestFor(source, QUERY, { batchRows: 5000 });
    let count = 0;
    for await (const batch of source.read(request)) {
      count += batch.rows;
      await new Promise((resolve) => setTimeout(resolve, 1100));
    }
    assert.equal(count, 30_000);
  }, { tuning: { statementTimeoutS: 6 } });
});

Deno.test("read: a reader that is slow holds the server back, so that memory stays bounded", async () => {
  const { reply, sent } = endless();
  await withSource(itemsRules(reply), async (source) => {
    const batches = await nextBatch(source);
    let held = -1;
    for (let waits = 0; held !== sent(); waits++) {
      assert.ok(waits < 50, `the server still sends: ${sent()} rows to a reader that took 10`);
      held = sent();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // Some megabytes fill the sockets' buffers; the rest is never sent.
    assert.ok(held < 1_000_000, `${held} rows were sent to a reader that took 10`);
    await batches.return?.();
  });
});

Deno.test("read: throttling waits between batches of a cursor only", async () => {
  await withSource(itemsRules(() => result(ITEMS, rowsOf(40))), async (source) => {
    const timed = async (access: "statement" | "cursor", throttleMs: number): Promise<number> => {
      const started = performance.now();
      await readAll(source, QUERY, { access, batchRows: 10, throttleMs });
      return performance.now() - started;
    };
    assert.ok(await timed("cursor", 100) >= 290);
    assert.ok(await timed("statement", 10_000) < 10_000);
  });
});

traitTest("closing cancels what runs, and is idempotent", async ({ connectTo, withServer }) => {
  await withServer([{ sql: "SELECT 1", reply: () => [HANG] }], async (server) => {
    const source = await connectTo(server);
    const rows = source.rows("SELECT 1").then(() => null, (failure: unknown) => failure);
    await until("the statement", () => server.asked.at(-1)?.endsWith("SELECT 1") ?? false, 1);
    await Promise.all([source.close(), source.close()]);
    assert.ok(await rows instanceof Error);
    assert.equal(server.attentions, 1);
    await failsWith(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /closed/);
  });
}, { alone: ["attention"] });
