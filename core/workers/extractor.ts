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

/** One reader decodes on this thread and encodes in a Worker; several readers are Workers. */
export function openReaders(
  wanted: number,
  session: SourceSession,
  pool: WorkerPool,
  connect: () => WorkerConnect,
): Extractor[] {
  if (wanted <= 1) return [new PipelinedExtractor(session, pool)];
  const shared = connect();
  return Array.from({ length: wanted }, () => new WorkerExtractor(pool, shared));
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
export class PipelinedExtractor implements Extractor {
  readonly #session: SourceSession;
  readonly #pool: WorkerPool;
  readonly #worker: WorkerClient;

  constructor(session: SourceSession, pool: WorkerPool) {
    this.#session = session;
    this.#pool = pool;
    this.#worker = pool.take();
  }

  async extract(
    job: ReadJob,
    output: OutputSpec,
    onProgress: ProgressHandler,
    signal: AbortSignal,
  ): Promise<Extraction> {
    const writer = this.#worker.openWriter(output, onProgress);
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
    await this.#pool.give(this.#worker);
  }
}

/** The Worker connects, decodes and encodes by itself. */
export class WorkerExtractor implements Extractor {
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
