/**
 * How `memory_budget_mb` is divided: so much for the program, so much for each reader with its encoder. A budget that has
 * no room for one whole reader makes what that reader holds smaller.
 */

/** What the program takes before it reads, and each reader with its batches and its encoder, in MiB. */
const PROGRAM_MB = 112;
const READER_MB = 36;
/** `memory_budget_mb` where nobody says it, in MiB. */
export const MEMORY_BUDGET_MB = 256;

const KIB = 1024;
const MIB = 1024 * KIB;

/** What one reader may hold of decoded rows, in bytes. */
export interface MemoryShares {
  /** Of one batch, about. Small ones let encoding start while more rows arrive. */
  readonly batchBytes: number;
  /** Waits for the encoder, of all readers that share one; a batch of a reader without one is let through. */
  readonly inFlightBytes: number;
  /** Of finished batches' buffers that a thread keeps for the next ones. */
  readonly keptBytes: number;
}

/** Of a reader that has all its room. */
const WHOLE: MemoryShares = { batchBytes: 4 * MIB, inFlightBytes: 4 * MIB, keptBytes: 16 * MIB };
/** Smaller ones cost more than they save: every batch is a message, and every page takes several. */
const LEAST_SHARE = 1 / 8;

/** Readers that the budget has room for; there is always one. */
export function readersWithin(budgetMb: number): number {
  return Math.max(1, Math.floor((budgetMb - PROGRAM_MB) / READER_MB));
}

/** What each of the readers may hold. */
export function memoryShares(budgetMb: number): MemoryShares {
  const room = (budgetMb - PROGRAM_MB) / readersWithin(budgetMb);
  const share = Math.min(1, Math.max(LEAST_SHARE, room / READER_MB));
  const of = (bytes: number) => Math.floor(share * bytes);
  return {
    batchBytes: of(WHOLE.batchBytes),
    inFlightBytes: of(WHOLE.inFlightBytes),
    keptBytes: of(WHOLE.keptBytes),
  };
}
