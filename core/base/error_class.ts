/** What a scheduler does about a failure: the coarse classes behind the codes. Public names. */
import { type ErrorCategory, type ErrorCode, RETRY_POLICIES, type RivetError } from "./errors.ts";

/**
 * `config`: somebody has to change something first. `retryable`: the same command may pass later.
 * `data`: what was read or written is not as it must be. `drift`: the schema changed.
 */
export type ErrorClass = "config" | "retryable" | "data" | "drift" | "interrupted";

/** Codes whose class their category does not tell. */
const CLASSES: Partial<Record<ErrorCode, ErrorClass>> = {
  USAGE: "config",
  CONFIG_INVALID: "config",
  CONFIG_NOT_FOUND: "config",
  NOT_AVAILABLE: "config",
  PLAN_INVALID: "config",
  PLAN_EDITED: "config",
  PLAN_STALE: "config",
  CURSOR_DRIFT: "config",
  SOURCE_PERMISSION: "config",
  SOURCE_OBJECT_NOT_FOUND: "config",
  SOURCE_QUERY: "config",
  SOURCE_TLS: "config",
  TYPE_UNSUPPORTED: "config",
  DESTINATION_UNWRITABLE: "config",
  DESTINATION_NOT_FOUND: "config",
  STATE_TOO_NEW: "config",
  CHECKPOINT_MISSING: "config",
  CHECKPOINT_OPEN: "config",
  CHECKPOINT_MISMATCH: "config",
  ALREADY_COMPLETE: "config",
  CHECK_FAILED: "config",
  TABLE_SCHEMA: "config",
  TABLE_UNSUPPORTED: "config",
  TABLE_CONFLICT: "retryable",
  SOURCE_DOWN: "retryable",
  SOURCE_TIMEOUT: "retryable",
  DESTINATION_FULL: "retryable",
  STATE_UNAVAILABLE: "retryable",
  STATE_LOCKED: "retryable",
  SNAPSHOT_ENDED: "retryable",
  NOTIFICATION_FAILED: "retryable",
  LINEAGE_FAILED: "retryable",
  SCHEMA_DRIFT: "drift",
  INTERRUPTED: "interrupted",
};

export interface Classified {
  readonly exit_class: ErrorClass;
  /** Whether the same command may pass later without a change. */
  readonly retryable: boolean;
}

/** The class of an error by its code, else by its category. */
export function classify(
  { code, category }: { readonly code: ErrorCode; readonly category: ErrorCategory },
): Classified {
  const passing = RETRY_POLICIES[category].retry;
  const exit_class = CLASSES[code] ?? (passing ? "retryable" : byCategory(category));
  return { exit_class, retryable: exit_class === "retryable" || exit_class === "interrupted" };
}

function byCategory(category: ErrorCategory): ErrorClass {
  return category === "auth" ? "config" : "data";
}

const INTERRUPTED = 130;

/** The documented exit codes; every code that is not named exits 1. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  USAGE: 2,
  CONFIG_INVALID: 2,
  CONFIG_NOT_FOUND: 2,
  NOT_AVAILABLE: 2,
  PLAN_INVALID: 2,
  SCHEMA_DRIFT: 4,
  INTERRUPTED,
};

/** Under `--exit-class` (or RIVET_EXIT_CLASS=1). */
const CLASS_CODES: Record<ErrorClass, number> = {
  config: 1,
  retryable: 2,
  data: 3,
  drift: 4,
  interrupted: INTERRUPTED,
};

/** @param byClass the later numbering: 1 configuration, 2 retryable, 3 integrity, 4 drift. */
export function exitCodeOf(
  error: Pick<RivetError, "code" | "category">,
  byClass: boolean,
): number {
  return byClass ? CLASS_CODES[classify(error).exit_class] : EXIT_CODES[error.code] ?? 1;
}
