/** Taking, waiting for, renewing and losing a lease, over a state that answers as it is told. */
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { StateError } from "../../../../core/base/errors.ts";
import { configureLogging } from "../../../../core/base/log.ts";
import { leaseLength, takeLease, withLease } from "../../../../core/lease/lease.ts";
import type { Lease, LeaseAnswer, LeasedState, StateStore } from "../../../../core/ports/state.ts";
import { leasedState } from "../../../support/lease.ts";

const BY: Lease = {
  exportName: "orders",
  number: 3,
  sharedRun: null,
  runId: "orders_20260521T120000.123",
  owner: { host: "vm", hostId: "vm", pid: 4711, processStart: null },
  acquiredAt: "2026-05-21T12:00:00.123Z",
  renewedAt: "2026-05-21T12:00:30.123Z",
  expiresAt: "2026-05-21T12:01:30.123Z",
  status: "live",
};

type Leases = Pick<StateStore, "acquireLease">;

/** Held for the first `held` questions, then given. */
function store(parts: Partial<LeasedState>, held = 0): Leases & { asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    acquireLease: (_, lengthMs): Promise<LeaseAnswer> => {
      asked.push(lengthMs);
      if (asked.length <= held) return Promise.resolve({ kind: "held", by: BY });
      return Promise.resolve({ kind: "granted", state: leasedState(parts) });
    },
  };
}

const signal = new AbortController().signal;
const unavailable = () => Promise.reject(new StateError("STATE_UNAVAILABLE", "the server is gone"));
const lost = () => Promise.reject(new StateError("LEASE_LOST", "taken over"));

/** Warnings that are logged while `body` runs. */
const warnings = (body: () => Promise<void>) => told("warn", body);

async function told(level: "info" | "warn", body: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  configureLogging({ level, sink: (entry) => seen.push(entry.text) });
  try {
    await body();
  } finally {
    configureLogging({ level: "error", sink: () => {} });
  }
  return seen;
}

Deno.test("a lease that is held is refused, naming the run that holds it", async () => {
  await rejects(takeLease(store({}, 1), "orders", { signal }), (error) => {
    if (!(error instanceof Error) || !("code" in error) || !("hint" in error)) return false;
    equal(error.code, "LEASE_HELD");
    equal(
      error.message,
      "export 'orders' is in use by run 'orders_20260521T120000.123' (host vm, pid 4711, " +
        "since 2026-05-21T12:00:00.123Z)",
    );
    match(String(error.hint), /--lock-wait SECONDS.*12:01:30.*state unlock -e orders --force/);
    return true;
  });
});

Deno.test("a wait says for whom, and how long it was; who need not wait says nothing", async () => {
  const seen = await told("info", async () => {
    for (const held of [1, 0]) {
      const lease = await takeLease(store({}, held), "orders", { waitMs: 60_000, signal });
      await lease.release();
    }
  });
  equal(seen.length, 2);
  match(seen[0], /^export 'orders' waits for run 'orders_/);
  match(seen[1], /^export 'orders' waited \d+ ms for its lease$/);
});

Deno.test("whoever waits asks again until it is free, and no longer than was asked for", async () => {
  const free = store({}, 2);
  const lease = await takeLease(free, "orders", { waitMs: 60_000, signal });
  equal(free.asked.length, 3);
  await lease.release();
  await rejects(takeLease(store({}, 9_999), "orders", { waitMs: 20, signal }), {
    code: "LEASE_HELD",
    message: /after 0 s of waiting by run/,
  });
});

Deno.test("an interrupt ends the wait", async () => {
  const stop = new AbortController();
  const waiting = takeLease(store({}, 9_999), "orders", { waitMs: 600_000, signal: stop.signal });
  setTimeout(() => stop.abort(), 10);
  await rejects(waiting, { code: "INTERRUPTED" });
});

Deno.test("the lease is given back whatever happens, and its renewal ends", async () => {
  let released = 0;
  const release = () => {
    released++;
    return Promise.resolve();
  };
  equal(await withLease(store({ release }), "orders", { signal }, () => Promise.resolve(7)), 7);
  const failing = withLease(store({ release }), "orders", { signal }, unavailable);
  await rejects(failing, { code: "STATE_UNAVAILABLE" });
  equal(released, 2);
  // A state that is gone does not hide what came of the work.
  const logged = await warnings(async () => {
    const gone = store({ release: unavailable });
    equal(await withLease(gone, "orders", { signal }, () => Promise.resolve(8)), 8);
  });
  deepEqual(logged, ["the lease of export 'orders' was not given back: the server is gone"]);
});

/** Resolves when a renewal has been asked for `times` times. */
function renewals(times: number, answer: () => Promise<void>) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const renew = () => {
    if (++asked === times) resolve();
    return answer();
  };
  return { renew, reached: promise };
}

Deno.test("a lease is renewed four times within its length", async () => {
  const { renew, reached } = renewals(3, () => Promise.resolve());
  const lease = await takeLease(store({ renew }), "orders", { lengthMs: 40, signal });
  await reached;
  equal(lease.failure, null);
  await lease.release();
});

Deno.test("a lease that is lost stops its run, with that as the reason", async () => {
  const { renew, reached } = renewals(1, lost);
  const lease = await takeLease(store({ renew }), "orders", { lengthMs: 40, signal });
  const stopped = new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
  await reached;
  await stopped;
  equal(lease.failure?.code, "LEASE_LOST");
  await rejects(lease.confirm(), { code: "LEASE_LOST" });
  await lease.release();
});

Deno.test("a state that does not answer for a while is warned of once, and asked again", async () => {
  const logged = await warnings(async () => {
    const { renew, reached } = renewals(3, unavailable);
    const lease = await takeLease(store({ renew }), "orders", { lengthMs: 40, signal });
    await reached;
    equal(lease.failure, null);
    equal(lease.signal.aborted, false);
    await lease.release();
  });
  deepEqual(logged, [
    "the lease was not renewed, which will be tried again: the server is gone",
  ]);
});

Deno.test("without an answer a lease is ours until it can have expired", async () => {
  const patient = await takeLease(store({ renew: unavailable }), "orders", {
    lengthMs: 600_000,
    signal,
  });
  await patient.confirm();
  await patient.release();
  const short = await takeLease(store({ renew: unavailable }), "orders", { lengthMs: 1, signal });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await rejects(short.confirm(), { code: "STATE_UNAVAILABLE" });
  await short.release();
});

Deno.test("RIVET_LEASE_SECONDS sets the length, in whole seconds", () => {
  const lengthOf = (text?: string) =>
    leaseLength((name) => name === "RIVET_LEASE_SECONDS" ? text : undefined);
  equal(lengthOf(), 60_000);
  equal(lengthOf(""), 60_000);
  equal(lengthOf("5"), 5_000);
  for (const text of ["0", "-1", "1.5", "60s", "86401", " 5"]) {
    throws(() => lengthOf(text), { code: "USAGE", message: `RIVET_LEASE_SECONDS is '${text}'` });
  }
});
