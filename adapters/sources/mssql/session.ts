/** What a session is set to before every statement. */
import type { Tuning } from "../../../core/config/tuning.ts";

/**
 * Goes before every statement, in its own batch: what a session was told may be forgotten behind a
 * multiplexer. An export gives way in a deadlock.
 */
export function settingsSql(tuning: Pick<Tuning, "lockTimeoutS">): string {
  const lockTimeout = tuning.lockTimeoutS === 0 ? -1 : tuning.lockTimeoutS * 1000;
  return `SET NOCOUNT ON; SET LOCK_TIMEOUT ${lockTimeout}; SET DEADLOCK_PRIORITY LOW;\n`;
}
