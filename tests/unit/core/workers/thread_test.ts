/** Real threads: what they exchange, how they end, and what their heaps may grow to. */
import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ENGINE_FLAGS } from "../../../../core/base/engine_flags.ts";
import { startThread, type WorkerThread } from "../../../../core/workers/thread.ts";
import type { ToWorker } from "../../../../core/workers/worker_protocol.ts";

/** Answers every message with the size of its young heap, after it has made objects that do not last. */
const CHURN = `
  import { getHeapSpaceStatistics } from "node:v8";
  let kept = [];
  globalThis.onmessage = ({ data }) => {
    if (data.type === "release") throw new Error("told to stop");
    for (let round = 0; round < 100; round++) {
      kept = [];
      for (let i = 0; i < 20_000; i++) kept.push({ i, list: [i] });
    }
    const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
    globalThis.postMessage({ young: young.space_size, bytes: data.batch?.byteLength });
  };`;

interface Answer {
  readonly young: number;
  readonly bytes: number;
}

function answerOf(thread: WorkerThread, send: () => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    thread.onmessage = ({ data }) => resolve(data as unknown as Answer);
    thread.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    send();
  });
}

async function withThread(entry: URL, body: (thread: WorkerThread) => Promise<void>) {
  const thread = startThread(entry);
  try {
    await body(thread);
  } finally {
    thread.terminate();
  }
}

async function withEntry(
  body: (entry: URL) => Promise<void>,
  name = "churn.ts",
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-thread-" });
  try {
    const file = join(dir, name);
    await Deno.writeTextFile(file, CHURN);
    await body(pathToFileURL(file));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** As a batch goes: by transfer. */
function transfer(thread: WorkerThread): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1000);
  const message = { type: "batch", id: 1, batch: bytes } as unknown as ToWorker;
  thread.postMessage(message, [bytes.buffer]);
  return bytes;
}

Deno.test("thread: what is transferred arrives, and is gone here", () =>
  withEntry((entry) =>
    withThread(entry, async (thread) => {
      let sent = new Uint8Array(0);
      const { bytes } = await answerOf(thread, () => sent = transfer(thread));
      equal(bytes, 1000);
      equal(sent.byteLength, 0);
    })
  ));

Deno.test("thread: objects that do not last do not grow its heap beyond a limit", () =>
  withEntry((entry) =>
    withThread(entry, async (thread) => {
      const { young } = await answerOf(thread, () => transfer(thread));
      ok(young <= 4 * 1024 * 1024, `${young}`);
    })
  ));

Deno.test("thread: one that stops by an error says so", () =>
  withEntry((entry) =>
    withThread(entry, async (thread) => {
      const stopped = answerOf(thread, () => thread.postMessage({ type: "release" }, []));
      await stopped.then(() => ok(false), (error: Error) => match(error.message, /told to stop/));
    })
  ));

Deno.test("thread: an entry that is no file is a thread as well", () =>
  withThread(
    new URL(`data:text/javascript,${encodeURIComponent(CHURN)}`),
    async (thread) => {
      equal((await answerOf(thread, () => transfer(thread))).bytes, 1000);
    },
  ));

/** Starts the thread of an entry as the bundle does, and prints what its young heap came to. */
const PARENT = `
  import { startThread } from ${
  JSON.stringify(import.meta.resolve("../../../../core/workers/thread.ts"))
};
  const thread = startThread(new URL(Deno.args[0]));
  thread.onmessage = ({ data }) => {
    console.log(data.young);
    thread.terminate();
  };
  thread.postMessage({ type: "init", logLevel: "warn" }, []);`;

Deno.test("thread: a bundle's young heap is limited by what its launchers start the engine with", () =>
  withEntry(async (entry) => {
    const parent = new URL("parent.ts", entry);
    await Deno.writeTextFile(parent, PARENT);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", ...ENGINE_FLAGS, parent.href, entry.href],
      stdin: "null",
    }).output();
    const young = Number(new TextDecoder().decode(stdout));
    ok(young > 0 && young <= 4 * 1024 * 1024, `${young} ${new TextDecoder().decode(stderr)}`);
  }, "churn.js"));
