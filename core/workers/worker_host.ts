/** The Worker's side: encodes batches that the main thread decoded, or extracts a whole unit itself. */
import { serializeError } from "../base/errors.ts";
import { drainBuffers } from "../batch/buffers.ts";
import { configureLogging } from "../base/log.ts";
import type { OutputSpec } from "../encode/part_writer.ts";
import type { Adapters } from "../ports/adapters.ts";
import { telemetry } from "../ports/telemetry.ts";
import { isStream } from "../ports/destination.ts";
import { UnitWriter } from "../encode/unit_writer.ts";
import { readJob } from "../extract/read.ts";
import { SourceSession } from "../access/session.ts";
import type { FromWorker, ToWorker, WorkerConnect } from "./worker_protocol.ts";

/** What a Worker reaches by itself, a stream included; parts are committed by the main thread. */
export type WorkerAdapters = Pick<Adapters, "source" | "format" | "destination">;

/** A port to the main thread: a Worker's global scope, or a double in tests. */
export interface WorkerPort {
  /** @param transfer buffers that are no longer this thread's */
  post(message: FromWorker, transfer?: ArrayBuffer[]): void;
}

type Extract_ = Extract<ToWorker, { type: "extract" }>;

/** One Worker, as it sees itself. */
export class WorkerHost {
  readonly #adapters: WorkerAdapters;
  readonly #port: WorkerPort;
  readonly #writers = new Map<number, UnitWriter>();
  readonly #aborts = new Map<number, AbortController>();
  /** What the writers' and extractions' spans are part of. */
  readonly #traceparents = new Map<number, string | null>();
  #session: { key: string; session: SourceSession } | null = null;
  /** Messages are handled one after another: a writer's batches must not overtake each other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(adapters: WorkerAdapters, port: WorkerPort) {
    this.#adapters = adapters;
    this.#port = port;
  }

  receive(message: ToWorker): void {
    // An abort overtakes the extraction that it is meant for.
    if (message.type === "abort") this.#aborts.get(message.id)?.abort();
    this.#queue = this.#queue.then(() => this.#handle(message));
  }

  async #handle(message: ToWorker): Promise<void> {
    if (message.type === "init") {
      return configureLogging({
        level: message.logLevel,
        sink: (entry) => this.#port.post({ type: "log", entry }),
      });
    }
    if (message.type === "release") {
      await this.#session?.session.close();
      this.#session = null;
      return this.#port.post({ type: "released" });
    }
    try {
      if ("traceparent" in message) this.#traceparents.set(message.id, message.traceparent);
      const traceparent = this.#traceparents.get(message.id) ?? null;
      await telemetry().within(traceparent, () => this.#perform(message));
    } catch (error) {
      this.#writers.get(message.id)?.abort();
      this.#writers.delete(message.id);
      this.#port.post({ type: "failed", id: message.id, error: serializeError(error) });
    }
    if (message.type !== "open" && message.type !== "batch") this.#traceparents.delete(message.id);
  }

  async #perform(message: Exclude<ToWorker, { type: "release" | "init" }>): Promise<void> {
    const { id } = message;
    const writer = this.#writers.get(id);
    switch (message.type) {
      case "open":
        this.#writers.set(id, await this.#writer(message.output));
        return;
      case "batch":
        // Batches may still be on their way when the writer has failed.
        if (writer === undefined) return;
        await writer.write(message.batch);
        this.#encoded(id, writer.bytesWritten);
        return;
      case "finish":
        if (writer !== undefined) await this.#finish(id, writer);
        return;
      case "whole": {
        const opened = await this.#writer(message.output);
        this.#writers.set(id, opened);
        await opened.write(message.batch);
        return await this.#finish(id, opened);
      }
      case "abort":
        writer?.abort();
        this.#writers.delete(id);
        return;
      case "extract":
        return await this.#extract(message);
    }
  }

  async #finish(id: number, writer: UnitWriter): Promise<void> {
    const result = await writer.finish();
    this.#writers.delete(id);
    this.#port.post({ type: "done", id, result });
  }

  /** What batches lay in goes back to the thread that fills them. */
  #encoded(id: number, bytes: number): void {
    const buffers = drainBuffers();
    this.#port.post({ type: "encoded", id, bytes, buffers }, buffers);
  }

  async #writer(output: OutputSpec): Promise<UnitWriter> {
    const { format, destination } = this.#adapters;
    const stream = output.stagedPath === null ? await destination({ type: "stdout" }) : null;
    return new UnitWriter(
      await format(output.format),
      output,
      stream !== null && isStream(stream) ? stream : null,
    );
  }

  async #extract(message: Extract_): Promise<void> {
    const { id, job, output } = message;
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    const writer = await this.#writer(output);
    this.#writers.set(id, writer);
    let rows = 0;
    try {
      const session = await this.#sessionFor(message.connect);
      const read = await session.use((source) =>
        readJob(
          source,
          job,
          async (batch) => {
            rows += batch.rows;
            await writer.write(batch);
            this.#port.post({ type: "progress", id, rows, bytes: writer.bytesWritten });
          },
          abort.signal,
        )
      );
      const written = await writer.finish();
      this.#writers.delete(id);
      this.#port.post({ type: "done", id, result: { ...written, ...read } });
    } finally {
      this.#aborts.delete(id);
    }
  }

  /** A Worker keeps its connection from unit to unit, until a unit needs another one. */
  async #sessionFor(connect: WorkerConnect): Promise<SourceSession> {
    const key = JSON.stringify(connect);
    if (this.#session?.key === key) return this.#session.session;
    await this.#session?.session.close();
    const session = new SourceSession(
      () => this.#adapters.source(connect.source.type),
      () => connect,
    );
    this.#session = { key, session };
    return session;
  }
}
