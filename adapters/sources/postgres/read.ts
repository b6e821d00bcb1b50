/** Reading a statement's rows: binary COPY, or a binary cursor in steps. Both give the same batches. */
import type { Batch } from "../../../core/batch/batch.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { delay, interrupted } from "../../../core/base/wait.ts";
import type { Connection } from "./connection.ts";
import { RowDecoder } from "./decode.ts";
import { RecordForm, recordTypes } from "./checksum.ts";

/** Decoding starts at this many gathered bytes: hundreds of usual rows per loop. */
const DECODE_BYTES = 64 * 1024;
const FIRST_FETCH_ROWS = 1000;
/** Keeps a FETCH well below half a second on narrow rows. */
const MAX_FETCH_ROWS = 50_000;
const CURSOR = "_rivet_cursor";
const NEVER = new AbortController().signal;

function checkAborted(request: ReadRequest): void {
  if (request.signal?.aborted) throw interrupted();
}

async function openDecoder(connection: Connection, request: ReadRequest): Promise<RowDecoder> {
  const { checksum, columns, sql } = request;
  if (checksum === undefined) return new RowDecoder(request);
  const types = await recordTypes((text) => connection.rows(text), sql, columns);
  return new RowDecoder(request, new RecordForm(checksum, types));
}

/** One statement, as a stream. Left early, the statement is cancelled and what is under way dropped. */
async function* readCopy(
  connection: Connection,
  request: ReadRequest,
): AsyncGenerator<Batch, void> {
  const decoder = await openDecoder(connection, request);
  const { tuples } = decoder;
  const stream = await connection.copyOut(`COPY (\n${request.sql}\n) TO STDOUT (FORMAT binary)`);
  let headed = false;
  const onPiece = (piece: Uint8Array): boolean => {
    tuples.append(piece);
    headed ||= tuples.skipCopyHeader();
    return tuples.pending >= DECODE_BYTES;
  };
  let complete = false;
  try {
    while (await stream.read(onPiece)) {
      for (const batch of decoder.decode()) {
        yield batch;
        checkAborted(request);
      }
      checkAborted(request);
    }
    complete = true;
  } finally {
    if (!complete) {
      await connection.cancel();
      await stream.drop();
    }
  }
  yield* decoder.decode();
  const last = decoder.finish();
  if (last !== null) yield last;
}

function nextFetchRows(request: ReadRequest, decoder: RowDecoder): number {
  if (request.fetchRows > 0) return request.fetchRows;
  if (decoder.rows === 0) return FIRST_FETCH_ROWS;
  const width = Math.max(1, decoder.bytes / decoder.rows);
  return Math.max(1, Math.min(MAX_FETCH_ROWS, Math.floor(request.batchBytes / width)));
}

/** In steps of FETCH, each a short statement. */
async function* readCursor(
  connection: Connection,
  request: ReadRequest,
): AsyncGenerator<Batch, void> {
  const decoder = await openDecoder(connection, request);
  const { tuples } = decoder;
  await connection.exec(`DECLARE ${CURSOR} BINARY NO SCROLL CURSOR FOR\n${request.sql}`);
  for (;;) {
    const full: Batch[] = [];
    const wanted = nextFetchRows(request, decoder);
    const fetched = await connection.forEachRow(`FETCH ${wanted} FROM ${CURSOR}`, (row) => {
      tuples.appendRow(row);
      if (tuples.pending >= DECODE_BYTES) full.push(...decoder.decode());
    });
    full.push(...decoder.decode());
    for (const batch of full) {
      yield batch;
      checkAborted(request);
    }
    if (fetched < wanted) break;
    checkAborted(request);
    await delay(request.throttleMs, request.signal ?? NEVER);
  }
  const last = decoder.finish();
  if (last !== null) yield last;
  await connection.exec(`CLOSE ${CURSOR}`);
}

/** Reads inside the transaction that is open. An abort cancels the statement at the server. */
export async function* readBatches(
  connection: Connection,
  request: ReadRequest,
): AsyncGenerator<Batch, void> {
  checkAborted(request);
  const { signal } = request;
  let cancelled: Promise<void> | null = null;
  const onAbort = () => {
    // When no cancel request gets through, closing the connection ends the statement all the same.
    cancelled = connection.cancel().catch(() => {});
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    switch (request.access) {
      case "statement":
        yield* readCopy(connection, request);
        break;
      case "cursor":
        yield* readCursor(connection, request);
        break;
    }
  } catch (error) {
    throw signal?.aborted ? interrupted() : error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await cancelled;
  }
}
