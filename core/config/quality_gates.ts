/** `quality:` with every default filled in. */
import type { QualityConfig } from "./schema.ts";

/** About 18 bytes each, in the Worker that reads and on the main thread. */
const DEFAULT_UNIQUE_MAX_ENTRIES = 10_000_000;

/** What the rows of a run are held to. */
export interface QualityGates {
  /** `row_count_min`; null: any number. */
  readonly rowCountMin: number | null;
  /** `row_count_max`; null: any number. */
  readonly rowCountMax: number | null;
  /** Share of NULLs by column, 0 to 1; null: no column is held to one. */
  readonly nullRatioMax: Readonly<Record<string, number>> | null;
  /** Columns whose values must not repeat, each on its own; null: none. */
  readonly uniqueColumns: readonly string[] | null;
  /** Distinct values that are remembered of each of them. */
  readonly uniqueMaxEntries: number;
}

/** null: there are no gates. */
export function resolveQuality(config: QualityConfig | undefined): QualityGates | null {
  if (config === undefined) return null;
  return {
    rowCountMin: config.row_count_min ?? null,
    rowCountMax: config.row_count_max ?? null,
    nullRatioMax: config.null_ratio_max ?? null,
    uniqueColumns: config.unique_columns ?? null,
    uniqueMaxEntries: config.unique_max_entries ?? DEFAULT_UNIQUE_MAX_ENTRIES,
  };
}
