/** How one export reaches its source: one session, the run's snapshot, and retries on fresh connections. */
import { RetriedSession } from "../access/retried_session.ts";
import { onlyHelps } from "../access/only_helps.ts";
import { readersOf } from "../config/modes.ts";
import type { ConnectOptions, Source } from "../ports/source.ts";
import type { ExportContext } from "./context.ts";
import { logger } from "../base/log.ts";
import { counted } from "../base/counted.ts";
import { coresOf } from "./context.ts";
import { areWorkers, type Extractor, openReaders } from "../workers/extractor.ts";
import { SourceSession } from "../access/session.ts";

export type Step = "plan" | "reconcile";

/** To be closed. Errors are `SourceError`s, after retries. */
export class ExportSource {
  readonly #ctx: ExportContext;
  readonly #session: SourceSession;
  readonly #retried: RetriedSession;
  /** Readers beside the first. */
  #further = 0;

  constructor(ctx: ExportContext) {
    this.#ctx = ctx;
    this.#session = this.#newSession();
    this.#retried = new RetriedSession(this.#session, ctx.retrier);
  }

  /** On the session's connection; when it throws, the next call opens another one. */
  use<T>(work: (source: Source) => Promise<T>): Promise<T> {
    return this.#session.use(work);
  }

  /** As `use`, again when what went wrong can pass. */
  retried<T>(step: Step, work: (source: Source) => Promise<T>): Promise<T> {
    return this.#retried.use(step, work);
  }

  /** Takes the point in time that every connection from here on shares, where the export has one. */
  async takeSnapshot(): Promise<void> {
    const { deps, config, snapshot, journal, retrier } = this.#ctx;
    if (snapshot === null) return;
    const { point } = await retrier.run({ step: "snapshot" }, () =>
      snapshot.take(async () => {
        const factory = await deps.source(config.source.type);
        return await factory.connect({
          ...this.#connectOptions(),
          applicationName: "rivet/snapshot",
        });
      }));
    journal.add(snapshot.event, { point, shared: snapshot === deps.runSnapshot });
  }

  /** Takes the snapshot that only the plan asks for, once. */
  async requireSnapshot(): Promise<void> {
    const { snapshot } = this.#ctx;
    if (snapshot === null || snapshot.shared !== null) return;
    await this.takeSnapshot();
    // The connection that planned does not see it.
    await this.#session.close();
  }

  /** As many as the export asks for and the process has room for. Held until `close`. */
  async openReaders(units: number): Promise<Extractor[]> {
    const { deps, exported } = this.#ctx;
    const wanted = Math.max(1, Math.min(readersOf(exported.mode), units));
    if (wanted > 1) await this.#askServer();
    const further = deps.readers.more(wanted - 1);
    this.#further += further;
    const readers = 1 + further;
    if (readers < wanted) {
      logger().warn(
        `export '${exported.name}': ${counted(readers, "reader")} instead of ${wanted}, which is ` +
          `all that there is room for: ${deps.readers.limit.reason} (docs/tuning.md)`,
      );
    }
    const cores = coresOf(deps);
    // Workers connect by themselves: the connection that planned would only lie idle.
    if (areWorkers(readers, cores)) await this.#session.close();
    return openReaders(readers, cores, deps.workers, {
      session: this.#session,
      another: () => this.#newSession(),
      connect: () => {
        const { source, tuning, applicationName, snapshot = null } = this.#connectOptions();
        return { source, tuning, applicationName, snapshot };
      },
    });
  }

  /**
   * One more connection, to reconcile over while the readers read; null when the process has no room for it. To
   * be closed by whoever asks. @param signal ends its statements.
   */
  async reconciling(signal: AbortSignal): Promise<SourceSession | null> {
    const { deps, config } = this.#ctx;
    await this.#askServer();
    if (deps.readers.more(1) === 0) return null;
    this.#further++;
    return new SourceSession(
      () => deps.source(config.source.type),
      () => ({ ...this.#connectOptions(), applicationName: "rivet/reconcile", signal }),
    );
  }

  /** Once, over a connection of its own that joins the export's snapshot, also where nobody joins it any more. */
  async inSnapshot<T>(id: string, work: (source: Source) => Promise<T>): Promise<T> {
    const { deps, config, retrier } = this.#ctx;
    const session = new SourceSession(
      () => deps.source(config.source.type),
      () => ({ ...this.#connectOptions(), snapshot: id }),
    );
    try {
      return await new RetriedSession(session, retrier).use("plan", work);
    } finally {
      await session.close();
    }
  }

  #askServer(): Promise<void> {
    const ask = () =>
      this.retried("plan", async (source) => await source.freeConnections?.() ?? null);
    return this.#ctx.deps.readers.askServer(() =>
      onlyHelps("how many connections the server has free", ask, null)
    );
  }

  async close(): Promise<void> {
    this.#ctx.deps.readers.give(this.#further);
    this.#further = 0;
    await this.#session.close();
  }

  #newSession(): SourceSession {
    const { deps, config } = this.#ctx;
    return new SourceSession(
      () => deps.source(config.source.type),
      () => this.#connectOptions(),
    );
  }

  #connectOptions(): ConnectOptions {
    const { config, exported, snapshot, signal } = this.#ctx;
    return {
      source: config.source,
      tuning: exported.tuning,
      applicationName: `rivet/${exported.name}`,
      snapshot: snapshot?.joins ?? null,
      signal,
    };
  }
}
