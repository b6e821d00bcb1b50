/** Reading one unit of an export: a chunk's statement, a whole table in pages, or a cursor. */
import type { Batch } from "../batch/batch.ts";
import { valueText } from "../batch/values.ts";
import type { Tuning } from "../config/tuning.ts";
import type { ReadRequest, Source } from "../ports/source.ts";
import { type PageShape, pageSql } from "../query/page.ts";
import type { Column } from "../types/types.ts";
import { BatchMemoryGuard, waitForMemory } from "./memory.ts";
import { delay, throwIfAborted } from "./wait.ts";

const MB = 1024 * 1024;
/** Batches stay small whatever the fetch size is: encoding starts while more rows arrive. */
const BATCH_BYTES = 16 * MB;
const BATCH_ROWS = 65_536;
const FIRST_PAGE_ROWS = 10_000;
const MAX_PAGE_ROWS = 500_000;

export type ReadSpec =
  /** One statement, bounded by its chunk. */
  | { readonly kind: "statement"; readonly sql: string }
  /** A statement without a key to page by: read through a server-side cursor. */
  | { readonly kind: "cursor"; readonly sql: string }
  /** A whole table in keyset pages that see one snapshot. */
  | {
    readonly kind: "pages";
    readonly shape: PageShape;
    readonly selectList: readonly string[];
  };

/** Structured-clone safe. */
export interface ReadJob {
  readonly spec: ReadSpec;
  readonly columns: readonly Column[];
  readonly tuning: Tuning;
  readonly maxFileBytes: number | null;
}

export type BatchSink = (batch: Batch) => Promise<void>;

interface Reading {
  readonly source: Source;
  readonly job: ReadJob;
  readonly sink: BatchSink;
  readonly signal: AbortSignal;
  readonly guard: BatchMemoryGuard;
}

/** What one statement gave. */
interface StatementResult {
  readonly rows: number;
  readonly bytes: number;
  /** Of `pages`: where the next one starts. */
  readonly lastKey: string | null;
}

function request(reading: Reading, sql: string, access: ReadRequest["access"]): ReadRequest {
  const { job, guard, signal } = reading;
  const { tuning, maxFileBytes } = job;
  const split = maxFileBytes === null ? BATCH_BYTES : Math.max(64 * 1024, maxFileBytes);
  return {
    sql,
    columns: job.columns,
    access,
    fetchRows: tuning.batchRows,
    batchBytes: guard.targetBytes(Math.min(BATCH_BYTES, tuning.batchBytes, split)),
    batchRows: tuning.batchRows === 0 ? BATCH_ROWS : Math.min(BATCH_ROWS, tuning.batchRows),
    throttleMs: tuning.throttleMs,
    maxValueBytes: tuning.maxValueMb * MB,
    signal,
  };
}

async function readStatement(reading: Reading, req: ReadRequest): Promise<StatementResult> {
  let rows = 0;
  let bytes = 0;
  let lastKeyText: string | null = null;
  for await (const batch of reading.source.read(req)) {
    throwIfAborted(reading.signal);
    reading.guard.check(batch);
    await waitForMemory(reading.job.tuning, reading.signal);
    rows += batch.rows;
    bytes += batch.byteLength;
    lastKeyText = lastKey(batch, reading.job.spec);
    await reading.sink(batch);
  }
  return { rows, bytes, lastKey: lastKeyText };
}

/** The key of a batch's last row, read before the sink takes the buffers away. */
function lastKey(batch: Batch, spec: ReadSpec): string | null {
  if (spec.kind !== "pages" || batch.rows === 0) return null;
  const index = batch.columns.findIndex((c) => c.name === spec.shape.key);
  return valueText(batch.columns[index].type, batch.data[index], batch.rows - 1);
}

async function readPages(
  reading: Reading,
  spec: Extract<ReadSpec, { kind: "pages" }>,
): Promise<number> {
  const { source, job: { tuning }, signal } = reading;
  let total = 0;
  let after: string | null = null;
  let pageRows = tuning.batchRows > 0 ? tuning.batchRows : FIRST_PAGE_ROWS;
  // On a failure the session closes the source, and the transaction with it.
  await source.beginSnapshot();
  for (;;) {
    const sql = pageSql(source.dialect, spec.shape, after, pageRows, spec.selectList);
    const req = request(reading, sql, "statement");
    const page: StatementResult = await readStatement(reading, req);
    total += page.rows;
    if (page.rows < pageRows) break;
    after = page.lastKey;
    if (tuning.batchRows === 0) {
      const fits = Math.floor(tuning.batchBytes / Math.max(1, page.bytes / page.rows));
      pageRows = Math.max(1, Math.min(fits, MAX_PAGE_ROWS));
    }
    await delay(tuning.throttleMs, signal);
  }
  await source.endSnapshot();
  return total;
}

/**
 * Reads a job's rows into `sink`, in order. Returns the number of rows.
 * A chunk is one COPY-like statement unless the tuning asks for a fixed `batch_size`: then it is
 * fetched in steps of that many rows, with the throttle between them.
 */
export async function readJob(
  source: Source,
  job: ReadJob,
  sink: BatchSink,
  signal: AbortSignal,
): Promise<number> {
  const guard = new BatchMemoryGuard(job.tuning);
  const reading: Reading = { source, job, sink, signal, guard };
  switch (job.spec.kind) {
    case "statement": {
      const access = job.tuning.batchRows > 0 ? "cursor" : "statement";
      return (await readStatement(reading, request(reading, job.spec.sql, access))).rows;
    }
    case "cursor":
      return (await readStatement(reading, request(reading, job.spec.sql, "cursor"))).rows;
    case "pages":
      return await readPages(reading, job.spec);
  }
}
