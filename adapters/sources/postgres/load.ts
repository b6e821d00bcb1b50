/** How busy the server is. */
import type { SourceLoad } from "../../../core/ports/source_load.ts";
import type { RunRows } from "../kit/run_rows.ts";

/**
 * Whose locks are waited for any user may see; what other users' sessions do, and how far replicas are, only
 * one with pg_monitor. A standby that has applied all that it has received is not behind, however long ago
 * its primary wrote.
 */
const LOAD = `
  SELECT
    (SELECT count(DISTINCT l.pid) FROM pg_catalog.pg_locks l
      JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      WHERE NOT l.granted AND a.datname = current_database()),
    count(*) FILTER (WHERE a.state = 'active'),
    count(*) FILTER (WHERE a.query = '<insufficient privilege>'),
    CASE
      WHEN NOT pg_catalog.pg_is_in_recovery() THEN
        (SELECT extract(epoch FROM max(r.replay_lag)) FROM pg_catalog.pg_stat_replication r)
      WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
      ELSE extract(epoch FROM
        clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())
    END
  FROM pg_catalog.pg_stat_activity a
  WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.usesysid IS NOT NULL`;

export async function sourceLoad(rows: RunRows): Promise<SourceLoad> {
  const [[waits, active, hidden, lag]] = await rows(LOAD);
  const isHidden = Number(hidden) > 0;
  return {
    lockWaits: Number(waits),
    activeSessions: isHidden ? null : Number(active),
    replicationLagS: lag === null ? null : Number(lag),
    hidden: isHidden
      ? "the sessions of other users are hidden, and not counted: GRANT pg_monitor to this user"
      : null,
  };
}
