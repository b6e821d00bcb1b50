/** The tables and views of a schema. */
import type { Catalog, CatalogTable, IntrospectScope } from "../../../core/ports/source.ts";
import { quoteIdentifier, quoteLiteral, tableParts } from "./dialect.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { regclass } from "./introspect.ts";

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
export function reference(schema: string, name: string, visible: boolean): string {
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
