/**
 * A card per export on a terminal: one that waits, then live progress that turns into the export's final
 * metrics where it stands. What does not fit the terminal's height is given up from the top: finished cards are printed
 * for good, and the others shrink to a line.
 */
import { grouped } from "../../core/base/grouped.ts";
import type { ExportProgress, ExportStarted, RunListener } from "../../core/run/run_options.ts";
import type { ExportSummary } from "../../core/report/summary.ts";
import { showSummary, type Summaries } from "./progress.ts";
import { barLine, clip, type LineFacts, liveLine } from "./progress_line.ts";
import type { Screen } from "./screen.ts";
import { renderSummary } from "./summary.ts";

export interface CardsOptions {
  readonly screen: Screen;
  /** All exports of the run. */
  readonly exportNames: readonly string[];
  /** Where the final cards go: stderr when stdout carries JSON. */
  readonly summaries: Summaries;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface RunningCard extends LineFacts {
  readonly state: "running";
  readonly event: ExportStarted;
  progress: ExportProgress;
}

interface FinishedCard {
  readonly state: "finished";
  readonly text: string;
}

const REDRAW_MS = 200;
const RULE_WIDTH = 56;

/** Listens to a run and draws it; `close` leaves the last state standing. */
export class CardsView implements RunListener {
  readonly #screen: Screen;
  readonly #summaries: Summaries;
  readonly #now: () => number;
  /** Those that have not begun. */
  readonly #waiting: Set<string>;
  /** In the order they began. */
  readonly #cards = new Map<string, RunningCard | FinishedCard>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor({ screen, exportNames, summaries, now = () => performance.now() }: CardsOptions) {
    this.#screen = screen;
    this.#waiting = new Set(exportNames);
    this.#summaries = summaries;
    this.#now = now;
  }

  /** Starts redrawing; `close` must follow. */
  async open(): Promise<void> {
    await this.#screen.startLive();
    this.#timer = setInterval(() => this.refresh(), REDRAW_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Removes the live block and leaves the final cards in its place. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#screen.draw([]);
    for (const name of this.#cards.keys()) this.#settle(name);
  }

  started(event: ExportStarted): void {
    const nothing = { rows: 0, bytes: 0, estimatedRows: null, chunks: null };
    const progress = { exportName: event.exportName, ...nothing };
    this.#waiting.delete(event.exportName);
    this.#cards.set(event.exportName, {
      state: "running",
      startedAt: this.#now(),
      event,
      progress,
    });
    this.refresh();
  }

  progress(event: ExportProgress): void {
    const card = this.#cards.get(event.exportName);
    if (card?.state === "running") card.progress = event;
  }

  finished(summary: ExportSummary): void {
    this.#waiting.delete(summary.exportName);
    this.#cards.set(summary.exportName, { state: "finished", text: renderSummary(summary) });
    // What goes elsewhere than to this terminal does not wait for the others.
    if (this.#summaries === "stdout" && this.#screen.resultWidth === undefined) {
      this.#settle(summary.exportName);
    }
    this.refresh();
  }

  /** Draws what is known now; called by the timer. */
  refresh(): void {
    const height = this.#screen.liveHeight - 1;
    let lines = this.#lines();
    for (const [name, card] of this.#cards) {
      if (lines.length <= height) break;
      if (card.state !== "finished") continue;
      this.#settle(name);
      lines = this.#lines();
    }
    if (lines.length > height) lines = this.#shortLines().slice(0, height);
    const width = this.#screen.liveWidth - 1;
    this.#screen.draw(lines.map((line) => clip(line, width)));
  }

  /** Prints a finished card for good; a running one is dropped. */
  #settle(name: string): void {
    const card = this.#cards.get(name);
    this.#cards.delete(name);
    if (card?.state !== "finished") return;
    showSummary(this.#screen, this.#summaries, card.text);
  }

  #lines(): string[] {
    const now = this.#now();
    const width = this.#screen.liveWidth - 1;
    const begun = [...this.#cards.values()].flatMap((card) =>
      card.state === "finished" ? card.text.split("\n") : runningLines(card, now, width)
    );
    return [...begun, ...[...this.#waiting].flatMap(waitingLines)];
  }

  #shortLines(): string[] {
    const now = this.#now();
    const width = this.#screen.liveWidth - 1;
    const running = [...this.#cards.values()].flatMap((card) =>
      card.state === "running" ? [liveLine(card, now, width)] : []
    );
    const { size } = this.#waiting;
    return size === 0 ? running : [...running, `${size} waiting`];
  }
}

function titleOf(exportName: string): string {
  return `── ${exportName} `.padEnd(RULE_WIDTH, "─");
}

function waitingLines(exportName: string): string[] {
  return [titleOf(exportName), "  status:    waiting"];
}

function runningLines(card: RunningCard, now: number, width: number): string[] {
  const { exportName, runId, mode, profile, batchSize } = card.event;
  return [
    titleOf(exportName),
    `  run_id:    ${runId}`,
    "  status:    running",
    `  mode:      ${mode}`,
    `  tuning:    profile=${profile}`,
    ...(batchSize === null ? [] : [`  batch_size: ${grouped(batchSize)}`]),
    `  ${barLine(card, now, width - 2)}`,
  ];
}
