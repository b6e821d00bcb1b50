import assert from "node:assert/strict";
import { Breaker, FAILURES_IN_A_ROW } from "../../../../core/access/breaker.ts";
import { Retrier } from "../../../../core/access/retrier.ts";
import { RivetError, SourceError } from "../../../../core/base/errors.ts";
import { configureLogging } from "../../../../core/base/log.ts";
import { until } from "../../../support/until.ts";

const settings = { maxRetries: 3, backoffMs: 1, maxBackoffMs: 5 };

/** A source that refuses until it is told to come back; counts who asks, and how many at once. */
class FakeSource {
  down = true;
  asked = 0;
  atOnce = 0;
  #now = 0;

  async ask(): Promise<string> {
    this.asked++;
    this.#now++;
    this.atOnce = Math.max(this.atOnce, this.#now);
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#now--;
    if (this.down) throw new SourceError("SOURCE_UNREACHABLE", "refused", { category: "network" });
    return "rows";
  }
}

function lanes(count: number, source: FakeSource, signal = new AbortController().signal) {
  const breaker = new Breaker();
  const retrier = new Retrier(settings, signal, () => {}, breaker);
  const ask = () => retrier.run({ step: "read" }, () => source.ask());
  return {
    breaker,
    retrier,
    ask,
    all: () => Promise.allSettled(Array.from({ length: count }, ask)),
  };
}

const codes = (results: readonly PromiseSettledResult<string>[]) =>
  results.map((r) => r.status === "rejected" ? (r.reason as RivetError).code : r.value);

Deno.test("breaker: many lanes at a dead source make a bounded number of attempts", async () => {
  for (const count of [8, 100]) {
    const source = new FakeSource();
    const { all } = lanes(count, source);
    const ended = codes(await all());
    assert.deepEqual(new Set(ended), new Set(["SOURCE_DOWN"]));
    // Those that were on their way when it opened, the few that tried again before, and the probes.
    const most = count + FAILURES_IN_A_ROW - 1 + settings.maxRetries;
    assert.ok(source.asked <= most, `${source.asked} attempts of ${count}`);
  }
});

Deno.test("breaker: one lane at a time probes, and all go on when the source is back", async () => {
  const source = new FakeSource();
  const { ask, all } = lanes(8, source);
  const first = all();
  await until("the first probe", () => source.asked >= 8 + 1, 0);
  source.atOnce = 0;
  source.down = false;
  assert.deepEqual(new Set(codes(await first)), new Set(["rows"]));
  source.atOnce = 0;
  await all();
  assert.equal(source.atOnce, 8, "closed again: nobody waits for anybody");
  assert.equal(await ask(), "rows");
});

Deno.test("breaker: whoever comes after the end probes once", async () => {
  const source = new FakeSource();
  const { ask, all } = lanes(FAILURES_IN_A_ROW, source);
  await all();
  const before = source.asked;
  await assert.rejects(ask(), {
    code: "SOURCE_DOWN",
    category: "permanent",
    message: /in a row, and is asked no more: refused$/,
    hint: /--resume/,
  });
  assert.equal(source.asked, before + 1);
  source.down = false;
  assert.equal(await ask(), "rows");
  source.down = true;
  await assert.rejects(ask(), { code: "SOURCE_UNREACHABLE" });
});

Deno.test("breaker: a probe that ends in another way leaves its place to the next", async () => {
  const source = new FakeSource();
  const { retrier, breaker, all } = lanes(FAILURES_IN_A_ROW, source);
  await all();
  const wrong = new SourceError("SOURCE_QUERY", "syntax error");
  await assert.rejects(retrier.run({ step: "read" }, () => Promise.reject(wrong)), wrong);
  source.down = false;
  const pass = await breaker.enter(new AbortController().signal, breaker.gaveUp, () => {});
  pass.succeeded();
});

Deno.test("breaker: an abort ends the waiting for a probe", async () => {
  const { breaker, all } = lanes(FAILURES_IN_A_ROW, new FakeSource());
  await all();
  const never = new AbortController().signal;
  const probe = await breaker.enter(never, breaker.gaveUp, () => {});
  const abort = new AbortController();
  const waiting = breaker.enter(abort.signal, breaker.gaveUp, () => {});
  abort.abort();
  await assert.rejects(waiting, { code: "INTERRUPTED" });
  const next = breaker.enter(never, breaker.gaveUp, () => {});
  probe.succeeded();
  (await next).left();
});

Deno.test("breaker: who stands still says how long, however that ends, and nobody else does", async () => {
  const texts: string[] = [];
  configureLogging({ level: "info", sink: ({ text }) => void texts.push(text) });
  try {
    const source = new FakeSource();
    const { retrier, all } = lanes(8, source);
    source.down = false;
    await all();
    assert.equal(texts.length, 0);

    source.down = true;
    const others = all();
    const unit = "chunk 3 [1000..2000]";
    const mine = retrier.run({ step: "read", unit }, () => source.ask());
    assert.deepEqual(codes(await Promise.allSettled([mine])), ["SOURCE_DOWN"]);
    await others;
    const waited = / waited \d+ ms for a source that keeps failing$/;
    assert.ok(texts.every((text) => waited.test(text)), texts.join("\n"));
    assert.ok(texts.some((text) => text.startsWith(unit)), texts.join("\n"));
  } finally {
    configureLogging({ level: "error", sink: () => {} });
  }
});
