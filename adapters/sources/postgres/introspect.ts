/** What the catalogs know: types, NOT NULL, keys, tables. */
import { nearest } from "../../../core/base/suggest.ts";
import type {
  Catalog,
  CatalogTable,
  IntrospectScope,
  TableKey,
} from "../../../core/ports/source.ts";
import type { ResultField } from "./wire/server_messages.ts";
import { quoteIdentifier, quoteLiteral, tableParts } from "./dialect.ts";
import type { NativeType } from "./types.ts";

/** Runs one query in the transaction that is open; every value as text. */
export type RunRows = (sql: string) => Promise<(string | null)[][]>;

/**
 * The type of each field with domains replaced by what they are over (their modifiers too), and arrays
 * of domains likewise.
 */
export async function nativeTypes(
  rows: RunRows,
  fields: readonly ResultField[],
): Promise<NativeType[]> {
  const probes = fields.map((f, i) => `(${i}, ${f.type}::oid, ${f.modifier})`).join(", ");
  const found = await rows(`
    WITH RECURSIVE probe(i, oid, typmod) AS (VALUES ${probes}),
    chain(i, depth, oid, typmod, is_array) AS (
      SELECT i, 0, oid, typmod, false FROM probe
      UNION ALL
      SELECT c.i, c.depth + 1,
        CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
        CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE c.typmod END,
        c.is_array OR t.typtype <> 'd'
      FROM chain c JOIN pg_catalog.pg_type t ON t.oid = c.oid
      WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0 AND NOT c.is_array)
    )
    SELECT DISTINCT ON (c.i)
      pg_catalog.format_type(c.oid, c.typmod) || CASE WHEN c.is_array THEN '[]' ELSE '' END,
      t.typtype = 'e' OR t.typcategory = 'S'
    FROM chain c JOIN pg_catalog.pg_type t ON t.oid = c.oid
    ORDER BY c.i, c.depth DESC`);
  return found.map(([name, textual]) => ({ name: name ?? "", textual: textual === "t" }));
}

/** Words that can bring NULLs into a column that its table declares NOT NULL. */
const BRINGS_NULLS = /\b(left|right|full|outer|rollup|cube|grouping)\b/i;

/**
 * A table and those that inherit from it, which a SELECT from it reads too. The parts of a partitioned table
 * are not among them: its indexes and constraints hold over all of them.
 * @param roots the first member of the CTE: rows of (root, oid).
 */
function families(roots: string): string {
  return `RECURSIVE family(root, oid) AS (
      ${roots}
      UNION
      SELECT f.root, i.inhrelid FROM family f
      JOIN pg_catalog.pg_class c ON c.oid = f.oid AND c.relkind <> 'p'
      JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
    )`;
}

/** That a member of the family of the column `a` lets it be NULL, or did when the rows were written. */
const NULLABLE_IN_FAMILY = `EXISTS (
      SELECT 1 FROM family f
      JOIN pg_catalog.pg_attribute x ON x.attrelid = f.oid AND x.attname = a.attname
      WHERE f.root = a.attrelid AND (NOT x.attnotnull OR EXISTS (
        SELECT 1 FROM pg_catalog.pg_constraint n
        WHERE n.conrelid = x.attrelid AND n.contype = 'n' AND NOT n.convalidated
          AND x.attnum = ANY (n.conkey))))`;

/**
 * Which fields can never be NULL: columns of tables that declare it, unless the query has an outer join
 * or grouping sets. A view's columns count as nullable.
 */
export async function notNullFields(
  rows: RunRows,
  query: string,
  fields: readonly ResultField[],
): Promise<boolean[]> {
  const columns = fields.filter((f) => f.table !== 0);
  if (columns.length === 0 || BRINGS_NULLS.test(query)) return fields.map(() => false);
  const pairs = columns.map((f) => `(${f.table}::oid, ${f.attribute}::int2)`).join(", ");
  const tables = [...new Set(columns.map((f) => `(${f.table}::oid, ${f.table}::oid)`))];
  const found = await rows(`
    WITH ${families(`VALUES ${tables.join(", ")}`)}
    SELECT a.attrelid, a.attnum FROM pg_catalog.pg_attribute a
    WHERE (a.attrelid, a.attnum) IN (${pairs}) AND NOT ${NULLABLE_IN_FAMILY}`);
  const declared = new Set(found.map(([table, attribute]) => `${table}.${attribute}`));
  return fields.map((f) => declared.has(`${f.table}.${f.attribute}`));
}

/** `to_regclass` of a table named as in the config: quoted part by part, found by search_path. */
function regclass(table: string): string {
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
export async function primaryKey(rows: RunRows, table: string): Promise<string[]> {
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
  const wanted = tableParts(name).at(-1) ?? name;
  const tables = found.map(([schema, table]) => ({ schema: schema ?? "", table: table ?? "" }));
  const match = nearest(wanted, tables.map((t) => t.table));
  const table = tables.find((t) => t.table === match);
  return table === undefined ? undefined : `${table.schema}.${table.table}`;
}

const KINDS: Readonly<Record<string, CatalogTable["kind"]>> = {
  r: "table",
  p: "partitioned",
  v: "view",
  m: "materialized_view",
  f: "foreign_table",
};

/** Relations that hold rows of users. */
const READABLE = "c.relkind IN ('r', 'p', 'v', 'm', 'f')";
const USERS_OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'";

/** Which relations a scope means. A table without schema is found as a query finds it, by search_path. */
function scopeCondition({ schema, table }: IntrospectScope): string {
  if (table !== null) {
    const parts = tableParts(table);
    const named = parts.length > 1 || schema === null ? parts : [schema, ...parts];
    return `c.oid = ${regclass(named.map(quoteIdentifier).join("."))}`;
  }
  // The parts of a partitioned table are read through it.
  return `n.nspname = ${quoteLiteral(schema ?? DEFAULT_SCHEMA)} AND NOT c.relispartition`;
}

const DEFAULT_SCHEMA = "public";

function unreadable(kind: string, permitted: boolean, populated: boolean): string | null {
  if (!permitted) return "this user has no SELECT permission on it";
  if (kind === "m" && !populated) return "the materialized view was never filled";
  return null;
}

/** The way `tableParts` reads back. */
function reference(schema: string, name: string, visible: boolean): string {
  const part = (text: string) => /^"|\./.test(text) ? quoteIdentifier(text) : text;
  return visible ? part(name) : `${part(schema)}.${part(name)}`;
}

export async function catalogTables(rows: RunRows, scope: IntrospectScope): Promise<Catalog> {
  const found = await rows(`
    SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_table_is_visible(c.oid),
      (SELECT json_agg(DISTINCT a.attname) FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL),
      pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
      c.relispopulated
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE ${READABLE} AND ${scopeCondition(scope)}
    ORDER BY n.nspname, c.relname`);
  const schemas = found.length > 0 ? [] : await rows(`
    SELECT DISTINCT n.nspname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE ${READABLE} AND ${USERS_OWN} AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    ORDER BY 1`);
  return {
    schema: found[0]?.[0] ?? scope.schema ?? DEFAULT_SCHEMA,
    tables: found.map(catalogTable),
    schemas: schemas.map(([name]) => name ?? ""),
  };
}

/** The tables with their sizes, which wait for locks that nothing else of a catalog waits for. */
export async function withSizes(rows: RunRows, catalog: Catalog): Promise<Catalog> {
  if (catalog.tables.length === 0) return catalog;
  const oids = catalog.tables.map(({ reference }) => `${regclass(reference)}::oid`);
  const found = await rows(`
    SELECT c.relkind IN ('r', 'm') AND pg_catalog.pg_relation_size(c.oid) = 0,
      CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_total_relation_size(c.oid)
        WHEN c.relkind = 'p' THEN (
          SELECT sum(pg_catalog.pg_total_relation_size(t.relid))
          FROM pg_catalog.pg_partition_tree(c.oid) t)
      END
    FROM unnest(ARRAY[${oids.join(", ")}]) WITH ORDINALITY AS o(oid, place)
    LEFT JOIN pg_catalog.pg_class c ON c.oid = o.oid
    ORDER BY o.place`);
  return {
    ...catalog,
    tables: catalog.tables.map((table, i) => {
      const [empty, bytes] = found[i];
      return {
        ...table,
        rowEstimate: empty === "t" ? 0 : null,
        totalBytes: bytes === null ? null : Number(bytes),
      };
    }),
  };
}

function catalogTable(row: readonly (string | null)[]): CatalogTable {
  const [schema, name, kind, visible, indexed, permitted, populated] = row;
  return {
    schema: schema ?? "",
    name: name ?? "",
    reference: reference(schema ?? "", name ?? "", visible === "t"),
    kind: KINDS[kind ?? ""],
    rowEstimate: null,
    totalBytes: null,
    indexedColumns: indexed === null ? [] : JSON.parse(indexed) as string[],
    unreadable: unreadable(kind ?? "", permitted === "t", populated === "t"),
  };
}
