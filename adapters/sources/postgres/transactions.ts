/** The transactions that run in the connected database. */
import { ConfigError } from "../../../core/base/errors.ts";
import type { RunningTransactions } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";

function utc(time: string): string {
  return `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'`;
}

/**
 * Every transaction holds the lock on its virtual id from its first moment on, whether or not it has
 * written, and any user may see that. `xact_start` is NULL for sessions of other users unless Rivet's
 * user has pg_read_all_stats, and for sessions with `track_activities = off`.
 * Autovacuum, which has no user, writes no rows. A prepared transaction has lost its session and its
 * start; the branches run in this order, so that one being prepared meanwhile is in one of them.
 */
const RUNNING = `
  SELECT l.virtualtransaction, ${utc("a.xact_start")}, false,
    'session ' || a.pid || ' (' || concat_ws(', ', nullif(a.application_name, ''),
      'user ' || a.usename, a.state, 'since ' || ${utc("a.xact_start")},
      CASE WHEN a.query = '<insufficient privilege>'
        THEN 'its start is hidden: GRANT pg_read_all_stats TO ' || quote_ident(current_user) END) || ')'
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted
    AND a.datname = current_database() AND a.usesysid IS NOT NULL
    AND a.pid <> pg_catalog.pg_backend_pid()
  UNION ALL
  SELECT 'prepared ' || p.transaction::text, NULL, true,
    'prepared transaction ''' || p.gid || ''' (user ' || p.owner || ', since ' ||
      ${utc("p.prepared")} || ')'
  FROM pg_catalog.pg_prepared_xacts p WHERE p.database = current_database()`;

export async function runningTransactions(rows: RunRows): Promise<RunningTransactions> {
  const [[now, standby]] = await rows(
    `SELECT ${utc("clock_timestamp()")}, pg_catalog.pg_is_in_recovery()`,
  );
  if (standby === "t") {
    throw new ConfigError(
      "incremental_safety: commit_safe: the source is a standby, which does not know the " +
        "transactions that run on its primary",
      [],
      { hint: "Read from the primary, or use cursor_lag instead (docs/incremental.md)." },
    );
  }
  const found = await rows(RUNNING);
  return {
    now: now ?? "",
    transactions: found.map(([id, startedAt, prepared, label]) => ({
      id: id ?? "",
      startedAt,
      prepared: prepared === "t",
      label: label ?? "",
    })),
  };
}
