/** How busy the server is. */
import type { SourceLoad } from "../../../core/ports/source_load.ts";
import type { RunRows } from "../kit/run_rows.ts";

const RUNNING = "Threads_running";
const LOCK_WAITS = "Innodb_row_lock_current_waits";

/** What any account may see; how far replicas are, few may. */
export async function sourceLoad(rows: RunRows): Promise<SourceLoad> {
  const found = await rows(
    `SHOW GLOBAL STATUS WHERE Variable_name IN ('${RUNNING}', '${LOCK_WAITS}')`,
  );
  const values = new Map(found.map(([name, value]) => [name?.toLowerCase(), value]));
  const number = (name: string) => {
    const value = values.get(name.toLowerCase()) ?? null;
    return value === null ? null : Number(value);
  };
  const running = number(RUNNING);
  return {
    lockWaits: number(LOCK_WAITS),
    // The one that asks runs too.
    activeSessions: running === null ? null : Math.max(0, running - 1),
    replicationLagS: null,
    hidden: null,
  };
}
