/** Waiting for a lease of a shared run: for the others of the run always, for anybody else as long as asked. */
import { holderText, leaseHeld, tellWaited } from "../lease/lease.ts";
import { delay } from "../base/wait.ts";
import { logger } from "../base/log.ts";
import type { Lease } from "../ports/state.ts";
import type { RunOptions } from "../run/run_options.ts";

const POLL_MS = 250;
/** Who has a lease names its run in the next moment. */
const NAMELESS_MS = 10_000;

export type Asked<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "held"; readonly by: Lease };

/**
 * Asks until the answer is there. One process of the run may be opening or finishing it: that ends, or its
 * lease does.
 * @throws RivetError LEASE_HELD, INTERRUPTED
 */
export async function waitForLease<T>(
  { options, runId }: { readonly options: RunOptions; readonly runId: string },
  ask: () => Promise<Asked<T>>,
): Promise<T> {
  const { lockWaitMs = 0, signal } = options;
  const started = performance.now();
  let waitedFor: string | null = null;
  for (let asked = 0;; asked++) {
    const answer = await ask();
    const waited = performance.now() - started;
    if (answer.kind === "done") {
      if (waitedFor !== null) tellWaited(waitedFor, "its lease", waited);
      return answer.value;
    }
    const { by } = answer;
    waitedFor = by.exportName;
    const ours = by.runId === runId || by.runId === null && waited < NAMELESS_MS;
    if (!ours && waited >= lockWaitMs) throw leaseHeld(by, lockWaitMs);
    if (asked === 0) logger().info(`export '${by.exportName}' waits for ${holderText(by)}`);
    await delay(POLL_MS, signal);
  }
}
