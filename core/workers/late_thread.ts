/**
 * A Worker that starts when there is work for one. A thread with its own copy of the program costs more than
 * encoding a small table, so what is small is encoded on this thread.
 */
import type { WorkerThread } from "./thread.ts";
import type { WorkerPort } from "./worker_host.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/** Decoded bytes that are encoded here, all told: a fraction of a second, less than a thread takes to start. */
const HERE_BYTES = 256 * 1024;

/** What is expected is an estimate: with so much there will be work for a thread even when it is far off. */
const SURELY_BYTES = 16 * HERE_BYTES;

/** With one of these a unit is over. */
const ENDS: readonly ToWorker["type"][] = ["finish", "abort", "whole"];

/** What a Worker's entry makes of messages. */
export interface Host {
  receive(message: ToWorker): void;
}

interface Held {
  readonly message: ToWorker;
  readonly transfer: ArrayBuffer[];
}

/** Holds the messages of a unit until it is known to be small, which is when it ends, or not. */
export class LateThread implements WorkerThread {
  onmessage: WorkerThread["onmessage"] = null;
  onerror: WorkerThread["onerror"] = null;
  readonly #start: () => WorkerThread;
  readonly #here: Host;
  #thread: WorkerThread | null = null;
  /** Always the first message of a thread; this one needs none. */
  #init: Held | null = null;
  #held: Held[] = [];
  /** Of all batches that came, while there is no thread. */
  #bytes = 0;

  /** @param here makes the host of this thread. */
  constructor(start: () => WorkerThread, here: (port: WorkerPort) => Host) {
    this.#start = start;
    this.#here = here({ post: (message) => this.#post(message) });
  }

  postMessage(message: ToWorker, transfer: ArrayBuffer[]): void {
    if (this.#thread !== null) return this.#thread.postMessage(message, transfer);
    if (message.type === "init") {
      this.#init = { message, transfer };
      return;
    }
    if (message.type === "release") return this.#here.receive(message);
    this.#held.push({ message, transfer });
    if ("batch" in message) this.#bytes += message.batch.byteLength;
    if (message.type === "extract" || this.#bytes > HERE_BYTES) this.#startThread();
    else if (ENDS.includes(message.type)) this.#encodeHere(message.id);
  }

  expect(bytes: number): void {
    if (this.#thread === null && bytes > SURELY_BYTES) this.#startThread();
  }

  terminate(): void {
    this.#thread?.terminate();
  }

  /** A unit is encoded in one place from its first message to its last. */
  #encodeHere(id: number): void {
    const isOfUnit = ({ message }: Held) => "id" in message && message.id === id;
    const unit = this.#held.filter(isOfUnit);
    this.#held = this.#held.filter((held) => !isOfUnit(held));
    for (const { message } of unit) this.#here.receive(message);
  }

  #startThread(): void {
    const thread = this.#start();
    this.#thread = thread;
    thread.onmessage = (event) => this.onmessage?.(event);
    thread.onerror = (event) => this.onerror?.(event);
    const first = this.#init === null ? [] : [this.#init];
    for (const { message, transfer } of [...first, ...this.#held.splice(0)]) {
      thread.postMessage(message, transfer);
    }
  }

  #post(message: FromWorker): void {
    queueMicrotask(() => this.onmessage?.(new MessageEvent("message", { data: message })));
  }
}
