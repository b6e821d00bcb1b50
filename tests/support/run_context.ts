/** The context of one export's run over adapters in memory, for tests of the steps of a run one by one. */
import { join } from "node:path";
import { configureLogging } from "../../core/base/log.ts";
import { HeldLease, LEASE_MS } from "../../core/lease/lease.ts";
import type { ExportContext } from "../../core/run/context.ts";
import { Journal } from "../../core/run/journal.ts";
import { beginRun } from "../../core/run/order.ts";
import { runDestination, runRetrier } from "../../core/run/retries.ts";
import { RunTracker } from "../../core/run/tracker.ts";
import type { StateStore } from "../../core/ports/state.ts";
import { openSqlite, STATE_FILE } from "../../state/open.ts";
import { loadedExport } from "./exports.ts";
import { leased } from "./lease.ts";
import { KeptDestination, type MemoryDestination } from "./memory_destination.ts";
import { memoryFormat } from "./memory_format.ts";
import { MemoryNotifier } from "./memory_notifier.ts";

export const RUN_ID = "orders_20260329T125109.336";

const TUNING = { profile: "fast", max_retries: 2, retry_backoff_ms: 1, retry_max_backoff_ms: 1 };

/** What a test holds of the run. */
export interface TestRun {
  readonly ctx: ExportContext;
  /** As it is, without retries. */
  readonly destination: MemoryDestination;
  readonly state: StateStore;
  readonly notifier: MemoryNotifier;
  readonly warnings: string[];
  /** Interrupts the run. */
  stop(): void;
  /** Somebody else takes the export's lease. */
  loseLease(): Promise<void>;
}

/** @param fields keys of the export `orders`. @param runId of the run that the context is of. */
export async function withRun(
  fields: Record<string, unknown>,
  body: (run: TestRun) => Promise<void>,
  runId: string = RUN_ID,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-context-" });
  const state = await openSqlite(join(dir, STATE_FILE));
  const lease = new HeldLease(await leased(state), LEASE_MS);
  const destination = new KeptDestination();
  const warnings: string[] = [];
  configureLogging({ level: "warn", sink: ({ text }) => warnings.push(text) });
  const interrupt = new AbortController();
  const notifier = new MemoryNotifier(["failure", "schema_change"]);
  const listener = { started: () => {}, progress: () => {}, finished: () => {} };
  const exported = loadedExport({ format: "csv", tuning: TUNING, ...fields });
  const order = await beginRun(lease.state, destination, {
    exportName: exported.name,
    runId,
    signal: interrupt.signal,
    lastInTable: () => Promise.resolve(null),
  });
  const base = {
    deps: {
      state,
      format: () => Promise.resolve(memoryFormat),
      notifiers: [notifier],
      destination: () => Promise.resolve(destination),
    },
    options: { validate: false, reconcile: false, signal: interrupt.signal },
    config: { dir, source: { type: "postgres" }, config: {} },
    exported,
    runId,
    order,
    startedAt: new Date(),
    lease,
    state: lease.state,
    journal: new Journal(runId, exported.name),
    tracker: new RunTracker(exported.name, listener),
    snapshot: null,
    lineage: null,
    signal: AbortSignal.any([interrupt.signal, lease.signal]),
  };
  const ctx = {
    ...base,
    destination: runDestination(base, destination),
    retrier: runRetrier(base, null),
  } as unknown as ExportContext;
  try {
    await body({
      ctx,
      destination,
      state,
      notifier,
      warnings,
      stop: () => interrupt.abort(),
      loseLease: async () => {
        await state.endLease(exported.name, lease.state.lease.number);
      },
    });
  } finally {
    ctx.tracker.stop();
    await lease.release();
    await state.close();
    await destination.end();
    configureLogging({ level: "error", sink: () => {} });
    await Deno.remove(dir, { recursive: true });
  }
}
