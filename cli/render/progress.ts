/**
 * What is seen of a run while it goes: on a terminal one live line per running export, elsewhere a
 * plain line per export every few seconds, and the summary block of each export when it is finished.
 */
import type {
  ExportProgress,
  ExportStarted,
  ExportSummary,
  RunListener,
} from "../../core/run/types.ts";
import { formatBytes, formatCount, formatElapsed, formatEta } from "./format.ts";
import type { Screen } from "./screen.ts";
import { renderSummary } from "./summary.ts";

export interface ProgressOptions {
  readonly screen: Screen;
  /** `none` with `--quiet`. */
  readonly show: "auto" | "none";
  /** Where summary blocks go: stderr when stdout carries data or JSON. */
  readonly summaries: "stdout" | "stderr";
  /** Between two plain lines of an export. Default 10 s. */
  readonly plainEveryMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface Running {
  readonly startedAt: number;
  lastLineAt: number;
  progress: ExportProgress;
}

const REDRAW_MS = 200;
const PLAIN_EVERY_MS = 10_000;

export class ProgressView implements RunListener {
  readonly #screen: Screen;
  readonly #live: boolean;
  readonly #silent: boolean;
  readonly #summaries: "stdout" | "stderr";
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
    const block = renderSummary(summary);
    if (this.#summaries === "stdout") this.#screen.result(block);
    else this.#screen.line(block);
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

const MAX_BAR = 36;
const MIN_BAR = 10;

/** `orders [====>-----] 11/20 chunks | 1.1M rows | ...`, at most `width` columns. */
function liveLine(running: Running, now: number, width: number): string {
  const name = running.progress.exportName;
  const facts = factsOf(running, now).join(" | ");
  const fraction = fractionOf(running.progress);
  const room = Math.min(MAX_BAR, width - name.length - facts.length - 4);
  const line = fraction === null || room < MIN_BAR
    ? `${name} ${facts}`
    : `${name} ${bar(fraction, room)} ${facts}`;
  return clip(line, width);
}

function plainLine(running: Running, now: number): string {
  return `${running.progress.exportName}: ${factsOf(running, now).join(", ")}`;
}

function factsOf(running: Running, now: number): string[] {
  const { rows, bytes, chunks } = running.progress;
  const elapsedMs = Math.max(0, now - running.startedAt);
  const fraction = fractionOf(running.progress);
  const facts: string[] = [];
  if (chunks !== null) facts.push(`${chunks.done}/${chunks.total} chunks`);
  else if (fraction !== null) facts.push(`~${Math.floor(fraction * 100)}%`);
  facts.push(`${formatCount(rows)} rows`);
  if (rows > 0 && elapsedMs > 0) facts.push(`${formatCount(rows / elapsedMs * 1000)} rows/s`);
  facts.push(formatBytes(bytes), formatElapsed(elapsedMs));
  if (fraction !== null && fraction > 0 && fraction < 1) {
    facts.push(`ETA ${formatEta(elapsedMs * (1 - fraction) / fraction)}`);
  }
  return facts;
}

/** How much is done, 0..1, or null when nobody knows. An estimate never claims to be complete. */
function fractionOf(progress: ExportProgress): number | null {
  const { rows, estimatedRows, chunks } = progress;
  if (chunks !== null && chunks.total > 0 && chunks.done === chunks.total) return 1;
  if (estimatedRows !== null && estimatedRows > 0) return Math.min(0.99, rows / estimatedRows);
  if (chunks !== null && chunks.total > 0) return chunks.done / chunks.total;
  return null;
}

/** `[====>-----]`, `width` characters inside the brackets. */
function bar(fraction: number, width: number): string {
  const done = Math.floor(fraction * width);
  const filled = done === width ? "=".repeat(width) : `${"=".repeat(done)}>`;
  return `[${filled.padEnd(width, "-")}]`;
}

function clip(line: string, width: number): string {
  const characters = [...line];
  if (characters.length <= width) return line;
  return `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}
