/** Reading one unit of an export: a chunk's statement, a key range in pages, or a cursor. */
import type { Batch } from "../batch/batch.ts";
import { keepBuffers } from "../batch/buffers.ts";
import { valueText } from "../batch/values.ts";
import type { Tuning } from "../config/tuning.ts";
import type { ReadRequest, Source } from "../ports/source.ts";
import { checksumObstacle } from "../query/checksum.ts";
import { COALESCED_CURSOR } from "../query/cursor.ts";
import { RivetError } from "../base/errors.ts";
import { pageEndSql, pageSql, wholePageSql } from "../query/page.ts";
import type { ReadSpec } from "../query/unit_read.ts";
import type { Column } from "../types/types.ts";
import { RowChecksum } from "../batch/row_checksum.ts";
import { accessOf, firstPageRows, fixedPageRows } from "./first_statement.ts";
import { BatchMemoryGuard, waitForMemory } from "./memory.ts";
import { PaceCell, type PaceMemory } from "./pace_cell.ts";
import { ReadClock, type ReadTimes } from "./read_clock.ts";
import { TieFilter, type TieSpec } from "./ties.ts";
import { delay, throwIfAborted } from "../base/wait.ts";

const MB = 1024 * 1024;
const BATCH_ROWS = 16_384;
const MIN_BATCH_BYTES = 16 * 1024;
const MAX_PAGE_ROWS = 500_000;

/** Structured-clone safe. */
export interface ReadJob {
  readonly spec: ReadSpec;
  /** As selected; the coalesced cursor, when it is there, does not reach the sink (CC5). */
  readonly columns: readonly Column[];
  /** The column whose last value that is not NULL is asked for: the incremental cursor. */
  readonly watch: string | null;
  /** Rows at the watched column's first value that are not written again; null: all are written. */
  readonly ties: TieSpec | null;
  /** Hash every row as it is received. */
  readonly checksum: boolean;
  readonly tuning: Tuning;
  readonly maxFileBytes: number | null;
  /** Where the pace is found, and left how long statements took; absent: as the tuning says. */
  readonly pace?: PaceMemory;
}

/** What a read came to, counted over all of its statements. */
export interface ReadResult {
  /** That went to the sink. */
  readonly rows: number;
  /** Of the watched column, in the order of the statement; null when there was none. */
  readonly lastValue: string | null;
  /** Rows that were left out because an earlier run exported them. */
  readonly dropped: number;
  /** The rows at `lastValue` (`ReadJob.ties`); null when not asked for, or too many to remember. */
  readonly lastTies: readonly string[] | null;
  /** Of all rows that were received (`RowChecksum`); null when not asked for, or not to be had. */
  readonly checksum: string | null;
}

/** What `readJob` came to, and where its time went. */
export interface TimedRead extends ReadResult {
  readonly times: ReadTimes;
}

export type BatchSink = (batch: Batch) => Promise<void>;

interface Reading {
  readonly source: Source;
  readonly job: ReadJob;
  /** Column that the last value of is kept: the page's key, or `job.watch`. */
  readonly watch: string | null;
  readonly sink: BatchSink;
  readonly signal: AbortSignal;
  readonly guard: BatchMemoryGuard;
  readonly ties: TieFilter | null;
  readonly checksum: RowChecksum | null;
  readonly pace: PaceCell | null;
  readonly clock: ReadClock;
}

interface StatementResult extends Omit<ReadResult, "checksum"> {
  readonly bytes: number;
}

function request(reading: Reading, sql: string, access: ReadRequest["access"]): ReadRequest {
  const { job, guard, signal } = reading;
  const { tuning, maxFileBytes } = job;
  const now = () => pacedTuning(reading);
  // Parts are split between batches: small ones keep a part near its limit.
  const split = maxFileBytes === null ? Infinity : Math.max(MIN_BATCH_BYTES, maxFileBytes / 8);
  return {
    sql,
    columns: job.columns,
    access,
    // Asked before every FETCH: the pace may have changed since.
    get fetchRows() {
      return now().batchRows;
    },
    get batchBytes() {
      return guard.targetBytes(Math.min(tuning.memory.batchBytes, now().batchBytes, split));
    },
    batchRows: tuning.batchRows === 0 ? BATCH_ROWS : Math.min(BATCH_ROWS, tuning.batchRows),
    throttleMs: tuning.throttleMs,
    maxValueBytes: tuning.maxValueMb * MB,
    ...(reading.checksum === null ? {} : { checksum: reading.checksum }),
    signal,
  };
}

/** The tuning of the moment. */
function pacedTuning({ job: { tuning }, pace }: Reading): Tuning {
  return pace === null ? tuning : pace.paced(tuning);
}

/** At less than the full pace a long statement is fetched in steps, each a short one. */
function accessNow({ job: { tuning }, pace }: Reading, spec: ReadSpec): ReadRequest["access"] {
  const slowed = pace !== null && pace.share < 1 && spec.kind !== "pages";
  return slowed ? "cursor" : accessOf(spec, tuning);
}

async function readStatement(reading: Reading, req: ReadRequest): Promise<StatementResult> {
  const clock = reading.clock.statement(req);
  let rows = 0;
  let bytes = 0;
  let lastValue: string | null = null;
  for await (const batch of reading.source.read(req)) {
    clock.answered();
    throwIfAborted(reading.signal);
    reading.guard.check(batch);
    await reading.clock.rested(waitForMemory(reading.job.tuning, reading.signal));
    bytes += batch.byteLength;
    // Read before the sink takes the buffers away.
    if (reading.watch !== null) lastValue = lastValueOf(batch, reading.watch) ?? lastValue;
    const kept = reading.ties?.apply(batch) ?? batch;
    rows += kept.rows;
    if (kept.rows > 0) await reading.sink(withoutCoalescedCursor(kept));
    clock.goOn();
  }
  clock.answered();
  const { dropped = 0, last: lastTies = null } = reading.ties ?? {};
  return { rows, bytes, lastValue, dropped, lastTies };
}

function lastValueOf(batch: Batch, column: string): string | null {
  const index = batch.columns.findIndex((c) => c.name === column);
  for (let row = batch.rows - 1; row >= 0; row--) {
    const text = valueText(batch.columns[index].type, batch.data[index], row);
    if (text !== null) return text;
  }
  return null;
}

function withoutCoalescedCursor(batch: Batch): Batch {
  const last = batch.columns.length - 1;
  if (batch.columns[last].name !== COALESCED_CURSOR) return batch;
  return { ...batch, columns: batch.columns.slice(0, last), data: batch.data.slice(0, last) };
}

/** The next page's statement, and the key that it ends at where that is known before. Null: none is left. */
async function pageEnd(
  { source, clock }: Reading,
  { shape, selectList }: PagesSpec,
  after: string | null,
  pageRows: number,
): Promise<{ readonly sql: string; readonly key?: string } | null> {
  const { dialect } = source;
  if (shape.unique) return { sql: pageSql(dialect, shape, after, pageRows, selectList) };
  // Rows that are equal in the key must not be cut apart: the page ends with the last of them.
  const [end] = await clock.asked(source.rows(pageEndSql(dialect, shape, after, pageRows)));
  const key = end?.[0] ?? null;
  return key === null ? null : { sql: wholePageSql(dialect, shape, after, key, selectList), key };
}

type PagesSpec = Extract<ReadSpec, { kind: "pages" }>;

async function readPages(
  reading: Reading,
  spec: PagesSpec,
): Promise<Omit<ReadResult, "checksum">> {
  const { source, job: { tuning }, signal } = reading;
  const fixedRows = fixedPageRows(spec, tuning);
  let rows = 0;
  let after = spec.shape.after;
  let pageRows = firstPageRows(spec, tuning);
  // On a failure the session closes the source, and the transaction with it.
  await source.beginSnapshot();
  for (;;) {
    const wanted = reading.pace?.rows(pageRows) ?? pageRows;
    const end = await pageEnd(reading, spec, after, wanted);
    if (end === null) break;
    const page: StatementResult = await readStatement(
      reading,
      request(reading, end.sql, "statement"),
    );
    rows += page.rows;
    if (end.key === undefined && page.rows < wanted) break;
    const last: string | null = end.key ?? page.lastValue;
    if (last === after) throw stuckPages(spec.shape.key, after);
    after = last;
    if (fixedRows === null) {
      const fits = Math.floor(tuning.batchBytes / Math.max(1, page.bytes / page.rows));
      pageRows = Math.max(1, Math.min(fits, MAX_PAGE_ROWS));
    }
    await reading.clock.rested(delay(tuning.throttleMs, signal));
  }
  await source.endSnapshot();
  return { rows, lastValue: null, dropped: 0, lastTies: null };
}

/** Where rows lie does not change meanwhile: whoever planned it holds a snapshot. */
async function readBlocks(
  reading: Reading,
  spec: Extract<ReadSpec, { kind: "blocks" }>,
): Promise<Omit<ReadResult, "checksum">> {
  const { tuning } = reading.job;
  let rows = 0;
  for (const [i, sql] of spec.sql.entries()) {
    if (i > 0) await reading.clock.rested(delay(tuning.throttleMs, reading.signal));
    rows += (await readStatement(reading, request(reading, sql, accessNow(reading, spec)))).rows;
  }
  return { rows, lastValue: null, dropped: 0, lastTies: null };
}

/** The server does not find the key behind itself: what follows would be this page for ever. */
function stuckPages(key: string, value: string | null): RivetError {
  return new RivetError(
    "INTERNAL",
    `the page of rows after '${key}' = ${value ?? "NULL"} ends where it began`,
    { hint: "Choose another key, or read the export without pages: mode: full." },
  );
}

/**
 * Reads a job's rows into `sink`, in order.
 * A chunk is one COPY-like statement unless the tuning asks for a fixed `batch_size`: then it is
 * fetched in steps of that many rows, with the throttle between them.
 */
export async function readJob(
  source: Source,
  job: ReadJob,
  sink: BatchSink,
  signal: AbortSignal,
): Promise<TimedRead> {
  const guard = new BatchMemoryGuard(job.tuning);
  keepBuffers(job.tuning.memory.keptBytes);
  const { spec } = job;
  const watch = spec.kind === "pages" ? spec.shape.key : job.watch;
  const ties = job.ties === null || watch === null ? null : new TieFilter(job.ties, watch);
  const hashes = job.checksum && checksumObstacle(source, job.columns) === null;
  const checksum = hashes ? new RowChecksum() : null;
  const pace = job.pace === undefined ? null : new PaceCell(job.pace);
  const clock = new ReadClock(pace);
  const reading: Reading = { source, job, watch, sink, signal, guard, ties, checksum, pace, clock };
  const { rows, lastValue, dropped, lastTies } = await readSpec(reading, spec);
  return {
    rows,
    lastValue,
    dropped,
    lastTies,
    checksum: checksum?.sum ?? null,
    times: clock.times,
  };
}

function readSpec(
  reading: Reading,
  spec: ReadSpec,
): Promise<Omit<ReadResult, "checksum">> {
  switch (spec.kind) {
    case "statement":
    case "cursor":
      return readStatement(reading, request(reading, spec.sql, accessNow(reading, spec)));
    case "blocks":
      return readBlocks(reading, spec);
    case "pages":
      return readPages(reading, spec);
  }
}
