/** Tuning as a run uses it: profile numbers with the config's overrides laid over them. */

export type Profile = "safe" | "balanced" | "fast";

export interface Tuning {
  readonly profile: Profile;
  /** Rows per FETCH or page; 0 when batches are sized by `batchBytes`. */
  readonly batchRows: number;
  /** Bytes of decoded rows per FETCH or page. */
  readonly batchBytes: number;
  readonly throttleMs: number;
  /** 0: none. */
  readonly statementTimeoutS: number;
  /** 0: none. */
  readonly lockTimeoutS: number;
  readonly maxRetries: number;
  readonly retryBackoffMs: number;
  /** Reading pauses while RSS is above it; 0: never. */
  readonly memoryThresholdMb: number;
  /** 0: no limit. */
  readonly maxBatchMemoryMb: number;
  readonly onBatchMemoryExceeded: "warn" | "fail" | "auto_shrink";
  readonly maxValueMb: number;
}
