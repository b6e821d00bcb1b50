/** The chunks of a shared run as one of its workers sees them (I5, I6). */
import { RETRY_POLICIES, type RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { delay } from "../base/wait.ts";
import type { PlannedChunk } from "../plan/strategy.ts";
import type { ChunkClaim, ChunkShare, ChunkTask, TaskState } from "../ports/state.ts";
import type { PartRecord } from "../manifest/parts.ts";
import type { Journal } from "../run/journal.ts";
import { plannedChunk } from "../run/queues.ts";
import type { Unit, UnitQueue, UnitResult } from "../run/units.ts";
import { isLost, openChunks } from "./shared_run.ts";
import type { UntrackedParts } from "./untracked.ts";

/** Between two looks at what others hold. */
const POLL_MS = { first: 100, longest: 2000 };

export interface SharedChunks {
  readonly state: TaskState;
  readonly share: ChunkShare;
  /** For messages: `task 3/8`, or the run. */
  readonly what: string;
  readonly maxAttempts: number;
  readonly journal: Journal;
  readonly untracked: UntrackedParts;
  readonly toUnit: (chunk: PlannedChunk) => Unit;
  readonly signal: AbortSignal;
}

export class SharedQueue implements UnitQueue {
  readonly reclaims = true;
  /** A claim that turns out to be taken leaves parts all the same. */
  readonly logsFiles = false;
  readonly #chunks: SharedChunks;
  readonly #claims = new WeakMap<Unit, ChunkClaim>();
  /** Of the last claim: below it nothing is pending, unless it was given back. */
  #from = 0;
  /** A failure that will not pass: nothing more is claimed. */
  #over = false;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #parts: PartRecord[] = [];
  #rows = 0;

  constructor(chunks: SharedChunks) {
    this.#chunks = chunks;
  }

  /** What this worker committed. */
  get outcome(): { readonly rows: number; readonly parts: readonly PartRecord[] } {
    return { rows: this.#rows, parts: this.#parts };
  }

  /** One lane at a time asks; null once every chunk of the share is complete, or nobody can try again. */
  next(): Promise<Unit | null> {
    const turn = this.#turn.then(() => this.#claim());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #claim(): Promise<Unit | null> {
    const { state, share, signal, maxAttempts, toUnit } = this.#chunks;
    for (let wait = POLL_MS.first; !this.#over; wait = Math.min(wait * 2, POLL_MS.longest)) {
      const task = await state.claim(share, this.#from);
      if (task !== null) {
        this.#from = task.chunkIndex;
        const unit = toUnit(plannedChunk(task));
        this.#claims.set(unit, { chunkIndex: task.chunkIndex, attempts: task.attempts });
        return unit;
      }
      const open = await state.openTasks(share);
      if (open.every((t) => t.status === "failed" && t.attempts >= maxAttempts)) return null;
      // Somebody holds what is left: it completes that, or loses it.
      await delay(wait, signal);
    }
    return null;
  }

  async completed(unit: Unit, result: UnitResult): Promise<void> {
    const { state, untracked, journal } = this.#chunks;
    const claim = this.#claimOf(unit);
    const keys = result.parts.map((part) => part.path);
    const done = {
      rowsWritten: result.rows,
      parts: JSON.stringify(result.parts),
      checksum: result.checksum,
    };
    // An answer that is lost leaves open which it was.
    untracked.forget(keys);
    let outcome: "committed" | "taken";
    try {
      outcome = await state.commitClaim(claim, done);
    } catch (error) {
      if (isLost(error)) untracked.remember(keys);
      throw error;
    }
    if (outcome === "taken") {
      untracked.remember(keys);
      this.#taken(claim);
      return;
    }
    this.#rows += result.rows;
    this.#parts.push(...result.parts);
    journal.add("chunk_completed", { chunk: claim.chunkIndex, rows: result.rows });
  }

  async failed(unit: Unit, error: RivetError): Promise<void> {
    if (!RETRY_POLICIES[error.category].retry) this.#over = true;
    // The chunk is not what failed: it is given back when the worker ends.
    if (["INTERRUPTED", "SOURCE_DOWN", "LEASE_LOST"].includes(error.code)) return;
    const { state, journal } = this.#chunks;
    const claim = this.#claimOf(unit);
    journal.add("chunk_failed", { chunk: claim.chunkIndex, code: error.code });
    if (await state.failClaim(claim, error.message) === "taken") this.#taken(claim);
  }

  /** I6. @throws RivetError CHUNK_FAILED naming what is open of the share. */
  async close(): Promise<void> {
    const { state, share, what } = this.#chunks;
    const open: ChunkTask[] = await state.openTasks(share);
    if (open.length === 0) return;
    throw openChunks(
      what,
      open,
      "Remove the cause and start it again: it tries these chunks afresh.",
    );
  }

  #claimOf(unit: Unit): ChunkClaim {
    const claim = this.#claims.get(unit);
    if (claim !== undefined) return claim;
    throw new Error(`${unit.label} was not claimed here`);
  }

  #taken({ chunkIndex, attempts }: ChunkClaim): void {
    this.#chunks.journal.add("chunk_taken", { chunk: chunkIndex, attempt: attempts });
    logger().warn(
      `chunk ${chunkIndex}: another worker has claimed it since, and what this one wrote of it does not count`,
    );
  }
}
