/** How many more connections the server would give. */
import type { RunRows } from "../kit/run_rows.ts";

/** Of the server, the user and the database; `least` passes over those that have no limit. */
const FREE = `
  SELECT least(
    current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int
      - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
    (SELECT nullif(r.rolconnlimit, -1)
        - (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usename = r.rolname)
      FROM pg_catalog.pg_roles r WHERE r.rolname = current_user),
    (SELECT nullif(d.datconnlimit, -1)
        - (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)
      FROM pg_catalog.pg_database d WHERE d.datname = current_database()))`;

export async function freeConnections(rows: RunRows): Promise<number | null> {
  const [[free]] = await rows(FREE);
  return free === null ? null : Math.max(0, Number(free));
}
