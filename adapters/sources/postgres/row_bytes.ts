/** How wide the rows of a table are, from its files and the last ANALYZE. */
import type { RunRows } from "../kit/run_rows.ts";
import { regclass } from "./introspect.ts";

/** With what is stored apart from the rows (TOAST), over partitions and tables that inherit. */
export async function rowBytes(rows: RunRows, table: string): Promise<number | null> {
  const [[width]] = await rows(`
    WITH RECURSIVE family(oid) AS (
      SELECT ${regclass(table)}::oid
      UNION
      SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
    )
    SELECT round(sum(pg_catalog.pg_relation_size(c.oid) + CASE WHEN c.reltoastrelid = 0 THEN 0
        ELSE pg_catalog.pg_relation_size(c.reltoastrelid) END) / sum(c.reltuples::numeric))
    FROM family f JOIN pg_catalog.pg_class c ON c.oid = f.oid
    WHERE c.relkind IN ('r', 'm') AND c.reltuples > 0`);
  return width === null ? null : Number(width);
}
