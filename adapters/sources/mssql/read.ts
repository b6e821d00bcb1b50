/** Reading a statement's rows as a stream of batches: nothing is read while nobody takes them. */
import type { Batch } from "../../../core/batch/batch.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { delay, interrupted } from "../../../core/base/wait.ts";
import type { Connection } from "./connection.ts";
import { type DecodeOptions, RowDecoder } from "./decode.ts";

const NEVER = new AbortController().signal;

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
  const ready: Batch[] = [];
  let failure: { readonly error: unknown } | null = null;
  const decoder = new RowDecoder(
    options,
    (batch) => ready.push(batch),
    (error) => failure = { error },
  );
  const statement = connection.start(sql, decoder);
  const check = () => {
    if (signal?.aborted) throw interrupted();
    if (failure !== null) throw failure.error;
  };
  const onAbort = () => statement.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    for (let more = true; more;) {
      try {
        more = await statement.more();
        if (!more) decoder.finish();
      } catch (error) {
        check();
        throw error;
      }
      check();
      while (ready.length > 0) {
        yield ready.shift() as Batch;
        check();
      }
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    decoder.drop();
    await statement.stop();
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
