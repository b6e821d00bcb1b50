import assert from "node:assert/strict";
import { backoff } from "../../../../core/access/backoff.ts";
import { Breaker } from "../../../../core/access/breaker.ts";
import { Retrier, type Retry, stepText } from "../../../../core/access/retrier.ts";
import { RivetError, SourceError } from "../../../../core/base/errors.ts";

const settings = { maxRetries: 2, backoffMs: 1, maxBackoffMs: 60_000 };
const failing = (category: "network" | "permanent" | "auth" | "capacity" | "deadlock") =>
  new SourceError("SOURCE_QUERY", category, { category });

function retrier(
  told: (retry: Retry) => void = () => {},
  signal = new AbortController().signal,
  more: Partial<typeof settings> = {},
) {
  return new Retrier({ ...settings, ...more }, signal, told);
}

Deno.test("retry: a passing failure is tried again, a lasting one is not", async () => {
  for (const [category, attempts] of [["network", 3], ["permanent", 1], ["auth", 1]] as const) {
    let calls = 0;
    const told: number[] = [];
    const attempt = () => {
      calls++;
      return Promise.reject(failing(category));
    };
    await assert.rejects(
      retrier(({ number }) => told.push(number)).run({ step: "plan" }, attempt),
      { message: category },
    );
    assert.equal(calls, attempts, category);
    assert.equal(told.length, attempts - 1, category);
  }
});

Deno.test("retry: the result of the attempt that works is returned", async () => {
  let calls = 0;
  const result = await retrier().run(
    { step: "plan" },
    () => ++calls === 2 ? Promise.resolve("ok") : Promise.reject(failing("network")),
  );
  assert.equal(result, "ok");
  assert.equal(calls, 2);
});

Deno.test("retry: waits are spread below a limit that doubles up to the cap", () => {
  const tuned = { maxRetries: 5, backoffMs: 2000, maxBackoffMs: 9_000 };
  const waits = (random: number) =>
    [1, 2, 3, 4, 2000].map((n) => backoff(tuned, failing("network"), n, () => random));
  assert.deepEqual(waits(1), [2000, 4000, 8000, 9000, 9000]);
  assert.deepEqual(waits(0.5), [1000, 2000, 4000, 4500, 4500]);
  assert.deepEqual(waits(0), [0, 0, 0, 0, 0]);
});

Deno.test("retry: capacity waits 15 s more and a deadlock 1 s, whatever chance says", () => {
  for (const [random, base] of [[0, 0], [1, 2000]]) {
    const wait = (category: "capacity" | "deadlock") =>
      backoff({ ...settings, backoffMs: 2000 }, failing(category), 1, () => random);
    assert.equal(wait("capacity"), base + 15_000);
    assert.equal(wait("deadlock"), base + 1_000);
  }
});

Deno.test("retry: an abort ends the wait", async () => {
  const abort = new AbortController();
  const waiting = retrier(() => queueMicrotask(() => abort.abort()), abort.signal, {
    backoffMs: 60_000,
  });
  const run = waiting.run({ step: "plan" }, () => Promise.reject(failing("capacity")));
  await assert.rejects(run, (e: RivetError) => e.code === "INTERRUPTED");
});

Deno.test("retry: what is narrowed has its own limit and ends by either signal", async () => {
  let calls = 0;
  const attempt = () => {
    calls++;
    return Promise.reject(failing("capacity"));
  };
  await assert.rejects(retrier().narrowed({ maxRetries: 0 }).run({ step: "read" }, attempt));
  assert.equal(calls, 1);
  for (const which of [0, 1]) {
    const aborts = [new AbortController(), new AbortController()];
    const waiting = retrier(() => queueMicrotask(() => aborts[which].abort()), aborts[0].signal);
    await assert.rejects(
      waiting.narrowed({ signal: aborts[1].signal }).run({ step: "read" }, attempt),
      { code: "INTERRUPTED" },
    );
  }
});

Deno.test("retry: steps are called by unit, else by their object", () => {
  assert.equal(stepText({ step: "plan" }), "plan");
  assert.equal(stepText({ step: "put", key: "a.csv" }), "put a.csv");
  assert.equal(stepText({ step: "read", unit: "chunk 3 [1..2]" }), "chunk 3 [1..2]");
});

Deno.test("retry: a success between failures keeps a breaker closed", async () => {
  const breaker = new Breaker();
  const signal = new AbortController().signal;
  const shared = new Retrier(settings, signal, () => {}, breaker);
  for (let i = 0; i < 20; i++) {
    let calls = 0;
    await shared.run(
      { step: "read" },
      () => ++calls === 2 ? Promise.resolve() : Promise.reject(failing("network")),
    );
  }
  await assert.rejects(
    shared.run({ step: "read" }, () => Promise.reject(failing("network"))),
    (e: RivetError) => e.code === "SOURCE_QUERY",
  );
});
