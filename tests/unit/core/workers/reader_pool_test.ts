import assert from "node:assert/strict";
import type { RivetError } from "../../../../core/base/errors.ts";
import type { Extraction, Extractor } from "../../../../core/workers/extractor.ts";
import { ReaderPool } from "../../../../core/workers/reader_pool.ts";

type Args = Parameters<Extractor["extract"]>;

/** A reader that reads until it is told to end. */
class FakeReader implements Extractor {
  readonly ends: ((error?: Error) => void)[] = [];

  extract(): Promise<Extraction> {
    return new Promise((resolve, reject) => {
      this.ends.push((error) =>
        error === undefined ? resolve({} as Partial<Extraction> as Extraction) : reject(error)
      );
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const args = (signal: AbortSignal) => [{}, {}, () => {}, signal] as unknown as Args;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("reader pool: one unit per reader, and the next as soon as one is free", async () => {
  const readers = [new FakeReader(), new FakeReader()];
  const { signal } = new AbortController();
  const pool = new ReaderPool(readers, 0, signal);
  const units = Array.from({ length: 4 }, () => pool.extract(...args(signal)));
  await turn();
  assert.deepEqual(readers.map((r) => r.ends.length), [1, 1]);
  readers[0].ends[0]();
  await units[1];
  await turn();
  assert.deepEqual(readers.map((r) => r.ends.length), [2, 1]);
  readers[1].ends[0](new Error("lost"));
  await assert.rejects(units[0], /lost/);
  await turn();
  assert.deepEqual(readers.map((r) => r.ends.length), [2, 2]);
  readers[0].ends[1]();
  readers[1].ends[1]();
  await Promise.all(units.slice(2));
});

Deno.test("reader pool: an abort ends the waiting for a reader", async () => {
  const reader = new FakeReader();
  const abort = new AbortController();
  const pool = new ReaderPool([reader], 0, abort.signal);
  const reading = pool.extract(...args(abort.signal));
  const waiting = pool.extract(...args(abort.signal));
  await turn();
  abort.abort();
  await assert.rejects(waiting, (e: RivetError) => e.code === "INTERRUPTED");
  await assert.rejects(pool.extract(...args(abort.signal)), { code: "INTERRUPTED" });
  reader.ends[0]();
  await reading;
  assert.equal(reader.ends.length, 1, "nothing more was read");
});

Deno.test("reader pool: a reader rests between two units, until the run is stopped", async () => {
  const reader = new FakeReader();
  const abort = new AbortController();
  const pool = new ReaderPool([reader], 60_000, abort.signal);
  const first = pool.extract(...args(abort.signal));
  await turn();
  reader.ends[0]();
  await first;
  const second = pool.extract(...args(abort.signal));
  await turn();
  assert.equal(reader.ends.length, 1, "it rests");
  abort.abort();
  await assert.rejects(second, { code: "INTERRUPTED" });
});

Deno.test("reader pool: a limit holds readers back, and lets them go again", async () => {
  const readers = [new FakeReader(), new FakeReader(), new FakeReader()];
  const { signal } = new AbortController();
  const pool = new ReaderPool(readers, 0, signal);
  const reading = () => readers.reduce((sum, { ends }) => sum + ends.length, 0);
  pool.limit(1);
  const units = Array.from({ length: 5 }, () => pool.extract(...args(signal)));
  await turn();
  assert.equal(reading(), 1, "one of three");
  pool.limit(2);
  await turn();
  assert.equal(reading(), 2);
  pool.limit(0);
  readers.flatMap(({ ends }) => ends).forEach((end) => end());
  await turn();
  await turn();
  assert.equal(reading(), 3, "a limit of none is one, and two that ended make room for one");
  pool.limit(9);
  for (let left = 0; left < 6; left++) {
    readers.flatMap(({ ends }) => ends).forEach((end) => end());
    await turn();
  }
  await Promise.all(units);
  assert.equal(reading(), 5);
});
