/**
 * One reader of the source and what encodes its rows. Both forms answer the same call, so that
 * `parallel: 1` and `parallel: N` differ only in who decodes.
 */
import { dropBuffers } from "../batch/buffers.ts";
import type { OutputSpec } from "../encode/part_writer.ts";
import { type ReadJob, readJob } from "../extract/read.ts";
import type { SourceSession } from "../access/session.ts";
import type { ProgressHandler, WorkerClient } from "./worker_client.ts";
import type { WorkerPool } from "./worker_pool.ts";
import type { WorkerConnect, WorkerResult } from "./worker_protocol.ts";

/** This thread and one Worker keep so many cores at work. */
const PIPELINED_CORES = 2;

/** Whether so many readers are threads of their own. */
export function areWorkers(wanted: number, cores: number): boolean {
  return wanted > 1 && cores > PIPELINED_CORES;
}

/** How readers reach the source. */
export interface ReaderAccess {
  /** Of the export; the first reader on this thread reads through it. */
  readonly session: SourceSession;
  /** Another one like it. */
  readonly another: () => SourceSession;
  /** How a Worker connects by itself. */
  readonly connect: () => WorkerConnect;
}

/**
 * One reader decodes on this thread and encodes in a Worker; several readers are Workers. With two cores, those
 * share this thread and one Worker: more threads would do the same work in more memory, and compile it anew.
 */
export function openReaders(
  wanted: number,
  cores: number,
  pool: WorkerPool,
  { session, another, connect }: ReaderAccess,
): Extractor[] {
  if (!areWorkers(wanted, cores)) {
    const encoder = new SharedEncoder(pool, wanted);
    return Array.from(
      { length: wanted },
      (_, i) => new PipelinedExtractor(i === 0 ? session : another(), encoder),
    );
  }
  const shared = connect();
  return Array.from({ length: wanted }, () => new WorkerExtractor(pool, shared));
}

/** The Worker of several readers, given back by the last of them. */
class SharedEncoder {
  readonly #pool: WorkerPool;
  readonly worker: WorkerClient;
  #users: number;

  constructor(pool: WorkerPool, users: number) {
    this.#pool = pool;
    this.#users = users;
    this.worker = pool.take();
  }

  async release(): Promise<void> {
    this.#users--;
    if (this.#users === 0) await this.#pool.give(this.worker);
  }
}

/** A unit that was read, while its files are finished. */
export interface Extraction {
  /** Resolves when the unit's files are finished, or rejects with what went wrong while encoding. */
  readonly result: Promise<WorkerResult>;
}

/** A reader; used for one unit at a time. */
export interface Extractor {
  /**
   * Resolves when the source is free for the next unit. After a failure the connection is closed and
   * nothing staged is left; the next call opens a fresh one.
   */
  extract(
    job: ReadJob,
    output: OutputSpec,
    onProgress: ProgressHandler,
    signal: AbortSignal,
  ): Promise<Extraction>;
  close(): Promise<void>;
}

/** Reads and decodes on this thread while the Worker encodes, so that both cores work on one unit. */
class PipelinedExtractor implements Extractor {
  readonly #session: SourceSession;
  readonly #encoder: SharedEncoder;

  constructor(session: SourceSession, encoder: SharedEncoder) {
    this.#session = session;
    this.#encoder = encoder;
  }

  async extract(
    job: ReadJob,
    output: OutputSpec,
    onProgress: ProgressHandler,
    signal: AbortSignal,
  ): Promise<Extraction> {
    const writer = this.#encoder.worker.openWriter(output, onProgress, job.tuning.memory);
    try {
      const read = await this.#session.use((source) => readJob(source, job, writer.write, signal));
      writer.finish();
      return { result: writer.result.then((written) => ({ ...written, ...read })) };
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  async close(): Promise<void> {
    dropBuffers();
    await this.#session.close();
    await this.#encoder.release();
  }
}

/** The Worker connects, decodes and encodes by itself. */
class WorkerExtractor implements Extractor {
  readonly #pool: WorkerPool;
  readonly #worker: WorkerClient;
  readonly #connect: WorkerConnect;

  constructor(pool: WorkerPool, connect: WorkerConnect) {
    this.#pool = pool;
    this.#worker = pool.take();
    this.#connect = connect;
  }

  async extract(
    job: ReadJob,
    output: OutputSpec,
    onProgress: ProgressHandler,
    signal: AbortSignal,
  ): Promise<Extraction> {
    const result = await this.#worker.extract(this.#connect, job, output, onProgress, signal);
    return { result: Promise.resolve(result) };
  }

  close(): Promise<void> {
    return this.#pool.give(this.#worker);
  }
}
