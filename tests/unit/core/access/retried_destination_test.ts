/** Every call of the port through a destination that fails in ways that pass. */
import assert from "node:assert/strict";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import { retriedDestination } from "../../../../core/access/retried_destination.ts";
import { Retrier, stepText } from "../../../../core/access/retrier.ts";
import { DestinationError } from "../../../../core/base/errors.ts";
import {
  bound,
  type BoundDestination,
  type Destination,
} from "../../../../core/ports/destination.ts";
import { LOOK } from "../../../support/destinations.ts";

const { signal } = new AbortController();

const reset = () =>
  new DestinationError("DESTINATION_UNREACHABLE", "reset", { category: "network" });

/** A destination with two objects, whose calls all fail once, and what the retries were told. */
async function flaky(
  run: (wrapped: BoundDestination, told: string[], staged: string) => Promise<void>,
) {
  const inner = new MemoryDestination();
  for (const key of ["a", "b"]) await inner.replace(new Uint8Array(3), key);
  const failed = new Set<string>();
  const failing = new Proxy<Destination>(inner, {
    get(target, name: keyof Destination) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const again = failed.has(name);
        failed.add(name);
        if (name === "list") return again ? inner.list("") : broken(inner.list(""));
        const call = value as (...args: unknown[]) => Promise<unknown>;
        if (again || name === "close" || name === "stagingDir") return call.apply(target, args);
        return Promise.reject(reset());
      };
    },
  });
  const told: string[] = [];
  const settings = { maxRetries: 1, backoffMs: 0, maxBackoffMs: 1 };
  const retrier = new Retrier(
    settings,
    signal,
    ({ step }) => told.push(stepText(step)),
  );
  try {
    const wrapped = retriedDestination(failing, retrier);
    const staged = `${await wrapped.stagingDir()}/part`;
    await run(bound(wrapped, signal), told, staged);
  } finally {
    await inner.close();
  }
}

/** Breaks off behind the first object. */
async function* broken<T>(objects: AsyncIterable<T>): AsyncIterable<T> {
  for await (const object of objects) {
    yield object;
    throw reset();
  }
}

Deno.test("retried destination: each call is made again, and told by its object", () =>
  flaky(async (destination, told, staged) => {
    await Deno.writeTextFile(staged, "rows");
    assert.equal(await destination.put({ file: staged, md5: "md5" }, "c"), "stored");
    await destination.replace(new Uint8Array(2), "d");
    assert.equal((await destination.head("c"))?.sizeBytes, 4);
    assert.equal((await destination.read("d"))?.length, 2);
    await destination.move("c", "e");
    assert.deepEqual(told, ["put c", "put d", "head c", "read d", "move c"]);
  }));

Deno.test("retried destination: a listing that breaks off gives every object once", () =>
  flaky(async (destination, told) => {
    const keys = [];
    for await (const { key } of destination.list("")) keys.push(key);
    assert.deepEqual(keys, ["a", "b"]);
    assert.deepEqual(told, ["list "]);
  }));

Deno.test("retried destination: an object that a failed move has moved is moved", async () => {
  const inner = new MemoryDestination();
  await inner.replace(new Uint8Array(3), "a");
  let calls = 0;
  const { move } = inner;
  inner.move = async (from, to) => {
    await move.call(inner, from, to);
    if (calls++ === 0) throw reset();
  };
  const settings = { maxRetries: 1, backoffMs: 0, maxBackoffMs: 1 };
  const wrapped = bound(
    retriedDestination(inner, new Retrier(settings, signal, () => {})),
    signal,
  );
  await wrapped.move("a", "b");
  assert.equal((await inner.head("b"))?.sizeBytes, 3);
  await assert.rejects(wrapped.move("a", "c"), { code: "DESTINATION_NOT_FOUND" });
  await inner.close();
});

Deno.test("retried destination: a probe is made again", () =>
  flaky(async (destination, told) => {
    assert.equal((await destination.probe(LOOK)).createOnly, true);
    assert.deepEqual(told, ["probe"]);
  }));
