/**
 * `consistency: snapshot | run_snapshot`: a connection of its own, the keeper, takes a snapshot of the
 * source and holds it; every other connection joins it. It ends when it is released, when it has been
 * held for `max_snapshot_s`, or when the keeper's connection is lost; the last two fail the export. The
 * snapshot of a plan that another process holds is joined the same way.
 */
import type { LoadedExport } from "../config/loaded.ts";
import { snapshotSharing } from "../access/capabilities.ts";
import { RivetError, toRivetError } from "../base/errors.ts";
import type { SharedSnapshot, Source } from "../ports/source.ts";

/** Keeps firewalls and poolers from taking the keeper for dead, and notices when it is. */
const HEARTBEAT_MS = 10_000;
/** The longest that a timer can run. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export type Connect = () => Promise<Source>;

type Timer = ReturnType<typeof setTimeout>;

/** A snapshot that is being held. */
interface Held {
  readonly keeper: Source;
  readonly shared: SharedSnapshot;
  readonly timers: readonly Timer[];
}

/** A point in time that the connections of an export share. */
export interface ExportSnapshot {
  /** Aborts when the snapshot has ended before it was released. */
  readonly signal: AbortSignal;
  /** Why it ended before it was released, as far as this process knows; null when it did not. */
  readonly failure: RivetError | null;
  /** null before it was taken. */
  readonly shared: SharedSnapshot | null;
  /** What connections join; null: nothing, or nothing yet. */
  readonly joins: string | null;
  /** What the journal says of the first call. */
  readonly event: "snapshot_taken" | "snapshot_joined";
  take(connect: Connect): Promise<SharedSnapshot>;
  check(): Promise<void>;
  /** Idempotent; never throws. */
  release(): Promise<void>;
}

/** The snapshot of a plan: held by the process that planned, and joined by whoever applies. */
export class JoinedSnapshot implements ExportSnapshot {
  readonly shared: SharedSnapshot;
  readonly signal = new AbortController().signal;
  // Only the source can tell: a reader that cannot join says so itself.
  readonly failure = null;
  readonly event = "snapshot_joined";

  readonly joins: string | null;

  /** @param past everything was read in it, so that nobody joins it any more: it may be gone. */
  constructor(shared: SharedSnapshot, past = false) {
    this.shared = shared;
    this.joins = past ? null : shared.id;
  }

  take(): Promise<SharedSnapshot> {
    return Promise.resolve(this.shared);
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * A snapshot that is taken when it is first asked for, and released once, by whoever made the hold.
 */
export class SnapshotHold implements ExportSnapshot {
  readonly event = "snapshot_taken";
  readonly #maxSeconds: number | null;
  readonly #abort = new AbortController();
  #opening: Promise<Held> | null = null;
  #held: Held | null = null;
  #failure: RivetError | null = null;
  #released = false;
  #checking: Promise<void> | null = null;

  /** @param maxSeconds null: as long as it takes. */
  constructor(maxSeconds: number | null) {
    this.#maxSeconds = maxSeconds;
  }

  /** Aborts when the snapshot has ended before it was released. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it ended before it was released; null when it did not. */
  get failure(): RivetError | null {
    return this.#failure;
  }

  /** null before it was taken. */
  get shared(): SharedSnapshot | null {
    return this.#held?.shared ?? null;
  }

  get joins(): string | null {
    return this.shared?.id ?? null;
  }

  /**
   * Takes the snapshot, or joins who takes it now; a second call finds the same one.
   * @throws ConfigError for a source that cannot share a snapshot; SNAPSHOT_ENDED when it has ended.
   */
  async take(connect: Connect): Promise<SharedSnapshot> {
    if (this.#failure !== null) throw this.#failure;
    this.#opening ??= this.#open(connect);
    try {
      this.#held = await this.#opening;
      return this.#held.shared;
    } catch (error) {
      // Whoever comes next tries again.
      this.#opening = null;
      throw error;
    }
  }

  /**
   * Asks the keeper whether it still holds the snapshot: a reader's error may be the first to know. Who asks
   * while it is being asked gets the same answer: a connection answers one question at a time.
   */
  check(): Promise<void> {
    return this.#checking ??= this.#check().finally(() => this.#checking = null);
  }

  async #check(): Promise<void> {
    if (this.#held === null || this.#failure !== null) return;
    try {
      await this.#held.keeper.rows("SELECT 1");
    } catch (error) {
      this.#fail(lost(toRivetError(error)));
    }
  }

  /** Idempotent; never throws. */
  async release(): Promise<void> {
    this.#released = true;
    const held = await this.#opening?.catch(() => null);
    if (held === null || held === undefined) return;
    for (const timer of held.timers) clearTimeout(timer);
    await held.keeper.close();
  }

  async #open(connect: Connect): Promise<Held> {
    const keeper = await connect();
    try {
      const shared = await snapshotSharing(keeper)();
      return { keeper, shared, timers: this.#startTimers() };
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  #startTimers(): Timer[] {
    const heartbeat = setInterval(() => void this.check(), HEARTBEAT_MS);
    const seconds = this.#maxSeconds;
    if (seconds === null) return [heartbeat];
    const limit = setTimeout(
      () => this.#fail(expired(seconds)),
      Math.min(seconds * 1000, MAX_TIMER_MS),
    );
    return [heartbeat, limit];
  }

  #fail(failure: RivetError): void {
    if (this.#released || this.#failure !== null) return;
    this.#failure = failure;
    this.#abort.abort();
    void this.release();
  }
}

function expired(seconds: number): RivetError {
  return new RivetError(
    "SNAPSHOT_ENDED",
    `the snapshot was held for ${seconds} s, which is all that max_snapshot_s allows`,
    {
      hint: "What was written has no _SUCCESS. Raise max_snapshot_s, or read faster: parallel, a " +
        "faster tuning profile, fewer exports under one run_snapshot.",
    },
  );
}

function lost(cause: RivetError): RivetError {
  return new RivetError(
    "SNAPSHOT_ENDED",
    `the connection that held the snapshot was lost: ${cause.message}`,
    { hint: "What was written has no _SUCCESS. Run again.", cause },
  );
}

/** Whether the export reads one point in time, alone or with others. */
export function usesSnapshot({ consistency }: Pick<LoadedExport, "consistency">): boolean {
  return consistency.kind !== "statement";
}

/** The hold that the exports under `run_snapshot` share: the shortest `max_snapshot_s` of them counts. */
export function runHold(exports: readonly Pick<LoadedExport, "consistency">[]): SnapshotHold {
  const limits = exports.filter(({ consistency }) => consistency.kind === "run_snapshot")
    .flatMap(({ consistency }) => consistency.maxSeconds ?? []);
  return new SnapshotHold(limits.length === 0 ? null : Math.min(...limits));
}

/** Several readers of a table without a key share a snapshot, if the plan finds that they need one. */
function mayNeedSnapshot({ mode, table, config }: HoldingExport): boolean {
  return mode.kind === "full" && mode.parallel > 1 && table !== null &&
    config.consistency === undefined;
}

type HoldingExport = Pick<LoadedExport, "consistency" | "mode" | "table" | "config">;

/** The snapshot that a plan was made with, the export's own hold, taken where it is needed, the run's, or none. */
export function exportHold(
  exported: HoldingExport,
  ofRun: SnapshotHold,
  planned: SharedSnapshot | null = null,
  past = false,
): ExportSnapshot | null {
  if (planned !== null) return new JoinedSnapshot(planned, past);
  const { consistency } = exported;
  switch (consistency.kind) {
    case "statement":
      return mayNeedSnapshot(exported) ? new SnapshotHold(null) : null;
    case "snapshot":
      return new SnapshotHold(consistency.maxSeconds);
    case "run_snapshot":
      return ofRun;
  }
}
