/** How tables are stored: their blocks and partitions. */
import type { TableBlocks, TableChange, TablePartitions } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { reference } from "./catalog.ts";
import { quoteIdentifier, tableParts } from "./dialect.ts";
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
      CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_filenode(c.oid) END,
      c.oid::text
    FROM family f
    JOIN pg_catalog.pg_class c ON c.oid = f.oid
    LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
    WHERE c.relkind <> 'p'
    ORDER BY c.oid`);
  const files = found.map(([, , , , file, oid]) => `${oid} ${file ?? ""}`);
  let blocks = 0;
  for (const [name, kind, method, size] of found) {
    const what = KINDS[kind ?? ""] ??
      (method === "heap" ? null : `stored by the access method ${method}`);
    if (what !== null) return { blocks: 0, files, obstacle: `'${name}' is ${what}` };
    blocks = Math.max(blocks, Number(size));
  }
  return { blocks, files, obstacle: null };
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
    SELECT n.nspname, c.relname, c.oid::text,
      pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    FROM pg_catalog.pg_partition_tree(${regclass(table)}) t
    JOIN pg_catalog.pg_class c ON c.oid = t.relid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind <> 'p'
    ORDER BY n.nspname, c.relname`);
  const denied = found.find(([, , , permitted]) => permitted !== "t");
  if (denied !== undefined) {
    const name = reference(denied[0] ?? "", denied[1] ?? "", false);
    const obstacle =
      `this user may not SELECT from its partition '${name}', which is read by its own name`;
    return { partitions: [], obstacle };
  }
  return {
    partitions: found.map(([schema, name, oid]) => ({
      name: reference(schema ?? "", name ?? "", false),
      identity: oid ?? "",
    })),
    obstacle: null,
  };
}

/** A table that a query reads: a named one, or one that belongs to it. */
interface Member {
  readonly oid: string;
  readonly name: string;
  /** `pg_class.relkind`. */
  readonly kind: string;
  readonly file: string;
  /** How it came to belong to another one; of one that is read by its name, that. */
  readonly link: string;
  readonly isRoot: boolean;
}

/** What the locks of the transaction say that its statements have read from, indexes and the server's own apart. */
const READ = `SELECT l.relation::text FROM pg_catalog.pg_locks l
  WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.relation >= 16384
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
      WHERE d.datname = pg_catalog.current_database())`;

/**
 * Tables and what belongs to them, as the transaction sees the catalog. The row that makes it a part is a new one
 * after it was taken out and back.
 */
async function members(rows: RunRows, roots: readonly string[]): Promise<Member[]> {
  if (roots.length === 0) return [];
  const found = await rows(`
    WITH RECURSIVE family(oid, link) AS (
      SELECT unnest(ARRAY[${roots.join(", ")}]::oid[]), ''
      UNION SELECT i.inhrelid, i.inhparent || ' ' || i.xmin
      FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
    )
    SELECT c.oid::text, n.nspname, c.relname, c.relkind, c.relfilenode::text,
      string_agg(nullif(f.link, ''), ' ' ORDER BY f.link)
    FROM family f
    JOIN pg_catalog.pg_class c ON c.oid = f.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v')
    GROUP BY c.oid, n.nspname, c.relname, c.relkind, c.relfilenode
    ORDER BY c.oid`);
  return found.map(([oid, schema, relation, kind, file, link]) => {
    const name = reference(schema ?? "", relation ?? "", false);
    const place = { link: link ?? name, isRoot: link === null };
    return { oid: oid ?? "", name, kind: kind ?? "", file: file ?? "", ...place };
  });
}

/**
 * Whether the file that a table has got since holds rows that the transaction sees: VACUUM FULL and CLUSTER keep
 * them, whatever else makes a new file writes rows that no older snapshot sees. Those of a materialized view that
 * was filled anew all do see.
 */
async function keepsRows(rows: RunRows, { oid, name, kind }: Member): Promise<boolean> {
  if (kind !== "r") return false;
  const [[readable]] = await rows(
    `SELECT pg_catalog.has_table_privilege(${oid}::oid, 'SELECT')
      AND NOT pg_catalog.row_security_active(${oid}::oid)`,
  );
  if (readable !== "t") return false;
  const quoted = tableParts(name).map(quoteIdentifier).join(".");
  const [[kept]] = await rows(`SELECT EXISTS (SELECT 1 FROM ONLY ${quoted})`);
  return kept === "t";
}

/** A transaction of its own around the statements of `work`. */
type InTransaction = <T>(work: (rows: RunRows) => Promise<T>) => Promise<T>;

/**
 * @param now sees what is committed.
 * @param then sees the snapshot.
 * @param probe reads no row of the query, and locks what it reads from.
 */
export async function changedMembers(
  now: InTransaction,
  then: InTransaction,
  probe: string,
): Promise<TableChange> {
  const read = await then(async (rows) => {
    await rows(probe);
    return (await rows(READ)).map(([oid]) => oid ?? "");
  });
  const all = await now((rows) => members(rows, read));
  const present = new Map(all.map((member) => [member.oid, member]));
  const roots = all.filter(({ isRoot }) => isRoot);
  return await then(async (rows) => {
    const seen = await members(rows, roots.map(({ oid }) => oid));
    // One that has the name of another one since is none that the snapshot knows.
    const gone = roots.filter(({ oid }) => !seen.some((member) => member.oid === oid))
      .map(({ name }) => name);
    for (const member of seen) {
      const still = present.get(member.oid);
      const same = still?.link === member.link &&
        (still.file === member.file || await keepsRows(rows, still));
      if (!same) gone.push(member.name);
    }
    const known = new Set(seen.map(({ oid }) => oid));
    const come = all.filter(({ oid, isRoot }) => !isRoot && !known.has(oid));
    // One that is made later holds no row that the snapshot sees.
    const older = come.length === 0 ? [] : await rows(
      `SELECT c.oid::text FROM pg_catalog.pg_class c
      WHERE c.oid IN (${come.map(({ oid }) => oid).join(", ")})`,
    );
    const added = come.filter(({ oid }) => older.some(([known]) => known === oid));
    return { gone, added: added.map(({ name }) => name) };
  });
}
