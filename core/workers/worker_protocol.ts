/** Messages between the main thread and a Worker. Everything in them is structured-clone safe. */
import type { Batch } from "../batch/batch.ts";
import type { SourceConfig } from "../config/schema.ts";
import type { Tuning } from "../config/tuning.ts";
import type { SerializedError } from "../base/errors.ts";
import type { LogEntry, LogLevel } from "../base/log.ts";
import type { OutputSpec } from "../encode/part_writer.ts";
import type { ReadJob, TimedRead } from "../extract/read.ts";
import type { WriteResult } from "../encode/unit_writer.ts";

/** How a Worker reaches the source by itself (`parallel`). */
export interface WorkerConnect {
  readonly source: SourceConfig;
  readonly tuning: Tuning;
  readonly applicationName: string;
  /** The shared snapshot that its connection joins. */
  readonly snapshot: string | null;
}

/**
 * `id` names one writer or one extraction; ids are never used twice in a Worker's life.
 * Encoding: `open`, `batch`*, then `finish` or `abort`; or `whole`. Extraction: `extract`, perhaps `abort`.
 */
export type ToWorker =
  /** Always the first message. */
  | { readonly type: "init"; readonly logLevel: LogLevel }
  | {
    readonly type: "open";
    readonly id: number;
    readonly output: OutputSpec;
    /** Of the span that all messages of the writer are part of; null: nobody traces. */
    readonly traceparent: string | null;
  }
  | { readonly type: "batch"; readonly id: number; readonly batch: Batch }
  | { readonly type: "finish"; readonly id: number }
  /** All three of a writer with one small batch: a message costs more than such a batch does. */
  | {
    readonly type: "whole";
    readonly id: number;
    readonly output: OutputSpec;
    readonly batch: Batch;
    readonly traceparent: string | null;
  }
  | { readonly type: "abort"; readonly id: number }
  | {
    readonly type: "extract";
    readonly id: number;
    readonly connect: WorkerConnect;
    readonly job: ReadJob;
    readonly output: OutputSpec;
    readonly traceparent: string | null;
  }
  /** Close connections, answer `released`, wait for more. */
  | { readonly type: "release" };

/** What a Worker answers; `id` is that of the message which it is about. */
export type FromWorker =
  /** One `batch` was encoded, which of a `whole` is not told: `buffers` are free. `bytes` is the writer's encoded total. */
  | {
    readonly type: "encoded";
    readonly id: number;
    readonly bytes: number;
    readonly buffers: readonly ArrayBuffer[];
  }
  | {
    readonly type: "progress";
    readonly id: number;
    readonly rows: number;
    readonly bytes: number;
  }
  | { readonly type: "done"; readonly id: number; readonly result: WorkerResult | WriteResult }
  | { readonly type: "failed"; readonly id: number; readonly error: SerializedError }
  | { readonly type: "log"; readonly entry: LogEntry }
  | { readonly type: "released" };

/** What an extraction leaves: the parts' rows add up to `rows`. */
export interface WorkerResult extends WriteResult, TimedRead {}
