/**
 * Every failure Rivet reports is one of these classes. An adapter translates a driver's error once,
 * here named by category; the retry loop reads the category, `program.ts` the exit code.
 */

import { flagHint, refusalBehind } from "./denied.ts";

/** Why an operation failed, as far as the retry loop is concerned (readme "Retry semantics"). */
export type ErrorCategory =
  | "network"
  | "disconnect"
  | "timeout"
  | "capacity"
  | "deadlock"
  | "auth"
  | "permanent";

/** What a category means for a retry. `extraDelayMs` is added to the backoff. */
export interface RetryPolicy {
  readonly retry: boolean;
  readonly extraDelayMs: number;
}

/**
 * Whether an error of a category may pass by itself, and what is added to the wait before it is tried
 * again.
 */
export const RETRY_POLICIES: Record<ErrorCategory, RetryPolicy> = {
  network: { retry: true, extraDelayMs: 0 },
  disconnect: { retry: true, extraDelayMs: 0 },
  timeout: { retry: true, extraDelayMs: 0 },
  capacity: { retry: true, extraDelayMs: 15_000 },
  deadlock: { retry: true, extraDelayMs: 1_000 },
  auth: { retry: false, extraDelayMs: 0 },
  permanent: { retry: false, extraDelayMs: 0 },
};

/** Stable, public error codes: printed by `--json-errors` and stored in the journal. */
export type ErrorCode =
  | "USAGE"
  | "CONFIG_INVALID"
  | "CONFIG_NOT_FOUND"
  | "NOT_AVAILABLE"
  | "SOURCE_UNREACHABLE"
  | "SOURCE_AUTH"
  | "SOURCE_PERMISSION"
  | "SOURCE_OBJECT_NOT_FOUND"
  | "SOURCE_QUERY"
  | "SOURCE_TIMEOUT"
  | "SOURCE_CAPACITY"
  | "SOURCE_DEADLOCK"
  | "SOURCE_DISCONNECTED"
  | "SOURCE_DOWN"
  | "SOURCE_TLS"
  | "TYPE_UNSUPPORTED"
  | "VALUE_OUT_OF_RANGE"
  | "DESTINATION_UNWRITABLE"
  | "DESTINATION_FULL"
  | "DESTINATION_AUTH"
  | "DESTINATION_NOT_FOUND"
  | "DESTINATION_UNREACHABLE"
  | "DESTINATION_FAILED"
  | "STATE_UNAVAILABLE"
  | "STATE_LOCKED"
  | "STATE_CORRUPT"
  | "STATE_TOO_NEW"
  | "STATE_FOREIGN"
  | "LEASE_HELD"
  | "LEASE_LOST"
  | "CHECKPOINT_MISSING"
  | "CHECKPOINT_OPEN"
  | "CHECKPOINT_MISMATCH"
  | "CHUNK_FAILED"
  | "ALREADY_COMPLETE"
  | "VALIDATION_FAILED"
  | "QUALITY_FAILED"
  | "SCHEMA_DRIFT"
  | "RECONCILE_MISMATCH"
  | "PLAN_STALE"
  | "PLAN_EDITED"
  | "PLAN_INVALID"
  | "CURSOR_DRIFT"
  | "SNAPSHOT_ENDED"
  | "STORAGE_CHANGED"
  | "TABLE_CONFLICT"
  | "TABLE_MISSING"
  | "TABLE_SCHEMA"
  | "TABLE_UNSUPPORTED"
  | "MEMORY_EXCEEDED"
  | "NOTIFICATION_FAILED"
  | "LINEAGE_FAILED"
  | "CHECK_FAILED"
  | "INTERRUPTED"
  | "EXPORT_FAILED"
  | "INTERNAL";

/** What an error carries beside its code and message. */
export interface RivetErrorOptions {
  /** What to do about it, in one sentence. Printed on its own line. */
  readonly hint?: string;
  readonly category?: ErrorCategory;
  /** SQLSTATE or the engine's error number. */
  readonly nativeCode?: string;
  readonly cause?: unknown;
}

/** A failure with a public code, a category and a hint. Messages never contain secrets: see `redact.ts`. */
export class RivetError extends Error {
  override readonly name: string = "RivetError";
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly hint: string | undefined;
  readonly nativeCode: string | undefined;

  constructor(code: ErrorCode, message: string, options: RivetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    // Whatever was being done: a permission that is missing now is missing at the next attempt, too.
    const refusal = refusalBehind(options.cause);
    this.category = refusal === null ? options.category ?? "permanent" : "permanent";
    this.hint = refusal === null ? options.hint : flagHint(refusal);
    this.nativeCode = options.nativeCode;
  }
}

/** The configuration, a flag or an argument is wrong: exit code 2. */
export class ConfigError extends RivetError {
  override readonly name = "ConfigError";
  /** One entry per problem, each already with its position. */
  readonly problems: readonly string[];

  constructor(
    message: string,
    problems: readonly string[] = [],
    options: RivetErrorOptions & { code?: "USAGE" | "CONFIG_INVALID" | "CONFIG_NOT_FOUND" } = {},
  ) {
    super(options.code ?? "CONFIG_INVALID", message, options);
    this.problems = problems;
  }
}

/** The source database failed or refused. Built only by a source adapter's error classifier. */
export class SourceError extends RivetError {
  override readonly name = "SourceError";
}

/** The destination failed or refused. Built only by a destination adapter. */
export class DestinationError extends RivetError {
  override readonly name = "DestinationError";
}

/** The state database failed or refused. Built only under `state/`. */
export class StateError extends RivetError {
  override readonly name = "StateError";
}

/** A structured-clone-safe form of an error, for Workers and child processes. */
export interface SerializedError {
  readonly name: string;
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly message: string;
  readonly hint?: string;
  readonly nativeCode?: string;
  readonly stack?: string;
}

/** Anything that was thrown, as what JSON and structured clone keep of it. */
export function serializeError(error: unknown): SerializedError {
  const e = toRivetError(error);
  return {
    name: e.name,
    code: e.code,
    category: e.category,
    message: e.message,
    hint: e.hint,
    nativeCode: e.nativeCode,
    stack: e.stack,
  };
}

/**
 * The error again, with its code, category and stack; its class is `RivetError` whatever it was.
 */
export function deserializeError(data: SerializedError): RivetError {
  const options = { hint: data.hint, category: data.category, nativeCode: data.nativeCode };
  const error = new RivetError(data.code, data.message, options);
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

/** Anything thrown, as a `RivetError`; what no adapter classified is INTERNAL and permanent. */
export function toRivetError(error: unknown): RivetError {
  if (error instanceof RivetError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (refusalBehind(error) !== null) {
    const text = `this process may not do that: ${message}`;
    return new RivetError("NOT_AVAILABLE", text, { cause: error });
  }
  return new RivetError("INTERNAL", message, { cause: error });
}
