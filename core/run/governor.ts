/** `tuning.adaptive`: looks at the source while it is read, and sets the pace of the readers. */
import { decidePace, fullPace, isChanged, LOAD_LIMITS, type LoadLimits } from "../access/pace.ts";
import type { Pace, PaceBounds } from "../access/pace.ts";
import { SourceSession } from "../access/session.ts";
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { delay } from "../base/wait.ts";
import type { PaceCell } from "../extract/pace_cell.ts";
import type { SourceLoad } from "../ports/source_load.ts";
import type { ExportContext } from "./context.ts";

/** Between two looks. */
const LOOK_MS = 2_000;

/** What the pace is set on. */
export interface Paced {
  readonly cell: PaceCell;
  /** There are so many readers; `limit` says how many of them may read. */
  readonly readers: number;
  limit(readers: number): void;
}

type Governed = Pick<ExportContext, "deps" | "config" | "exported" | "journal" | "signal">;

/** Of one export's readers, while they read. A look that fails changes nothing. */
export class Governor {
  readonly #ctx: Governed;
  readonly #paced: Paced;
  readonly #session: SourceSession;
  readonly #limits: LoadLimits;
  readonly #bounds: PaceBounds;
  readonly #stop = new AbortController();
  #pace: Pace;
  #ended: Promise<void> = Promise.resolve();
  #told = false;
  /** A look has failed. */
  #blind = false;

  constructor(ctx: Governed, paced: Paced) {
    const { deps, config: { source }, exported: { tuning }, signal } = ctx;
    this.#ctx = ctx;
    this.#paced = paced;
    this.#limits = LOAD_LIMITS[source.environment ?? "production"];
    this.#bounds = { minReaders: tuning.minParallel, maxReaders: paced.readers };
    this.#pace = fullPace(this.#bounds);
    // Outside of the export's snapshot: what is asked is what the server does now.
    this.#session = new SourceSession(
      () => deps.source(source.type),
      () => ({
        ...{ source, tuning, applicationName: "rivet/load" },
        signal: AbortSignal.any([signal, this.#stop.signal]),
      }),
    );
  }

  /** Looks once before anything is read, and then again and again. */
  async start(): Promise<void> {
    await this.#look();
    this.#ended = this.#keepLooking();
  }

  /** Idempotent; never throws. */
  async stop(): Promise<void> {
    this.#stop.abort();
    // A look that the source does not answer ends with its connection.
    await this.#session.close();
    await this.#ended;
    await this.#session.close();
  }

  async #keepLooking(): Promise<void> {
    const signal = AbortSignal.any([this.#ctx.signal, this.#stop.signal]);
    const everyMs = this.#ctx.deps.lookMs ?? LOOK_MS;
    for (;;) {
      await delay(everyMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    let load: SourceLoad | null;
    try {
      load = await this.#session.use(async (source) => await source.load?.() ?? null);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#tellUnknown(toRivetError(error).message);
      return;
    }
    if (load === null) return;
    this.#tellHidden(load);
    const { cell } = this.#paced;
    const sample = { ...load, statementMs: cell.takeLongest() };
    const { pace, reasons } = decidePace(this.#pace, sample, this.#limits, this.#bounds);
    const changed = isChanged(this.#pace, pace);
    this.#pace = pace;
    if (!changed) return;
    cell.share = pace.share;
    this.#paced.limit(pace.readers);
    this.#tell(pace, reasons);
  }

  #tell({ readers, share }: Pace, reasons: readonly string[]): void {
    const percent = Math.round(share * 100);
    this.#ctx.journal.add("pace_changed", { readers, batch_percent: percent, because: reasons });
  }

  /** Nobody slows down for what nobody sees. */
  #tellUnknown(why: string): void {
    const text =
      `export '${this.#ctx.exported.name}': tuning.adaptive: how busy the source is, is not known: ${why}`;
    if (this.#blind) logger().info(text);
    else logger().warn(text);
    this.#blind = true;
  }

  #tellHidden({ hidden }: SourceLoad): void {
    if (this.#told || hidden === null) return;
    this.#told = true;
    logger().warn(`export '${this.#ctx.exported.name}': tuning.adaptive: ${hidden}`);
  }
}
