/** What the catalogs say of the columns of a result: their types, and which are never NULL. */
import type { RunRows } from "../kit/run_rows.ts";
import { families, NULLABLE_IN_FAMILY } from "./introspect.ts";
import { shortName } from "./type_names.ts";
import type { NativeType } from "./types.ts";
import type { ResultField } from "./wire/server_messages.ts";

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
  return found.map(([name, textual]) => ({
    name: shortName(name ?? ""),
    textual: textual === "t",
  }));
}

/** Words that can bring NULLs into a column that its table declares NOT NULL. */
const BRINGS_NULLS = /\b(left|right|full|outer|rollup|cube|grouping)\b/i;

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
