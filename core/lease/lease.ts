/**
 * Holding an export's lease: taking it or waiting for it, renewing it while it is held, and noticing when
 * somebody else has it. The state itself refuses the writes of a lease that is lost; what happens here
 * makes the run end soon, and with that as its reason.
 */
import { ConfigError, RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { delay } from "../base/wait.ts";
import type { Lease, LeasedState, StateStore } from "../ports/state.ts";

/** How long a process may be busy or away before another host takes it for dead. */
export const LEASE_MS = 60_000;
/** The main thread may be busy for most of a lease's length. */
const RENEWALS_PER_LEASE = 4;
const POLL_MS = 500;

/** What a lease may last: less than a heartbeat takes helps nobody, and a day is for ever. */
const LEASE_SECONDS = { min: 1, max: 86_400 };
export const LEASE_ENV = "RIVET_LEASE_SECONDS";

/**
 * The length that the environment asks for, else `LEASE_MS`.
 * @throws ConfigError USAGE
 */
export function leaseLength(env: (name: string) => string | undefined): number {
  return askedLeaseLength(env) ?? LEASE_MS;
}

/** As `leaseLength`; undefined where the environment does not ask. @throws ConfigError USAGE */
export function askedLeaseLength(env: (name: string) => string | undefined): number | undefined {
  const text = env(LEASE_ENV);
  if (text === undefined || text === "") return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : NaN;
  const { min, max } = LEASE_SECONDS;
  if (seconds >= min && seconds <= max) return seconds * 1000;
  throw new ConfigError(`${LEASE_ENV} is '${text}'`, [], {
    code: "USAGE",
    hint: `Give whole seconds from ${min} to ${max}, or unset it for ${LEASE_MS / 1000}.`,
  });
}

export interface LeaseSettings {
  /** Absent: `LEASE_MS`. */
  readonly lengthMs?: number;
  /** How long to wait for another run to end; absent: not at all. */
  readonly waitMs?: number;
  readonly signal: AbortSignal;
}

/** Renews itself until it is released or lost. */
export class HeldLease {
  readonly state: LeasedState;
  readonly #lengthMs: number;
  readonly #lost = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #renewedAt = now();
  #failure: RivetError | null = null;
  #warned = false;

  constructor(state: LeasedState, lengthMs: number) {
    this.state = state;
    this.#lengthMs = lengthMs;
    this.#timer = setInterval(() => void this.#beat(), lengthMs / RENEWALS_PER_LEASE);
  }

  /** Aborts when somebody else has the lease. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** LEASE_LOST once it is known; null until then. */
  get failure(): RivetError | null {
    return this.#failure;
  }

  /**
   * To be asked before anything that no later write can take back. A state that does not answer is no
   * reason to stop while the lease cannot have expired.
   * @throws RivetError LEASE_LOST, or why it is not known whether it is still held.
   */
  async confirm(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    try {
      await this.#renew();
    } catch (error) {
      if (this.#failure !== null || elapsed(this.#renewedAt) >= this.#lengthMs) throw error;
    }
  }

  /** As `confirm`, asked only once the lease may have expired: who slept finds out here. */
  async confirmIfStale(): Promise<void> {
    if (this.#failure !== null || elapsed(this.#renewedAt) >= this.#lengthMs) await this.confirm();
  }

  /** Never throws. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.state.release();
    } catch (error) {
      const { exportName } = this.state.lease;
      logger().warn(
        `the lease of export '${exportName}' was not given back: ${toRivetError(error).message}`,
      );
    }
  }

  async #renew(): Promise<void> {
    const at = now();
    try {
      await this.state.renew();
      this.#renewedAt = at;
      this.#warned = false;
    } catch (thrown) {
      const error = toRivetError(thrown);
      if (error.code === "LEASE_LOST") this.#fail(error);
      throw error;
    }
  }

  async #beat(): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await this.#renew();
    } catch (error) {
      const { code, message } = toRivetError(error);
      if (code === "LEASE_LOST" || this.#warned) return;
      this.#warned = true;
      logger().warn(`the lease was not renewed, which will be tried again: ${message}`);
    }
  }

  #fail(error: RivetError): void {
    this.#failure ??= error;
    clearInterval(this.#timer);
    this.#lost.abort();
  }
}

interface Moment {
  readonly steady: number;
  readonly wall: number;
}

function now(): Moment {
  return { steady: performance.now(), wall: Date.now() };
}

/** The longer of two clocks: one stands still while the machine sleeps, the other may be set back. */
function elapsed({ steady, wall }: Moment): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

/** `run 'orders_20260521T120000.123' (host vm, pid 4711, since 2026-05-21T12:00:00.123Z)`. */
export function holderText({ runId, sharedRun, owner, acquiredAt }: Lease): string {
  if (sharedRun !== null) return `the tasks of run '${sharedRun}' (since ${acquiredAt})`;
  const run = runId === null ? "another process" : `run '${runId}'`;
  return `${run} (host ${owner.host}, pid ${owner.pid}, since ${acquiredAt})`;
}

/** LEASE_HELD, for who does not wait any longer. */
export function leaseHeld(by: Lease, waitedMs: number): RivetError {
  const waited = waitedMs > 0 ? ` after ${Math.round(waitedMs / 1000)} s of waiting` : "";
  return new RivetError(
    "LEASE_HELD",
    `export '${by.exportName}' is in use${waited} by ${holderText(by)}`,
    {
      hint: "One run of an export at a time: wait for it to end (--lock-wait SECONDS). A process " +
        `that is dead loses its lease by itself, on another host at ${by.expiresAt}; ` +
        `'rivet state unlock -e ${by.exportName} --force' takes it away before.`,
    },
  );
}

/** @throws RivetError LEASE_HELD, INTERRUPTED while waiting; StateError. */
export async function takeLease(
  store: Pick<StateStore, "acquireLease">,
  exportName: string,
  { lengthMs = LEASE_MS, waitMs = 0, signal }: LeaseSettings,
): Promise<HeldLease> {
  const started = performance.now();
  for (let asked = 0;; asked++) {
    const answer = await store.acquireLease(exportName, lengthMs);
    const waited = performance.now() - started;
    if (answer.kind === "granted") {
      if (asked > 0) tellWaited(exportName, "its lease", waited);
      return new HeldLease(answer.state, lengthMs);
    }
    if (waited >= waitMs) throw leaseHeld(answer.by, waitMs);
    if (asked === 0) {
      logger().info(`export '${exportName}' waits for ${holderText(answer.by)}`);
    }
    await delay(Math.min(POLL_MS, waitMs - waited), signal);
  }
}

/** A wait that has ended, for people: how long it took. */
export function tellWaited(exportName: string, what: string, waitedMs: number): void {
  const ms = Math.round(waitedMs);
  logger().info(`export '${exportName}' waited ${ms} ms for ${what}`, { export: exportName, ms });
}

/** Runs `work` under the lease, which is given back afterwards whatever happens. */
export async function withLease<T>(
  store: Pick<StateStore, "acquireLease">,
  exportName: string,
  settings: LeaseSettings,
  work: (lease: HeldLease) => Promise<T>,
): Promise<T> {
  const lease = await takeLease(store, exportName, settings);
  try {
    return await work(lease);
  } finally {
    await lease.release();
  }
}
