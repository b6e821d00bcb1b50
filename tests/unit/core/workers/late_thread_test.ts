import { deepEqual, equal } from "node:assert/strict";
import type { OutputSpec } from "../../../../core/encode/part_writer.ts";
import { LateThread } from "../../../../core/workers/late_thread.ts";
import type { WorkerThread } from "../../../../core/workers/thread.ts";
import { WorkerClient } from "../../../../core/workers/worker_client.ts";
import type { WorkerPort } from "../../../../core/workers/worker_host.ts";
import type { FromWorker, ToWorker } from "../../../../core/workers/worker_protocol.ts";
import { batchOf, column } from "../../../support/batches.ts";

const COLUMNS = [column("note", { kind: "text" })];
const OUTPUT = {} as OutputSpec;
const NOTHING = () => {};
const LIMITS = { inFlightBytes: 4 * 1024 * 1024 };

/** Answers as a host does, and remembers what it was told. */
class Answering {
  readonly told: string[] = [];
  readonly #answer: (message: FromWorker) => void;

  constructor(answer: (message: FromWorker) => void) {
    this.#answer = answer;
  }

  receive(message: ToWorker): void {
    this.told.push("id" in message ? `${message.type} ${message.id}` : message.type);
    if (message.type === "batch") {
      this.#answer({ type: "encoded", id: message.id, bytes: 1, buffers: [] });
    }
    if (message.type === "finish" || message.type === "whole") {
      this.#answer({ type: "done", id: message.id, result: { parts: [] } as never });
    }
    if (message.type === "release") this.#answer({ type: "released" });
  }
}

function place() {
  const threads: (Answering & WorkerThread)[] = [];
  let here: Answering | undefined;
  const start = (): WorkerThread => {
    const thread: WorkerThread = {
      onmessage: null,
      onerror: null,
      terminate: NOTHING,
      postMessage: (message) => answering.receive(message),
    };
    const answering = new Answering((data) =>
      thread.onmessage?.(new MessageEvent("message", { data }))
    );
    threads.push(Object.assign(answering, thread));
    return thread;
  };
  const late = new LateThread(start, (port: WorkerPort) => {
    here = new Answering((message) => port.post(message));
    return here;
  });
  const client = new WorkerClient(late);
  const encode = async (bytes: readonly number[]) => {
    const writer = client.openWriter(OUTPUT, NOTHING, LIMITS);
    for (const size of bytes) await writer.write(batchOf(COLUMNS, [["x".repeat(size)]]));
    writer.finish();
    await writer.result;
  };
  return { client, encode, threads, here: () => here?.told ?? [] };
}

Deno.test("what is small is encoded without a thread", async () => {
  const { client, encode, threads, here } = place();
  await encode([]);
  await encode([10, 20]);
  equal(await client.release(), true);
  client.close();
  deepEqual(here(), ["open 1", "finish 1", "open 2", "batch 2", "batch 2", "finish 2", "release"]);
  equal(threads.length, 0);
});

Deno.test("what is large has a thread from its first message on, and so has all that follows", async () => {
  const { client, encode, threads, here } = place();
  await encode([10]);
  await encode([1000, 400_000, 10]);
  await encode([10]);
  equal(await client.release(), true);
  equal(threads.length, 1);
  deepEqual(here(), ["whole 1"]);
  deepEqual(threads[0].told, [
    ...["init", "open 2", "batch 2", "batch 2", "batch 2", "finish 2"],
    ...["whole 3", "release"],
  ]);
});

Deno.test("what is expected to be large has a thread before its first message", async () => {
  const { client, encode, threads, here } = place();
  client.expect(4 * 1024 * 1024);
  equal(threads.length, 0, "an estimate of little more than what is encoded here starts none");
  client.expect(4 * 1024 * 1024 + 1);
  client.expect(1024 * 1024 * 1024);
  deepEqual(threads.map(({ told }) => told), [["init"]]);
  await encode([10]);
  equal(threads.length, 1);
  deepEqual(here(), []);
  deepEqual(threads[0].told, ["init", "whole 1"]);
});

Deno.test("many small ones are a large one: they get a thread", async () => {
  const { encode, threads } = place();
  for (let i = 0; i < 10; i++) await encode([60_000]);
  equal(threads.length, 1);
});

Deno.test("a unit that is given up takes no other with it", async () => {
  const { client, threads, here } = place();
  const [first, second] = [
    client.openWriter(OUTPUT, NOTHING, LIMITS),
    client.openWriter(OUTPUT, NOTHING, LIMITS),
  ];
  for (const text of ["a", "b"]) await first.write(batchOf(COLUMNS, [[text]]));
  await second.write(batchOf(COLUMNS, [["b"]]));
  first.abort();
  deepEqual(here(), ["open 1", "batch 1", "batch 1", "abort 1"]);
  await second.write(batchOf(COLUMNS, [["x".repeat(400_000)]]));
  second.finish();
  await second.result;
  deepEqual(threads[0].told, ["init", "open 2", "batch 2", "batch 2", "finish 2"]);
});

Deno.test("nobody hears of a unit that is given up before anything of it was sent", async () => {
  const { client, threads, here } = place();
  const writer = client.openWriter(OUTPUT, NOTHING, LIMITS);
  await writer.write(batchOf(COLUMNS, [["a"]]));
  writer.abort();
  equal(await client.release(), true);
  deepEqual(here(), ["release"]);
  equal(threads.length, 0);
});

Deno.test("a batch that is large for a message is sent at once, and its writer told when it is encoded", async () => {
  const { client, here } = place();
  let encoded = 0;
  const writer = client.openWriter(OUTPUT, () => encoded++, LIMITS);
  await writer.write(batchOf(COLUMNS, [["x".repeat(20_000)]]));
  writer.finish();
  await writer.result;
  deepEqual(here(), ["open 1", "batch 1", "finish 1"]);
  equal(encoded, 1);
});

Deno.test("an extraction, which reads by itself, has a thread at once", () => {
  const { client, threads } = place();
  const { signal } = new AbortController();
  void client.extract({} as never, {} as never, OUTPUT, NOTHING, signal);
  deepEqual(threads.map(({ told }) => told), [["init", "extract 1"]]);
});
