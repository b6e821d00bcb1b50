/** Snapshots that several connections see (`pg_export_snapshot`). */
import type { SharedSnapshot } from "../../../core/ports/source.ts";
import { quoteLiteral } from "./dialect.ts";
import type { RunRows } from "../kit/run_rows.ts";

/** The first statement of a transaction that joins. The exporting transaction must still be open. */
export function joinSnapshotSql(id: string): string {
  return `SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`;
}

/** Would end the transaction that only waits; the second one is there since PostgreSQL 17. */
const IDLE_LIMITS = ["idle_in_transaction_session_timeout", "transaction_timeout"];

/** Shares the snapshot of the REPEATABLE READ transaction that is open. */
export async function shareSnapshot(rows: RunRows): Promise<SharedSnapshot> {
  const limits = IDLE_LIMITS.map(quoteLiteral).join(", ");
  await rows(
    "SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings " +
      `WHERE name IN (${limits})`,
  );
  // txid_current_snapshot: the newer pg_current_snapshot is missing before PostgreSQL 13.
  const [[id, at, seen]] = await rows(`
    SELECT pg_catalog.pg_export_snapshot(),
      to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      pg_catalog.txid_current_snapshot()::text`);
  return { id: id ?? "", point: `${at} ${seen}` };
}
