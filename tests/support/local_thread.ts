/** A Worker without a thread: its host runs in this process, and messages are cloned as between threads. */
import type { WorkerThread } from "../../core/workers/thread.ts";
import { type WorkerAdapters, WorkerHost } from "../../core/workers/worker_host.ts";
import type { FromWorker, ToWorker } from "../../core/workers/worker_protocol.ts";

export class LocalThread implements WorkerThread {
  onmessage: WorkerThread["onmessage"] = null;
  onerror: WorkerThread["onerror"] = null;
  terminated = false;
  /** As they came. */
  readonly received: ToWorker["type"][] = [];
  /** What was announced, and how many messages had come by then. */
  readonly expected: { readonly bytes: number; readonly after: number }[] = [];
  readonly #host: WorkerHost;

  constructor(adapters: WorkerAdapters) {
    this.#host = new WorkerHost(adapters, { post: (message) => this.#post(message) });
  }

  expect(bytes: number): void {
    this.expected.push({ bytes, after: this.received.length });
  }

  postMessage(message: ToWorker, transfer: ArrayBuffer[]): void {
    this.received.push(message.type);
    // The log of this process is this process's affair.
    if (message.type === "init") return;
    const cloned = structuredClone(message, { transfer });
    queueMicrotask(() => this.#host.receive(cloned));
  }

  terminate(): void {
    this.terminated = true;
  }

  /** It stops as one does that runs out of memory. */
  crash(message: string): void {
    this.onerror?.(new ErrorEvent("error", { message, cancelable: true }));
  }

  #post(message: FromWorker): void {
    const cloned = structuredClone(message);
    queueMicrotask(() => this.onmessage?.(new MessageEvent("message", { data: cloned })));
  }
}
