/** How tables are stored: their blocks and partitions. */
import type { TableBlocks, TablePartitions } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { reference } from "./catalog.ts";
import { regclass } from "./introspect.ts";

/** Of `pg_class.relkind`, for sentences. */
const KINDS: Readonly<Record<string, string>> = {
  v: "a view",
  f: "a foreign table",
  S: "a sequence",
};

/**
 * Of everything that a SELECT from the table reads. Only the built-in storage gives a row's place as block
 * and line; a table whose parts lie elsewhere has rows without a place.
 */
export async function tableBlocks(rows: RunRows, table: string): Promise<TableBlocks> {
  const found = await rows(`
    WITH RECURSIVE family(oid) AS (
      SELECT ${regclass(table)}::oid
      UNION SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
    )
    SELECT c.relname, c.relkind, a.amname,
      CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_size(c.oid, 'main')
        / pg_catalog.current_setting('block_size')::bigint END,
      CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_filenode(c.oid) END
    FROM family f
    JOIN pg_catalog.pg_class c ON c.oid = f.oid
    LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
    WHERE c.relkind <> 'p'
    ORDER BY c.oid`);
  const identity = found.map(([, , , , file]) => file ?? "").join(" ");
  let blocks = 0;
  for (const [name, kind, method, size] of found) {
    const what = KINDS[kind ?? ""] ??
      (method === "heap" ? null : `stored by the access method ${method}`);
    if (what !== null) return { blocks: 0, identity, obstacle: `'${name}' is ${what}` };
    blocks = Math.max(blocks, Number(size));
  }
  return { blocks, identity, obstacle: null };
}

/**
 * The leaves of a declarative partitioning, at any depth, the default ones among them. Policies of the table
 * itself would not hold for its partitions when they are read by name.
 */
export async function tablePartitions(rows: RunRows, table: string): Promise<TablePartitions> {
  const [root] = await rows(`
    SELECT c.relkind, pg_catalog.row_security_active(c.oid)
    FROM pg_catalog.pg_class c WHERE c.oid = ${regclass(table)}`);
  if (root?.[0] !== "p") return { partitions: [], obstacle: "it is not a partitioned table" };
  if (root[1] === "t") {
    const obstacle = "its row-level security does not hold for a partition that is read by itself";
    return { partitions: [], obstacle };
  }
  const found = await rows(`
    SELECT n.nspname, c.relname, c.oid::text
    FROM pg_catalog.pg_partition_tree(${regclass(table)}) t
    JOIN pg_catalog.pg_class c ON c.oid = t.relid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind <> 'p'
    ORDER BY n.nspname, c.relname`);
  return {
    partitions: found.map(([schema, name, oid]) => ({
      name: reference(schema ?? "", name ?? "", false),
      identity: oid ?? "",
    })),
    obstacle: null,
  };
}
