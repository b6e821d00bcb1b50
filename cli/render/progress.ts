/**
 * What is seen of a run while it goes: on a terminal one live line per running export, elsewhere a
 * plain line per export every few seconds, and the summary block of each export when it is finished.
 */
import type { ExportProgress, ExportStarted, RunListener } from "../../core/run/run_options.ts";
import type { ExportSummary } from "../../core/report/summary.ts";
import { type LineFacts, liveLine, plainLine } from "./progress_line.ts";
import type { Screen } from "./screen.ts";
import { renderSummary } from "./summary.ts";

/** Where summary blocks go. */
export type Summaries = "stdout" | "stderr" | "none";

export interface ProgressOptions {
  readonly screen: Screen;
  /** `none` with `--quiet`. */
  readonly show: "auto" | "none";
  /** Where summary blocks go: stderr when stdout carries data or JSON. */
  readonly summaries: Summaries;
  /** Between two plain lines of an export. Default 10 s. */
  readonly plainEveryMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface Running extends LineFacts {
  lastLineAt: number;
  progress: ExportProgress;
}

const REDRAW_MS = 200;
const PLAIN_EVERY_MS = 10_000;

/** Listens to a run and writes what it learns; how depends on where the output goes. */
export class ProgressView implements RunListener {
  readonly #screen: Screen;
  readonly #live: boolean;
  readonly #silent: boolean;
  readonly #summaries: Summaries;
  readonly #plainEveryMs: number;
  readonly #now: () => number;
  readonly #running = new Map<string, Running>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(options: ProgressOptions) {
    this.#screen = options.screen;
    this.#silent = options.show === "none";
    this.#live = !this.#silent && options.screen.interactive;
    this.#summaries = options.summaries;
    this.#plainEveryMs = options.plainEveryMs ?? PLAIN_EVERY_MS;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Starts redrawing; `close` must follow. */
  async open(): Promise<void> {
    if (this.#silent) return;
    if (this.#live) await this.#screen.startLive();
    const everyMs = this.#live ? REDRAW_MS : Math.min(1000, this.#plainEveryMs);
    const timer = setInterval(() => this.refresh(), everyMs);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  /** Stops redrawing and removes the live block. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#live) this.#screen.draw([]);
  }

  started(event: ExportStarted): void {
    const now = this.#now();
    const nothing = { rows: 0, bytes: 0, estimatedRows: null, chunks: null };
    const progress = { exportName: event.exportName, ...nothing };
    this.#running.set(event.exportName, { startedAt: now, lastLineAt: now, progress });
    if (this.#live) this.refresh();
  }

  progress(event: ExportProgress): void {
    const running = this.#running.get(event.exportName);
    if (running !== undefined) running.progress = event;
  }

  finished(summary: ExportSummary): void {
    this.#running.delete(summary.exportName);
    if (this.#live) this.refresh();
    showSummary(this.#screen, this.#summaries, renderSummary(summary));
  }

  /** Draws what is known now; called by the timer. */
  refresh(): void {
    if (this.#silent) return;
    const now = this.#now();
    if (this.#live) {
      const width = this.#screen.liveWidth - 1;
      this.#screen.draw([...this.#running.values()].map((r) => liveLine(r, now, width)));
      return;
    }
    for (const running of this.#running.values()) {
      if (now - running.lastLineAt < this.#plainEveryMs) continue;
      running.lastLineAt = now;
      this.#screen.line(plainLine(running, now));
    }
  }
}

/** Prints a block of text where summaries go. */
export function showSummary(screen: Screen, where: Summaries, text: string): void {
  if (where === "stdout") screen.result(text);
  else if (where === "stderr") screen.line(text);
}
