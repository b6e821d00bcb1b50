/** The main thread's side of a Worker: one promise per extraction or writer. */
import type { Batch } from "../batch/batch.ts";
import { giveBuffer } from "../batch/buffers.ts";
import type { MemoryShares } from "../config/memory_budget.ts";
import { refusalBehind } from "../base/denied.ts";
import { deserializeError, RivetError } from "../base/errors.ts";
import { interrupted } from "../base/wait.ts";
import { logLevel, relog } from "../base/log.ts";
import { telemetry } from "../ports/telemetry.ts";
import type { OutputSpec } from "../encode/part_writer.ts";
import type { ReadJob } from "../extract/read.ts";
import type { WriteResult } from "../encode/unit_writer.ts";
import type { WorkerThread } from "./thread.ts";
import { WriterMessages } from "./writer_messages.ts";
import type { FromWorker, ToWorker, WorkerConnect, WorkerResult } from "./worker_protocol.ts";

/** Told the totals of a unit so far. */
export type ProgressHandler = (rows: number, bytes: number) => void;

interface Pending {
  readonly resolve: (result: WorkerResult) => void;
  readonly reject: (error: RivetError) => void;
  readonly onEncoded?: (bytes: number) => void;
  readonly onProgress?: ProgressHandler;
}

/** A writer in the Worker, fed by the main thread. */
export interface RemoteWriter {
  /** Hands the batch over (its buffers are gone); resolves when the next one may come. */
  write(batch: Batch): Promise<void>;
  /** No more batches. `result` resolves when the files are finished. */
  finish(): void;
  abort(): void;
  readonly result: Promise<WriteResult>;
}

/** The batches of more columns take far more memory than their bytes: every column has buffers of its own. */
const FEW_COLUMNS = 100;

/** One Worker, as the main thread sees it. */
export class WorkerClient {
  readonly #worker: WorkerThread;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  /** Decoded bytes on their way to the encoder. */
  #inFlight = 0;
  readonly #waiting: (() => void)[] = [];
  #released: (() => void) | null = null;
  #dead: RivetError | null = null;

  constructor(thread: WorkerThread) {
    this.#worker = thread;
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // Its error itself stays in its thread.
      const cause = new Error(event.message);
      const code = refusalBehind(cause) === null ? "INTERNAL" : "NOT_AVAILABLE";
      this.#die(new RivetError(code, `a worker stopped: ${event.message}`, { cause }));
    };
    this.#post({ type: "init", logLevel: logLevel() });
  }

  /** So many bytes will probably come. */
  expect(bytes: number): void {
    this.#worker.expect?.(bytes);
  }

  /**
   * @param limits of what waits for the encoder, of all writers; a batch of a writer without one is let through, and of one
   * that is alone a second.
   */
  openWriter(
    output: OutputSpec,
    onProgress: ProgressHandler,
    { inFlightBytes }: Pick<MemoryShares, "inFlightBytes">,
  ): RemoteWriter {
    const id = this.#nextId++;
    let rows = 0;
    const sizes: number[] = [];
    let failed: RivetError | null = null;
    const result = this.#expect(id, {
      onEncoded: (bytes) => {
        this.#freed(sizes.shift() ?? 0);
        onProgress(rows, bytes);
      },
    });
    const forget = () => this.#freed(sizes.splice(0).reduce((sum, size) => sum + size, 0));
    result.then(forget, (error: RivetError) => {
      failed = error;
      forget();
    });
    const messages = new WriterMessages(
      (message, transfer) => this.#post(message, transfer),
      { id, output, traceparent: telemetry().traceparent() },
    );
    return {
      result,
      write: async (batch) => {
        messages.release();
        const { byteLength } = batch;
        const mayGo = () => {
          if (sizes.length === 0 || this.#inFlight + byteLength <= inFlightBytes) return true;
          // Of a writer alone one waits behind the one that is encoded, which is followed at once.
          const alone = sizes.length === 1 && this.#pending.size === 1;
          return alone && batch.data.length <= FEW_COLUMNS;
        };
        while (failed === null && !mayGo()) {
          await new Promise<void>((resolve) => this.#waiting.push(resolve));
        }
        if (failed !== null) throw failed;
        this.#occupied(byteLength);
        sizes.push(byteLength);
        rows += batch.rows;
        messages.batch(batch);
      },
      finish: () => messages.finish(),
      abort: () => {
        this.#pending.delete(id);
        forget();
        messages.abort();
      },
    };
  }

  extract(
    connect: WorkerConnect,
    job: ReadJob,
    output: OutputSpec,
    onProgress: ProgressHandler,
    signal: AbortSignal,
  ): Promise<WorkerResult> {
    if (signal.aborted) return Promise.reject(interrupted());
    const id = this.#nextId++;
    const abort = () => this.#post({ type: "abort", id });
    signal.addEventListener("abort", abort, { once: true });
    const result = this.#expect(id, { onProgress });
    const traceparent = telemetry().traceparent();
    this.#post({ type: "extract", id, connect, job, output, traceparent });
    return result.finally(() => signal.removeEventListener("abort", abort));
  }

  /** Closes the Worker's connections, after what it is doing. False when the Worker is dead. */
  async release(): Promise<boolean> {
    if (this.#dead === null) {
      const released = new Promise<void>((resolve) => this.#released = resolve);
      this.#post({ type: "release" });
      await released;
    }
    return this.#dead === null;
  }

  /** Ends the Worker at once; `release` it first. */
  close(): void {
    this.#worker.terminate();
  }

  #freed(bytes: number): void {
    this.#occupied(-bytes);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #occupied(bytes: number): void {
    this.#inFlight += bytes;
    if (bytes !== 0) telemetry().change("rivet.encode.in_flight", bytes, {});
  }

  #expect(id: number, handlers: Omit<Pending, "resolve" | "reject">): Promise<WorkerResult> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== null) return reject(this.#dead);
      this.#pending.set(id, { resolve, reject, ...handlers });
    });
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (this.#dead === null) this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "log":
        return relog(message.entry);
      case "released":
        return this.#released?.();
      case "encoded":
        message.buffers.forEach(giveBuffer);
        return this.#pending.get(message.id)?.onEncoded?.(message.bytes);
      case "progress":
        return this.#pending.get(message.id)?.onProgress?.(message.rows, message.bytes);
      case "done":
        // An extraction's answer is a `WorkerResult`; a writer's caller looks at no more than its part.
        this.#pending.get(message.id)?.resolve(message.result as WorkerResult);
        this.#pending.delete(message.id);
        return;
      case "failed":
        this.#pending.get(message.id)?.reject(deserializeError(message.error));
        this.#pending.delete(message.id);
        return;
    }
  }

  #die(error: RivetError): void {
    this.#dead = error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    this.#released?.();
  }
}
