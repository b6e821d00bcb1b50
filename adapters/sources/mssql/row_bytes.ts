/** How wide the rows of a table are, from the pages that they take. */
import type { RunRows } from "../kit/run_rows.ts";
import { catalogOf, objectId } from "./introspect.ts";

const PAGE_BYTES = 8192;

/** With the values that are stored apart from the rows; indexes are not among the pages. */
export async function rowBytes(rows: RunRows, table: string): Promise<number | null> {
  const sys = catalogOf(table);
  const own = `p.object_id = ${objectId(table)} AND p.index_id IN (0, 1)`;
  const [found] = await rows(`
    SELECT
      (SELECT SUM(a.used_pages) FROM ${sys}partitions AS p
        JOIN ${sys}allocation_units AS a
          ON a.container_id = CASE a.type WHEN 2 THEN p.partition_id ELSE p.hobt_id END
        WHERE ${own}),
      (SELECT SUM(p.rows) FROM ${sys}partitions AS p WHERE ${own})`);
  const [pages, count] = (found ?? []).map(Number);
  return pages > 0 && count > 0 ? Math.round(pages * PAGE_BYTES / count) : null;
}
