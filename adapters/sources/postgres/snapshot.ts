/** Snapshots that several connections see (`pg_export_snapshot`). */
import { SourceError } from "../../../core/base/errors.ts";
import type { SharedSnapshot } from "../../../core/ports/source.ts";
import { quoteLiteral } from "./dialect.ts";
import type { RunRows } from "../kit/run_rows.ts";

/** The first statement of a transaction that joins. The exporting transaction must still be open. */
export function joinSnapshotSql(id: string): string {
  return `SET TRANSACTION SNAPSHOT ${quoteLiteral(id.split(SEEN_AFTER)[0])}`;
}

/**
 * The server numbers its snapshots from the start again when it is restarted, so that the name of one that is
 * gone can be that of another: an id says what the snapshot sees as well.
 */
const SEEN_AFTER = "/";

/** What the transaction that has joined sees, to be compared with its snapshot's id. */
export const SEEN = "pg_catalog.txid_current_snapshot()::text";

/** No such snapshot, and, of one whose transaction or process is ending or which is another database's. */
const NOT_THERE = ["22023", "42704", "55000", "0A000"];

/** @throws SourceError SNAPSHOT_ENDED when the transaction has joined another snapshot than it was told to. */
export function requireSeen(id: string, seen: string | null): void {
  if (id.split(SEEN_AFTER)[1] !== seen) throw snapshotGone();
}

/** The error of a transaction that was to join a snapshot, as it is told. */
export function joinFailure(error: unknown): unknown {
  if (!(error instanceof SourceError) || !NOT_THERE.includes(error.nativeCode ?? "")) return error;
  return snapshotGone(error);
}

function snapshotGone(cause?: SourceError): SourceError {
  return new SourceError("SNAPSHOT_ENDED", "PostgreSQL no longer has the snapshot to be read", {
    category: "permanent",
    hint: "Whoever held it has ended, or the connection leads to another server or database than " +
      "theirs. What was written has no _SUCCESS: plan and run anew.",
    ...(cause === undefined ? {} : { nativeCode: cause.nativeCode, cause }),
  });
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
      ${SEEN}`);
  return { id: `${id}${SEEN_AFTER}${seen}`, point: `${at} ${seen}` };
}
