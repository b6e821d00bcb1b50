/** Leases for tests: a real one of a store, and one that is always given. */
import type { LeasedState, StateStore } from "../../core/ports/state.ts";
import { HeldLease, LEASE_MS } from "../../core/lease/lease.ts";

/** @throws Error when somebody else holds it. */
export async function leased(
  store: Pick<StateStore, "acquireLease">,
  exportName = "orders",
  lengthMs = 600_000,
): Promise<LeasedState> {
  const answer = await store.acquireLease(exportName, lengthMs);
  if (answer.kind === "granted") return answer.state;
  throw new Error(`the lease of ${exportName} is held by ${answer.by.runId}`);
}

/** A state whose lease does what it is given, and remembers nothing. */
export function leasedState(parts: Partial<LeasedState>): LeasedState {
  const lease: Partial<LeasedState> = {
    lease: { exportName: "orders", number: 1 },
    beginRun: () => Promise.resolve({ sequence: 1, previousRunId: null }),
    renew: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
  return { ...lease, ...parts } as LeasedState;
}

/** `acquireLease` of a store where nobody else is. */
export function granting(parts: Partial<LeasedState>): Pick<StateStore, "acquireLease"> {
  return {
    acquireLease: () => Promise.resolve({ kind: "granted", state: leasedState(parts) }),
  };
}

/** For a context; whoever makes it releases it. */
export function fakeLease(parts: Partial<LeasedState> = {}): HeldLease {
  return new HeldLease(leasedState(parts), LEASE_MS);
}

/** The store with every lease that it gives changed. */
export function withLeases(
  store: StateStore,
  change: (state: LeasedState) => LeasedState,
): StateStore {
  return {
    ...store,
    async acquireLease(exportName, lengthMs) {
      const answer = await store.acquireLease(exportName, lengthMs);
      return answer.kind === "held" ? answer : { ...answer, state: change(answer.state) };
    },
  };
}
