/** Counts what a run has read, written and retried, and tells the listener. */
import { rssMb } from "../extract/memory.ts";
import { type Facts, telemetry } from "../ports/telemetry.ts";
import type { ExportProgress, RunListener } from "./run_options.ts";

const SAMPLE_MS = 200;

/** Reports to the listener several times a second until it is stopped. */
export class RunTracker {
  readonly #exportName: string;
  readonly #listener: RunListener;
  readonly #running = new Map<number, { rows: number; bytes: number }>();
  readonly #timer: ReturnType<typeof setInterval>;
  #nextUnit = 0;
  #doneRows = 0;
  #doneBytes = 0;
  #estimatedRows: number | null = null;
  #chunks: { done: number; total: number; before: number } | null = null;
  #stopped = false;
  readonly #began = performance.now();
  peakRssMb = rssMb();
  /** Attempts that were repeated. */
  retries = 0;
  /** Of every metric. */
  readonly #facts: Facts;

  constructor(exportName: string, listener: RunListener) {
    this.#exportName = exportName;
    this.#facts = { "rivet.export": exportName };
    this.#listener = listener;
    this.#timer = setInterval(() => this.#tick(), SAMPLE_MS);
  }

  get chunks(): { readonly done: number; readonly total: number } | null {
    return this.#chunks === null ? null : { done: this.#chunks.done, total: this.#chunks.total };
  }

  /** Since the run began, whatever happens to the clock. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.#began);
  }

  planned(estimatedRows: number | null, chunks: { done: number; total: number } | null): void {
    this.#estimatedRows = estimatedRows;
    this.#chunks = chunks === null ? null : { ...chunks, before: chunks.done };
  }

  /** An attempt is about to be repeated. */
  retried(): void {
    this.retries++;
    telemetry().count("rivet.retries", 1, this.#facts);
  }

  /** A unit begins to be read; its handle takes totals so far, not increments. */
  unit(): UnitTracker {
    const id = this.#nextUnit++;
    const began = performance.now();
    const facts = this.#facts;
    telemetry().change("rivet.chunks.in_flight", 1, facts);
    return {
      progress: (rows, bytes) => {
        this.#running.set(id, { rows, bytes });
      },
      done: (rows, bytes) => {
        this.#running.delete(id);
        this.#doneRows += rows;
        this.#doneBytes += bytes;
        telemetry().change("rivet.chunks.in_flight", -1, facts);
        telemetry().count("rivet.rows", rows, facts);
        telemetry().count("rivet.bytes", bytes, facts);
        telemetry().record("rivet.chunk.duration", (performance.now() - began) / 1000, facts);
        if (this.#chunks !== null) {
          this.#chunks = { ...this.#chunks, done: this.#chunks.done + 1 };
        }
      },
      dropped: () => {
        this.#running.delete(id);
        telemetry().change("rivet.chunks.in_flight", -1, facts);
      },
    };
  }

  /** The last report, with final numbers; once. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#tick();
  }

  #tick(): void {
    const memoryMb = rssMb();
    this.peakRssMb = Math.max(this.peakRssMb, memoryMb);
    telemetry().measure("rivet.memory", memoryMb * 1024 * 1024, {});
    let rows = this.#doneRows;
    let bytes = this.#doneBytes;
    for (const unit of this.#running.values()) {
      rows += unit.rows;
      bytes += unit.bytes;
    }
    const progress: ExportProgress = {
      exportName: this.#exportName,
      rows,
      bytes,
      estimatedRows: this.#estimatedRows,
      chunks: this.#chunks,
    };
    this.#listener.progress(progress);
  }
}

export interface UnitTracker {
  progress(rows: number, bytes: number): void;
  done(rows: number, bytes: number): void;
  /** The attempt failed: its rows do not count. */
  dropped(): void;
}
