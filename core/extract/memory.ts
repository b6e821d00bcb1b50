/** Keeping memory within what the operator allowed (`memory_threshold_mb`, `max_batch_memory_mb`). */
import type { Batch } from "../batch/batch.ts";
import type { Tuning } from "../config/tuning.ts";
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { delay } from "../base/wait.ts";

const MB = 1024 * 1024;
/** Past this the reader goes on: a threshold below what the process needs must not hang the run. */
const MAX_PAUSE_MS = 30_000;
const STEP_MS = 100;

/** Resident memory of the whole process, Workers included, in MiB. */
export function rssMb(): number {
  return Math.round(Deno.memoryUsage().rss / MB);
}

/** Pauses while RSS is above `memoryThresholdMb`, at most 30 s at a time. */
export async function waitForMemory(
  tuning: Tuning,
  signal: AbortSignal,
  usedMb: () => number = rssMb,
): Promise<void> {
  const limit = tuning.memoryThresholdMb;
  if (limit === 0) return;
  let used = usedMb();
  if (used <= limit) return;
  logger().info(
    `memory is above memory_threshold_mb (${used} MB > ${limit} MB); reading pauses`,
  );
  const began = performance.now();
  for (let waited = 0; waited < MAX_PAUSE_MS && used > limit; waited += STEP_MS) {
    await delay(STEP_MS, signal);
    used = usedMb();
  }
  if (used > limit) {
    logger().warn(
      `memory stayed above memory_threshold_mb (${used} MB > ${limit} MB) for ` +
        `${MAX_PAUSE_MS / 1000} s; reading goes on`,
    );
  } else {
    const ms = Math.round(performance.now() - began);
    logger().info(`memory is at ${used} MB again after ${ms} ms; reading goes on`, { ms });
  }
}

/** Applies `on_batch_memory_exceeded` to batches; `auto_shrink` is told by `targetBytes`. */
export class BatchMemoryGuard {
  readonly #tuning: Tuning;
  #warned = false;

  constructor(tuning: Tuning) {
    this.#tuning = tuning;
  }

  /** Bytes a batch may aim for. */
  targetBytes(wanted: number): number {
    const { maxBatchMemoryMb, onBatchMemoryExceeded } = this.#tuning;
    if (maxBatchMemoryMb === 0 || onBatchMemoryExceeded !== "auto_shrink") return wanted;
    return Math.min(wanted, Math.max(1, Math.floor(maxBatchMemoryMb * MB / 2)));
  }

  /** @throws RivetError MEMORY_EXCEEDED under `on_batch_memory_exceeded: fail`. */
  check(batch: Batch): void {
    const { maxBatchMemoryMb, onBatchMemoryExceeded } = this.#tuning;
    if (maxBatchMemoryMb === 0 || batch.byteLength <= maxBatchMemoryMb * MB) return;
    const text = `a batch of ${batch.rows} rows takes ${Math.ceil(batch.byteLength / MB)} MB, ` +
      `above max_batch_memory_mb: ${maxBatchMemoryMb}`;
    if (onBatchMemoryExceeded === "fail") {
      throw new RivetError("MEMORY_EXCEEDED", text, {
        hint: "Lower batch_size, or set on_batch_memory_exceeded: auto_shrink.",
      });
    }
    if (!this.#warned) logger().warn(text);
    this.#warned = true;
  }
}
