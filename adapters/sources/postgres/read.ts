/** Reading a statement's rows: binary COPY, or a cursor in steps. Both give the same batches. */
import type { Batch } from "../../../core/batch/batch.ts";
import type { ReadRequest } from "../../../core/ports/source.ts";
import { delay, interrupted } from "../../../core/base/wait.ts";
import type { Connection, Surrounding } from "./connection.ts";
import { RowDecoder } from "./decode.ts";
import { RecordForm, recordTypes } from "./checksum.ts";
import { HashForm } from "./hash_form.ts";
import { hashesAlike } from "./hash_check.ts";
import type { RowStream } from "./row_stream.ts";
import type { RowLimits } from "../kit/block.ts";

/** Nothing is known of the width yet: of values of 1 MB, 100 MB are a statement of a second. */
const FIRST_FETCH_ROWS = 100;
/** Keeps a FETCH well below half a second on narrow rows. */
const MAX_FETCH_ROWS = 50_000;
/** What one FETCH has brought is held back up to here, so that its statement ends before it is worked on. */
const HELD_BATCHES = 2;
const CURSOR = "_rivet_cursor";
const NEVER = new AbortController().signal;

function checkAborted(request: ReadRequest): void {
  if (request.signal?.aborted) throw interrupted();
}

function limitsOf({ columns, maxValueBytes }: ReadRequest): RowLimits {
  return { columnNames: columns.map(({ name }) => name), maxValueBytes };
}

async function openDecoder(connection: Connection, request: ReadRequest): Promise<RowDecoder> {
  const { checksum, columns, sql } = request;
  if (checksum === undefined) return new RowDecoder(request);
  if (await hashesAlike(connection)) {
    return new RowDecoder(request, new HashForm(checksum, columns));
  }
  const types = await recordTypes((text) => connection.rows(text), sql, columns);
  return new RowDecoder(request, new RecordForm(checksum, types));
}

/**
 * The batches that become full, held back until there are `held` of them. Left early, the statement is
 * ended, and what is under way dropped.
 */
async function* decodeAll(
  stream: RowStream,
  decoder: RowDecoder,
  request: ReadRequest,
  held: number,
): AsyncGenerator<Batch, void> {
  const full: Batch[] = [];
  let complete = false;
  try {
    for (;;) {
      const rows = await stream.next();
      if (rows === null) break;
      full.push(...decoder.decode(rows));
      if (full.length < held) continue;
      for (const batch of full.splice(0)) {
        yield batch;
        checkAborted(request);
      }
    }
    complete = true;
  } finally {
    if (!complete) await stream.drop();
  }
  for (const batch of full) {
    yield batch;
    checkAborted(request);
  }
}

/** One statement, as a stream. */
async function* readCopy(
  connection: Connection,
  request: ReadRequest,
  around?: Surrounding,
): AsyncGenerator<Batch, void> {
  const decoder = await openDecoder(connection, request);
  const stream = connection.copyOut(request.sql, limitsOf(request), around);
  yield* decodeAll(stream, decoder, request, 1);
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
  const limits = limitsOf(request);
  await connection.run([`DECLARE ${CURSOR} NO SCROLL CURSOR FOR\n${request.sql}`]);
  for (;;) {
    const before = decoder.rows;
    const wanted = nextFetchRows(request, decoder);
    const stream = connection.binaryRows(`FETCH ${wanted} FROM ${CURSOR}`, limits);
    yield* decodeAll(stream, decoder, request, HELD_BATCHES);
    if (decoder.rows - before < wanted) break;
    checkAborted(request);
    await delay(request.throttleMs, request.signal ?? NEVER);
  }
  const last = decoder.finish();
  if (last !== null) yield last;
  await connection.run([`CLOSE ${CURSOR}`]);
}

/** Reads inside the transaction that is open. An abort ends the statement at the server. */
export async function* readBatches(
  connection: Connection,
  request: ReadRequest,
): AsyncGenerator<Batch, void> {
  checkAborted(request);
  const read = { statement: readCopy, cursor: readCursor }[request.access];
  yield* connection.until(request.signal, read(connection, request));
}

/** Whether `request` is one statement, before which nothing is asked: its transaction can be one flight with it. */
export function isOneFlight({ access, checksum }: ReadRequest): boolean {
  return access === "statement" && checksum === undefined;
}

/** As `readBatches`, in a transaction that begins and ends with the statement. */
export async function* readInFlight(
  connection: Connection,
  request: ReadRequest,
  transaction: Surrounding,
): AsyncGenerator<Batch, void> {
  checkAborted(request);
  yield* connection.until(request.signal, readCopy(connection, request, transaction));
}
