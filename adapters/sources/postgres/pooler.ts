/** Tells a transaction-mode pooler (pgBouncer, Odyssey) from a direct connection. */

/** One line for the log. The export runs all the same: its settings live inside each transaction. */
export const POOLER_WARNING =
  "transaction-mode connection pooler detected (pgBouncer/Odyssey): session settings do not outlive a transaction";

/**
 * @param backendPid asks for `pg_backend_pid()` in a transaction of its own. Two answers differ only when
 * something in between gives each transaction another server process (contracts section 10).
 */
export async function detectPooler(backendPid: () => Promise<string>): Promise<string | null> {
  const first = await backendPid();
  return await backendPid() === first ? null : POOLER_WARNING;
}
