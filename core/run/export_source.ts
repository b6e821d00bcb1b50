/** How one export reaches its source: one session, the run's snapshot, and retries on fresh connections. */
import { RetriedSession } from "../access/retried_session.ts";
import { readersOf } from "../config/modes.ts";
import type { ConnectOptions, Source } from "../ports/source.ts";
import type { ExportContext } from "./context.ts";
import { type Extractor, openReaders } from "../workers/extractor.ts";
import { SourceSession } from "../access/session.ts";

export type Step = "plan" | "reconcile";

/** To be closed. Errors are `SourceError`s, after retries. */
export class ExportSource {
  readonly #ctx: ExportContext;
  readonly #session: SourceSession;
  readonly #retried: RetriedSession;

  constructor(ctx: ExportContext) {
    this.#ctx = ctx;
    this.#session = new SourceSession(
      () => ctx.deps.source(ctx.config.source.type),
      () => this.#connectOptions(),
    );
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

  /** One reader decodes on this thread and encodes in a Worker; several readers are Workers. */
  openReaders(units: number): Extractor[] {
    const { deps, exported } = this.#ctx;
    const wanted = Math.min(readersOf(exported.mode), units);
    return openReaders(wanted, this.#session, deps.workers, () => {
      const { source, tuning, applicationName, snapshot = null } = this.#connectOptions();
      return { source, tuning, applicationName, snapshot };
    });
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #connectOptions(): ConnectOptions {
    const { config, exported, snapshot, signal } = this.#ctx;
    return {
      source: config.source,
      tuning: exported.tuning,
      applicationName: `rivet/${exported.name}`,
      snapshot: snapshot?.shared?.id ?? null,
      signal,
    };
  }
}
