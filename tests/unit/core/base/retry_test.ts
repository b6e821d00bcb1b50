import assert from "node:assert/strict";
import { RivetError, SourceError } from "../../../../core/base/errors.ts";
import { backoff, withRetry } from "../../../../core/base/retry.ts";

const signal = new AbortController().signal;
const settings = { maxRetries: 2, backoffMs: 1 };
const failing = (category: "network" | "permanent" | "auth") =>
  new SourceError("SOURCE_QUERY", category, { category });

Deno.test("retry: a passing failure is tried again, a lasting one is not", async () => {
  for (const [category, attempts] of [["network", 3], ["permanent", 1], ["auth", 1]] as const) {
    let calls = 0;
    await assert.rejects(
      withRetry(settings, signal, () => Promise.reject(failing(category)), () => calls++),
      { message: category },
    );
    assert.equal(calls, attempts - 1, category);
  }
});

Deno.test("retry: the result of the attempt that works is returned", async () => {
  let calls = 0;
  const result = await withRetry(
    settings,
    signal,
    () => ++calls === 2 ? Promise.resolve("ok") : Promise.reject(failing("network")),
    () => {},
  );
  assert.equal(result, "ok");
  assert.equal(calls, 2);
});

Deno.test("retry: backoff doubles, and capacity waits 15 s more", () => {
  const of = (category: "network" | "capacity" | "deadlock", attempt: number) =>
    backoff(
      { maxRetries: 5, backoffMs: 2000 },
      new SourceError("SOURCE_QUERY", "", { category }),
      attempt,
    );
  assert.deepEqual([1, 2, 3].map((n) => of("network", n)), [2000, 4000, 8000]);
  assert.equal(of("capacity", 1), 17_000);
  assert.equal(of("deadlock", 1), 3_000);
});

Deno.test("retry: an abort ends the wait", async () => {
  const abort = new AbortController();
  const run = withRetry(
    { maxRetries: 1, backoffMs: 60_000 },
    abort.signal,
    () => Promise.reject(failing("network")),
    () => queueMicrotask(() => abort.abort()),
  );
  await assert.rejects(run, (e: RivetError) => e.code === "INTERRUPTED");
});
