/**
 * `incremental_safety: commit_safe`: how far an incremental run may read, so that no transaction that
 * still runs can commit a row behind the cursor. Every statement that reads up to a bound must start
 * after the bound was found: only then does it see what has been committed by then.
 */
import { logger } from "../base/log.ts";
import type { RunningTransactions } from "../ports/source.ts";
import type { CursorLimit } from "../query/cursor.ts";
import { delay } from "../base/wait.ts";

/** Where a read may end without hiding rows that are still to be committed. */
export interface CommitBound {
  /** Every row up to here is committed; null: no value is known to be complete. */
  readonly until: CursorLimit | null;
  /** The transactions that kept the bound from reaching further, for people; empty when none did. */
  readonly heldBy: readonly string[];
}

/** How patient the look for a bound is. */
export interface BoundSettings {
  /** How long to wait for transactions to end. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * A transaction's start is taken from the clock a moment before the server shows it to others. Starts
 * that are earlier than a time that was read this long ago are all shown by now.
 */
const SETTLE_MS = 250;
const POLL_MS = 50;

type Running = () => Promise<RunningTransactions>;

/**
 * For a cursor of instants that are never before the start of the row's transaction, which is what
 * `now()` and later clock readings are: the start of the oldest transaction, without waiting for it.
 */
export async function boundByStart(
  running: Running,
  settings: BoundSettings,
): Promise<CommitBound> {
  const { now } = await running();
  await delay(SETTLE_MS, settings.signal);
  let oldest = { at: now, label: "" };
  // Those whose start cannot be known have to end.
  const open = await waitForEnd(running, settings, ({ startedAt, label }) => {
    if (startedAt === null) return true;
    if (startedAt < oldest.at) oldest = { at: startedAt, label };
    return false;
  });
  if (open.length > 0) return { until: null, heldBy: open };
  const lateMs = millis(now) - millis(oldest.at);
  return {
    until: { value: oldest.at, inclusive: false },
    heldBy: lateMs > settings.waitMs ? [oldest.label] : [],
  };
}

/** Of `RunningTransaction.startedAt`. */
function millis(time: string): number {
  return Date.parse(`${time.slice(0, 23).replace(" ", "T")}Z`);
}

/**
 * For any cursor whose values are handed out in order inside of the transaction that writes the row, as
 * a sequence does: the highest value there is, once every transaction of that moment has ended.
 * @param highest asks for the highest value that is visible; null when there is none.
 */
export async function boundByWaiting(
  running: Running,
  highest: () => Promise<string | null>,
  settings: BoundSettings,
): Promise<CommitBound> {
  const value = await highest();
  if (value === null) return { until: null, heldBy: [] };
  const open = await waitForEnd(running, settings, () => true);
  return open.length > 0
    ? { until: null, heldBy: open }
    : { until: { value, inclusive: true }, heldBy: [] };
}

type Transaction = RunningTransactions["transactions"][number];

/**
 * Waits for the transactions that run now and are `awaited` to end.
 * @param awaited asked again of each at every look; once it says no, the transaction is left alone.
 * @returns the labels of those that have not ended in time.
 */
async function waitForEnd(
  running: Running,
  { waitMs, signal }: BoundSettings,
  awaited: (transaction: Transaction) => boolean,
): Promise<string[]> {
  const deadline = performance.now() + waitMs;
  let open = (await running()).transactions.filter(awaited);
  while (open.length > 0) {
    if (performance.now() >= deadline) return open.map(({ label }) => label);
    await delay(POLL_MS, signal);
    const { transactions } = await running();
    const known = new Set(open.map(({ id }) => id));
    const left = transactions.filter(({ id }) => known.has(id));
    // One that is gone may have been prepared for a two-phase commit, and has another id since.
    const gone = left.length < open.length;
    const prepared = transactions.filter((t) => gone && t.prepared && !known.has(t.id));
    open = [...left, ...prepared].filter(awaited);
  }
  return [];
}

/** Says what waits for a later run, and for whom. */
export function reportBound(exportName: string, bound: CommitBound): void {
  if (bound.heldBy.length === 0) return;
  const rows = bound.until === null
    ? "all rows since the last run"
    : `rows from ${bound.until.value} on`;
  logger().warn(
    `export '${exportName}': commit_safe leaves ${rows} to a later run, because transactions that ` +
      `may have written earlier ones are still running: ${bound.heldBy.join("; ")}`,
  );
}
