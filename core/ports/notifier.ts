/**
 * The notifier port: tells people how an export's run ended. It is the last thing that happens (I8), and
 * it never changes a verdict: a message that cannot be sent is a WARN.
 */
import type { ErrorCode } from "../base/errors.ts";

/**
 * `failure`: the run failed. `schema_change`: columns differ from the last successful run.
 * `degraded`: the run succeeded, and something about it wants attention (see docs/notifications.md).
 */
export type NotifyKind = "failure" | "schema_change" | "degraded";

/** One ended run of one export. Its texts hold no secret. */
export interface NotifyEvent {
  /** At least one, the gravest first. */
  readonly kinds: readonly NotifyKind[];
  readonly exportName: string;
  readonly runId: string;
  readonly rows: number;
  readonly files: number;
  readonly durationMs: number;
  /** What led to `schema_change` and `degraded`, one line each. */
  readonly reasons: readonly string[];
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** What to do about it; null when there is nothing to say. */
    readonly hint: string | null;
  } | null;
}

/** One way to tell people; opened once per invocation, used by many exports at once. */
export interface Notifier {
  /** `notify` is called for events with at least one of these kinds. */
  readonly on: ReadonlySet<NotifyKind>;
  /**
   * Sends one message, trying again where that may help, in bounded time. The signal ends the waiting.
   * Delivery is at least once: an attempt without an answer may have arrived.
   * @throws RivetError NOTIFICATION_FAILED, INTERRUPTED
   */
  notify(event: NotifyEvent, signal: AbortSignal): Promise<void>;
}
