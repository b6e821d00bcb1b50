/**
 * Reading a statement's rows. The protocol has no cursor that works through a plain statement, so both
 * ways of access are one stream, and the server is held back while nobody takes the batches.
 */
import type { Batch } from "../../../core/batch/batch.ts";
import { SourceError } from "../../../core/base/errors.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { delay, interrupted } from "../../../core/base/wait.ts";
import { Grace } from "../kit/grace.ts";
import { StatementClock } from "../kit/statement_clock.ts";
import type { Connection, RowStream } from "./connection.ts";
import { RowDecoder } from "./decode.ts";
import type { NativeField } from "./fields.ts";
import { kernels } from "./kernel/kernel.ts";
import { RowPackets } from "./rows.ts";

/** Batches decoded ahead of the one that is being worked on. */
const AHEAD = 1;
/** The longest silence of a server whose statement was cancelled; then it is left. */
const DRAIN_MS = 5000;
const NEVER = new AbortController().signal;

function checkAborted(request: ReadRequest): void {
  if (request.signal?.aborted) throw interrupted();
}

function checkFields(request: ReadRequest, fields: readonly NativeField[]): void {
  const names = (list: readonly { readonly name: string }[]) => list.map((c) => c.name).join(", ");
  if (names(fields) === names(request.columns)) return;
  throw new SourceError(
    "SOURCE_QUERY",
    `the statement has the columns ${names(fields)} instead of ${names(request.columns)}`,
    { hint: "Did the table change while it was read? Run the export again." },
  );
}

/** What arrives, until somebody waits for it. */
class Arrivals {
  /** Runs while rows are waited for. */
  readonly #clock: StatementClock;
  readonly decoder: RowDecoder;
  readonly stream: RowStream;
  readonly #packets: RowPackets;
  #failure: { readonly error: unknown } | null = null;
  #ended = false;
  #paused = false;
  #wake = () => {};

  constructor(connection: Connection, request: ReadRequest) {
    const decoder = new RowDecoder(request);
    this.decoder = decoder;
    this.#clock = new StatementClock(connection.statementTimeoutS * 1000, () => {
      this.#failure ??= { error: connection.statementTimedOut() };
      this.#wake();
    });
    this.#clock.pause();
    const kernel = kernels.open();
    const limits = {
      columnNames: request.columns.map(({ name }) => name),
      maxValueBytes: request.maxValueBytes,
    };
    const packets = new RowPackets(limits, kernel);
    this.#packets = packets;
    this.stream = connection.stream(request.sql, {
      packets,
      fields: (fields) => this.#attempt(() => checkFields(request, fields)),
      rows: (laidOut) => {
        if (this.#failure === null) this.#attempt(() => decoder.decode(laidOut));
        if (decoder.full.length === 0) return;
        this.#wake();
        if (decoder.full.length <= AHEAD || this.#paused) return;
        this.#paused = true;
        this.stream.pause();
      },
      failed: (error) => this.#fail(error),
    });
    this.stream.done.then(() => this.#ended = true, (error) => this.#failure ??= { error })
      .finally(() => {
        packets.release();
        if (kernel !== null) kernels.close(kernel);
        this.#wake();
      });
  }

  /** The next full batch, or null when the rows have ended. */
  async next(): Promise<Batch | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const batch = this.decoder.full.shift();
      if (batch !== undefined) return batch;
      if (this.#ended) return null;
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      this.resume();
      this.#clock.resume();
      await woken;
      this.#clock.pause();
    }
  }

  /** Takes no more rows: what still arrives is dropped. Resolves when the stream is over. */
  async drop(): Promise<void> {
    this.#packets.skip();
    this.resume();
    await this.stream.done;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.stream.resume();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Rows keep coming after it, until the statement is cancelled. */
  #fail(error: unknown): void {
    this.#packets.skip();
    this.#failure ??= { error };
    this.#wake();
  }
}

/** Ends the statement at the server and drops what it has sent, so that the connection is free. */
async function drop(connection: Connection, arrivals: Arrivals): Promise<void> {
  const grace = new Grace();
  grace.begin({
    silenceMs: DRAIN_MS,
    received: () => connection.receivedBytes,
    give: () => connection.destroy(),
  });
  try {
    await connection.cancel();
  } catch {
    // No kill got through: the server stops with the next row that it cannot send.
    connection.destroy();
  }
  try {
    await arrivals.drop();
  } catch {
    // Usually the cancellation itself; nobody waits for this statement's result any more.
  }
  grace.end();
}

/** Reads inside the transaction that is open. Left early, the statement is cancelled at the server. */
export async function* readBatches(
  connection: Connection,
  request: ReadRequest,
): AsyncGenerator<Batch, void> {
  checkAborted(request);
  const { signal } = request;
  const arrivals = new Arrivals(connection, request);
  let complete = false;
  const dropped = Promise.withResolvers<void>();
  let dropping = false;
  const cancel = () => {
    if (dropping || complete) return;
    dropping = true;
    drop(connection, arrivals).then(dropped.resolve);
  };
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (let batch = await arrivals.next(); batch !== null; batch = await arrivals.next()) {
      yield batch;
      checkAborted(request);
      if (request.access === "cursor") await delay(request.throttleMs, signal ?? NEVER);
    }
    complete = true;
    const last = arrivals.decoder.finish();
    yield* arrivals.decoder.full;
    if (last !== null) yield last;
  } catch (error) {
    throw signal?.aborted ? interrupted() : error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    if (!complete) {
      cancel();
      await dropped.promise;
    }
  }
}
