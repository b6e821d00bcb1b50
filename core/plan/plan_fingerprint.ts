/** The fingerprint of a plan: short, stable, and equal only for what means the same. */
import { xxh3OfText } from "../base/xxh3_64.ts";

export interface ChunkPlanInputs {
  readonly base: string;
  readonly column: string;
  readonly size: number | null;
  readonly count: number | null;
  readonly dense: boolean;
  readonly byDays: number | null;
  /** What `size` was found from; it changes with the table, so that only this tells plans apart. */
  readonly memoryMb: number | null;
}

/** PA6 names the inputs; the kind of cut goes in with them. */
type FingerprintInputs = ChunkPlanInputs & { readonly kind: string };

/** PA6: over base query, chunk column, size (or what it was found from), count, dense and by_days; 16 hex digits. */
export function planFingerprint(inputs: FingerprintInputs): Promise<string> {
  const { base, column, size, count, dense, byDays, memoryMb, kind } = inputs;
  const values = memoryMb === null
    ? [base, column, size, count, dense, byDays, kind]
    : [base, column, null, count, dense, byDays, kind, memoryMb];
  return Promise.resolve(xxh3OfText(JSON.stringify(values)));
}
