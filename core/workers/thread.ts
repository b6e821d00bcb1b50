/** Starts the threads that Workers run on. */
import { Worker as LimitedWorker } from "node:worker_threads";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/** The part of a `Worker` that is used. */
export interface WorkerThread {
  postMessage(message: ToWorker, transfer: ArrayBuffer[]): void;
  /** So many bytes will probably come: what starts when it is needed may start now. */
  expect?(bytes: number): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/**
 * Of a Worker's heap, for objects that have just been made. Rows are in buffers, and next to nothing is left
 * of the objects around them: left alone, the engine grows this to tens of MB per Worker all the same.
 */
const YOUNG_MB = 3;

/**
 * A bundle's entry: its launchers limit the young heaps of all threads (`engine_flags.ts`), so that it can be a Web
 * Worker, which is there 40 ms earlier.
 */
const isBundled = ({ pathname }: URL): boolean => pathname.endsWith(".js");

/** The Worker of an entry such as `adapters/worker.ts`. */
export function startThread(entry: URL): WorkerThread {
  // What is loaded from elsewhere can only be a Worker without a limit.
  if (entry.protocol !== "file:" || isBundled(entry)) {
    return new Worker(entry, { type: "module", name: "rivet" });
  }
  const worker = new LimitedWorker(entry, {
    name: "rivet",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const thread: WorkerThread = {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
    onmessage: null,
    onerror: null,
  };
  worker.on("message", (data: FromWorker) => {
    thread.onmessage?.(new MessageEvent("message", { data }));
  });
  worker.on("error", ({ message }: Error) => {
    thread.onerror?.(new ErrorEvent("error", { message, cancelable: true }));
  });
  return thread;
}
