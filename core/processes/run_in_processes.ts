/**
 * The parent of `--parallel-export-processes`: starts one child per export, turns their events into what
 * a run in this process would report, and knows when one of them died.
 */
import type { LoadedExport } from "../config/loaded.ts";
import { counted } from "../base/counted.ts";
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { readersOf } from "../config/modes.ts";
import { type ExportJob, notStarted } from "../run/run.ts";
import type { ExportStarted, RunListener } from "../run/run_options.ts";
import type { ExportSummary } from "../report/summary.ts";
import type { Child, Launch } from "./child.ts";
import { type EventLine, parseEvent, summaryOf } from "./events.ts";

/** What `--parallel-export-processes` needs beside what every run needs. */
export interface ProcessOptions {
  /** Command line of a child, without the program. */
  readonly args: (job: ExportJob) => readonly string[];
  /** A line of a child's stderr. */
  readonly onLog: (line: string) => void;
}

/** How the children are started. */
export interface Launcher {
  readonly launch: Launch;
  /** Children at the same time. */
  readonly limit: number;
  /** Readers of all children together (`source.max_connections`); null: as many as each of them has. */
  readonly maxReaders: number | null;
}

export interface ProcessRun extends ProcessOptions, Launcher {
  /** Each group begins when the one before has ended; the exports of a group run at the same time. */
  readonly groups: readonly (readonly ExportJob[])[];
  readonly listener: RunListener;
  /**
   * Called with the summary of an export whose process died: nobody else can record it and tell people of
   * it. Returns what there is to say of its run.
   */
  readonly onCrash: (summary: ExportSummary) => Promise<ExportSummary>;
  readonly signal: AbortSignal;
}

/** A failed or crashed export does not stop the others; an interrupt stops all of them. */
export async function runInProcesses(given: ProcessRun): Promise<ExportSummary[]> {
  const run = { ...given, warned: new Map<string, string>() };
  sayReaders(run);
  const room = run.maxReaders === null ? null : new ReaderRoom(run.maxReaders);
  const summaries: ExportSummary[] = [];
  for (const group of run.groups) {
    const waiting = [...group];
    const lane = async (): Promise<void> => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const readers = room === null ? 0 : await room.take(readersOf(job.exported.mode));
        try {
          if (run.signal.aborted) return;
          summaries.push(await runChild(run, job));
        } finally {
          room?.give(readers);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(run.limit, group.length) }, lane));
  }
  return summaries;
}

/** Says that exports wait for each other, where they do. */
function sayReaders({ groups, maxReaders, limit }: ProcessRun): void {
  if (maxReaders === null) return;
  const most = groups.map((jobs) => {
    const wanted = jobs.map(({ exported }) => Math.min(readersOf(exported.mode), maxReaders));
    return wanted.sort((a, b) => b - a).slice(0, limit).reduce((sum, n) => sum + n, 0);
  });
  if (Math.max(0, ...most) <= maxReaders) return;
  logger().warn(
    `exports wait for each other: max_connections: ${maxReaders} has room for ` +
      `${counted(maxReaders, "reader")} at a time, over all processes (docs/tuning.md)`,
  );
}

/** What is left of the readers, given out in the order in which it is asked for. */
class ReaderRoom {
  readonly #all: number;
  #free: number;
  readonly #waiting: { readonly readers: number; readonly go: () => void }[] = [];

  constructor(readers: number) {
    this.#all = readers;
    this.#free = readers;
  }

  /** @returns how many: a process with more takes no more than there are. */
  take(wanted: number): Promise<number> {
    const readers = Math.min(wanted, this.#all);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.push({ readers, go: () => resolve(readers) });
    this.#hand();
    return promise;
  }

  give(readers: number): void {
    this.#free += readers;
    this.#hand();
  }

  #hand(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (next.readers > this.#free) return;
      this.#waiting.shift();
      this.#free -= next.readers;
      next.go();
    }
  }
}

/** With who said each warning first. */
type Running = ProcessRun & { readonly warned: Map<string, string> };

/** What is wrong with the source all they read is every child's warning, and one of them is enough. */
function isEcho({ warned }: Running, exportName: string, line: string): boolean {
  if (!line.startsWith("WARN ")) return false;
  const first = warned.get(line) ?? exportName;
  warned.set(line, first);
  return first !== exportName;
}

/** Lines of a dead child's stderr that its error quotes. */
const LAST_WORDS = 5;

async function runChild(run: Running, job: ExportJob): Promise<ExportSummary> {
  const launched = { at: new Date(), steady: performance.now() };
  const child = run.launch(run.args(job), job.exported);
  const onAbort = () => child.stop();
  run.signal.addEventListener("abort", onAbort, { once: true });
  const follower = new Follower(run.listener, run.onLog);
  const lastWords: string[] = [];
  try {
    const [, , ended] = await Promise.all([
      follow(child.stdout, (line) => follower.line(line)),
      follow(child.stderr, (line) => {
        lastWords.push(line);
        if (lastWords.length > LAST_WORDS) lastWords.shift();
        if (!isEcho(run, job.exported.name, line)) run.onLog(line);
      }),
      child.ended,
    ]);
    if (follower.summary !== null) return follower.summary;
    const error = deathOf(job.exported, ended, lastWords);
    const dead = notStarted(job.exported, error, follower.startedAs ?? { startedAt: launched.at });
    const durationMs = Math.round(performance.now() - launched.steady);
    const summary = await run.onCrash({ ...dead, durationMs });
    run.listener.finished(summary);
    return summary;
  } finally {
    run.signal.removeEventListener("abort", onAbort);
    child.stop();
  }
}

async function follow(stream: Child["stdout"], take: (line: string) => void): Promise<void> {
  for await (const line of stream) take(line);
}

/** Turns the events of one child into calls of the listener. */
class Follower {
  readonly #listener: RunListener;
  readonly #onOther: (line: string) => void;
  #estimatedRows: number | null = null;
  #chunksTotal: number | null = null;
  #chunksBefore = 0;
  startedAs: ExportStarted | null = null;
  summary: ExportSummary | null = null;

  constructor(listener: RunListener, onOther: (line: string) => void) {
    this.#listener = listener;
    this.#onOther = onOther;
  }

  line(line: string): void {
    const event = parseEvent(line);
    if (event === null) this.#onOther(line);
    else this.#take(event);
  }

  #take(line: EventLine): void {
    switch (line.event) {
      case "Started": {
        const { export_name: exportName, run_id: runId, mode, profile, started_at } = line;
        const batchSize = line.batch_size;
        this.startedAs = { exportName, runId, mode, profile, batchSize, startedAt: started_at };
        this.#listener.started(this.startedAs);
        break;
      }
      case "ProgressInit":
        this.#estimatedRows = line.estimated_rows;
        this.#chunksTotal = line.chunks_total;
        this.#chunksBefore = line.chunks_before ?? 0;
        break;
      case "Progress": {
        const total = this.#chunksTotal;
        const before = this.#chunksBefore;
        this.#listener.progress({
          exportName: line.export_name,
          rows: line.rows,
          bytes: line.bytes,
          estimatedRows: this.#estimatedRows,
          chunks: total === null ? null : { done: line.chunks_done ?? 0, total, before },
        });
        break;
      }
      case "Finished":
        this.summary = summaryOf(line.summary);
        this.#listener.finished(this.summary);
        break;
      default:
        line satisfies never;
    }
  }
}

/** A child that ended without `Finished` has failed, whatever its exit code says. */
function deathOf(
  exported: LoadedExport,
  ended: string,
  lastWords: readonly string[],
): RivetError {
  const words = lastWords.filter((line) => line !== "").join(" / ");
  return new RivetError(
    "EXPORT_FAILED",
    `the process of export '${exported.name}' ended without a result (${ended})` +
      (words === "" ? "" : `: ${words}`),
    {
      hint:
        "Its parts may be at the destination already. Run it again; a checkpointed chunked export " +
        "continues with --resume.",
    },
  );
}
