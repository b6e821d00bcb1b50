/** Reading a statement's rows as a stream of batches: reading stops while nobody takes them. */
import type { Batch } from "../../../core/batch/batch.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { delay, interrupted } from "../../../core/base/wait.ts";
import type { Connection } from "./connection.ts";
import { type DecodeOptions, RowDecoder } from "./decode.ts";

/** Ready batches at which reading from the socket stops. */
const BATCHES_AHEAD = 2;
const NEVER = new AbortController().signal;

/** Batches that are ready; the consumer waits on it, the decoder fills it. */
class BatchQueue {
  readonly #ready: Batch[] = [];
  #ended: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  push(batch: Batch): void {
    this.#ready.push(batch);
    this.#wake();
  }

  /** No batch follows; with an error, those that are ready do not matter any more. */
  end(error: unknown): void {
    this.#ended ??= { error };
    this.#wake();
  }

  get length(): number {
    return this.#ready.length;
  }

  /** The next batch, or null after the last one. @throws the error it ended with. */
  async next(): Promise<Batch | null> {
    while (this.#ended === null && this.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    if (this.#ended !== null && this.#ended.error !== null) throw this.#ended.error;
    return this.#ready.shift() ?? null;
  }
}

/**
 * The rows of one batch of SQL. Left early, the statement is cancelled and what is under way dropped, so
 * that the connection can be used again.
 */
export async function* streamBatches(
  connection: Connection,
  sql: string,
  options: DecodeOptions,
  signal?: AbortSignal,
): AsyncGenerator<Batch, void> {
  const queue = new BatchQueue();
  const decoder = new RowDecoder(
    options,
    (batch) => {
      queue.push(batch);
      if (queue.length >= BATCHES_AHEAD) statement.pause();
    },
    (error) => {
      queue.end(error);
    },
  );
  const statement = connection.start(sql, decoder);
  let running = true;
  const finished = statement.done.then(() => decoder.finish()).then(
    () => queue.end(null),
    (error: unknown) => queue.end(error),
  ).then(() => running = false);
  const onAbort = () => queue.end(interrupted());
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    for (;;) {
      if (queue.length < BATCHES_AHEAD) statement.resume();
      const batch = await queue.next();
      if (batch === null) return;
      yield batch;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    decoder.drop();
    if (running) statement.cancel();
    await finished;
    decoder.release();
  }
}

/**
 * `cursor` differs from `statement` in that it is throttled: SQL Server streams both, with flow control.
 * Steps of `fetchRows` would need a server-side cursor, which copies the whole result to tempdb first.
 */
export async function* readBatches(
  connection: Connection,
  sql: string,
  request: ReadRequest,
): AsyncGenerator<Batch, void> {
  const { columns, batchBytes, batchRows, maxValueBytes, checksum, signal } = request;
  if (signal?.aborted) throw interrupted();
  const options = { batchBytes, batchRows, maxValueBytes, checksum, columns: () => columns };
  let first = true;
  for await (const batch of streamBatches(connection, sql, options, signal)) {
    if (!first && request.access === "cursor") await delay(request.throttleMs, signal ?? NEVER);
    first = false;
    yield batch;
  }
}
