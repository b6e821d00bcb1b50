/** What the catalogs know of a table: keys, statistics, names like its own. */
import type { TableKey } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { nearestTable } from "../kit/similar_table.ts";
import { quoteIdentifier, quoteLiteral, tableParts } from "./dialect.ts";

/**
 * A table and those that inherit from it, which a SELECT from it reads too. The parts of a partitioned table
 * are not among them: its indexes and constraints hold over all of them.
 * @param roots the first member of the CTE: rows of (root, oid).
 */
export function families(roots: string): string {
  return `RECURSIVE family(root, oid) AS (
      ${roots}
      UNION
      SELECT f.root, i.inhrelid FROM family f
      JOIN pg_catalog.pg_class c ON c.oid = f.oid AND c.relkind <> 'p'
      JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
    )`;
}

/** That a member of the family of the column `a` lets it be NULL, or did when the rows were written. */
export const NULLABLE_IN_FAMILY = `EXISTS (
      SELECT 1 FROM family f
      JOIN pg_catalog.pg_attribute x ON x.attrelid = f.oid AND x.attname = a.attname
      WHERE f.root = a.attrelid AND (NOT x.attnotnull OR EXISTS (
        SELECT 1 FROM pg_catalog.pg_constraint n
        WHERE n.conrelid = x.attrelid AND n.contype = 'n' AND NOT n.convalidated
          AND x.attnum = ANY (n.conkey))))`;

/** `to_regclass` of a table named as in the config: quoted part by part, found by search_path. */
export function regclass(table: string): string {
  const quoted = tableParts(table).map(quoteIdentifier).join(".");
  return `pg_catalog.to_regclass(${quoteLiteral(quoted)})`;
}

/**
 * Whether what the index `i` keeps apart is apart in the order of the column `a` too: no rows come from
 * elsewhere, and ORDER BY takes no two values for equal that the index does not.
 */
const UNIQUE_IN_ORDER = `(SELECT count(*) = 1 FROM family) AND EXISTS (
      SELECT 1 FROM pg_catalog.pg_opclass o WHERE o.oid = i.indclass[0] AND o.opcdefault
    ) AND (i.indcollation[0] = a.attcollation OR NOT EXISTS (
      SELECT 1 FROM pg_catalog.pg_collation o
      WHERE o.oid = a.attcollation AND NOT o.collisdeterministic))`;

/** Single-column unique NOT NULL keys, the primary key first: whole tables only, not partial indexes. */
export async function singleKeys(rows: RunRows, table: string): Promise<TableKey[]> {
  const found = await rows(`
    WITH ${families(`SELECT ${regclass(table)}::oid, ${regclass(table)}::oid`)}
    SELECT a.attname,
      CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype),
      bool_or(i.indisprimary),
      bool_or(${UNIQUE_IN_ORDER})
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE i.indrelid = ${regclass(table)} AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT ${NULLABLE_IN_FAMILY}
    GROUP BY a.attnum, a.attname, t.typtype, t.typbasetype, t.oid
    ORDER BY 3 DESC, a.attnum`);
  return found.map(([column, integer, primary, unique]) => ({
    column: column ?? "",
    unique: unique === "t",
    integer: integer === "t",
    primary: primary === "t",
  }));
}

/** The columns of the primary key, in its order; empty when the table has none for all of its rows. */
export async function primaryKeyColumns(rows: RunRows, table: string): Promise<string[]> {
  const found = await rows(`
    WITH ${families(`SELECT ${regclass(table)}::oid, ${regclass(table)}::oid`)}
    SELECT a.attname
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = ${regclass(table)} AND i.indisprimary AND k.place <= i.indnkeyatts
      AND (SELECT count(*) = 1 FROM family)
    ORDER BY k.place`);
  return found.map(([column]) => column ?? "");
}

/**
 * The bounds of the column's histogram, from the last ANALYZE: parts of about equal row counts. Put in order
 * again by the column's type and collation, whose order may have changed since. A table that others inherit
 * from has two histograms, of which the one over all of them counts.
 */
export async function histogramBounds(
  rows: RunRows,
  table: string,
  column: string,
): Promise<string[]> {
  const [found] = await rows(`
    SELECT s.histogram_bounds::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
      pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = ${quoteLiteral(column)}
    JOIN pg_catalog.pg_stats s
      ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
    LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
    WHERE c.oid = ${regclass(table)} AND s.histogram_bounds IS NOT NULL
    ORDER BY s.inherited DESC LIMIT 1`);
  if (found === undefined) return [];
  const [bounds, type, collation] = found;
  const order = collation === null ? "u.b" : `u.b COLLATE ${collation}`;
  const sorted = await rows(
    `SELECT u.b::text FROM unnest(${
      quoteLiteral(bounds ?? "")
    }::${type}[]) AS u(b) ORDER BY ${order}`,
  );
  return sorted.map(([value]) => value ?? "");
}

/** The readable table nearest to a name that does not exist: elsewhere by schema, or by spelling. */
export async function similarTable(rows: RunRows, name: string): Promise<string | undefined> {
  const found = await rows(`
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
    ORDER BY 1, 2 LIMIT 5000`);
  return nearestTable(tableParts(name).at(-1) ?? name, found);
}
