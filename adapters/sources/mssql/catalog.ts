/** The tables and views of a schema, for `init`. */
import type { Catalog, CatalogTable, IntrospectScope } from "../../../core/ports/source.ts";
import { quoteIdentifier, quoteLiteral, tableParts } from "./dialect.ts";
import type { RunRows } from "./introspect.ts";

/** The way `tableParts` reads back. */
function reference(schema: string, name: string, isDefault: boolean): string {
  const part = (text: string) => /^["[]|\./.test(text) ? quoteIdentifier(text) : text;
  return isDefault ? part(name) : `${part(schema)}.${part(name)}`;
}

const PAGE_BYTES = 8192;

function tablesSql(schema: string, table: string | null): string {
  const only = table === null ? "" : `AND o.name = ${quoteLiteral(table)}`;
  return `
    SELECT SCHEMA_NAME(o.schema_id), o.name, RTRIM(o.type),
      CASE WHEN SCHEMA_NAME(o.schema_id) = SCHEMA_NAME() THEN 1 ELSE 0 END,
      (SELECT SUM(p.rows) FROM sys.partitions AS p
        WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)),
      (SELECT COUNT(*) FROM sys.partitions AS p
        WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)),
      (SELECT SUM(a.total_pages) FROM sys.partitions AS p
        JOIN sys.allocation_units AS a
          ON a.container_id = CASE a.type WHEN 2 THEN p.partition_id ELSE p.hobt_id END
        WHERE p.object_id = o.object_id),
      HAS_PERMS_BY_NAME(QUOTENAME(SCHEMA_NAME(o.schema_id)) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT')
    FROM sys.objects AS o
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
      AND SCHEMA_NAME(o.schema_id) = ${schema} ${only}
    ORDER BY o.name`;
}

/** By table. A filtered index leaves rows out. */
async function firstIndexColumns(rows: RunRows, schema: string): Promise<Map<string, string[]>> {
  const found = await rows(`
    SELECT DISTINCT o.name, c.name FROM sys.objects AS o
    JOIN sys.indexes AS i ON i.object_id = o.object_id
    JOIN sys.index_columns AS ic
      ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.key_ordinal = 1
    JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
    WHERE SCHEMA_NAME(o.schema_id) = ${schema} AND o.type IN ('U', 'V')
      AND i.has_filter = 0 AND i.is_disabled = 0 AND i.is_hypothetical = 0
    ORDER BY o.name, c.name`);
  const byTable = new Map<string, string[]>();
  for (const [table, column] of found) {
    byTable.set(table ?? "", [...byTable.get(table ?? "") ?? [], column ?? ""]);
  }
  return byTable;
}

function catalogTable(
  row: readonly (string | null)[],
  indexed: ReadonlyMap<string, string[]>,
): CatalogTable {
  const [schema, name, type, isDefault, count, partitions, pages, readable] = row;
  const view = type === "V";
  return {
    schema: schema ?? "",
    name: name ?? "",
    reference: reference(schema ?? "", name ?? "", isDefault === "1"),
    kind: view ? "view" : Number(partitions) > 1 ? "partitioned" : "table",
    rowEstimate: count === null ? null : Number(count),
    totalBytes: pages === null ? null : Number(pages) * PAGE_BYTES,
    indexedColumns: indexed.get(name ?? "") ?? [],
    unreadable: readable === "1" ? null : "no permission to SELECT from it",
  };
}

export async function catalogTables(rows: RunRows, scope: IntrospectScope): Promise<Catalog> {
  const parts = scope.table === null ? [] : tableParts(scope.table);
  const schema = parts.length > 1 ? parts.at(-2) ?? null : scope.schema;
  const wanted = schema === null ? "SCHEMA_NAME()" : quoteLiteral(schema);
  const found = await rows(tablesSql(wanted, parts.at(-1) ?? null));
  const [[current]] = await rows("SELECT SCHEMA_NAME()");
  const schemas = found.length > 0 ? [] : await rows(`
    SELECT DISTINCT SCHEMA_NAME(o.schema_id) FROM sys.objects AS o
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
    ORDER BY 1`);
  const indexed = await firstIndexColumns(rows, wanted);
  return {
    schema: found[0]?.[0] ?? schema ?? current ?? "",
    tables: found.map((row) => catalogTable(row, indexed)),
    schemas: schemas.map(([name]) => name ?? ""),
  };
}
