/** The tables and views of a schema. */
import type { Catalog, CatalogTable, IntrospectScope } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { quoteIdentifier, quoteLiteral, tableParts } from "./dialect.ts";

/** MariaDB lists sequences beside tables, and its own tables as system versioned. */
const KINDS: Readonly<Record<string, CatalogTable["kind"]>> = {
  "BASE TABLE": "table",
  "SYSTEM VERSIONED": "table",
  "VIEW": "view",
};

/** The way `tableParts` reads back. */
function reference(schema: string, name: string, isDefault: boolean): string {
  const part = (text: string) => /^`|\./.test(text) ? quoteIdentifier(text) : text;
  return isDefault ? part(name) : `${part(schema)}.${part(name)}`;
}

export async function catalogTables(rows: RunRows, scope: IntrospectScope): Promise<Catalog> {
  const parts = scope.table === null ? [] : tableParts(scope.table);
  const schema = parts.length > 1 ? parts[0] : scope.schema;
  const wanted = schema === null ? "DATABASE()" : quoteLiteral(schema);
  const only = parts.length === 0 ? "" : `AND t.TABLE_NAME = ${quoteLiteral(parts.at(-1) ?? "")}`;
  const found = await rows(`
    SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE, t.TABLE_SCHEMA = DATABASE(), t.TABLE_ROWS,
      t.DATA_LENGTH + t.INDEX_LENGTH
    FROM information_schema.TABLES t
    WHERE t.TABLE_SCHEMA = ${wanted} ${only}
      AND t.TABLE_TYPE IN (${Object.keys(KINDS).map(quoteLiteral).join(", ")})
    ORDER BY t.TABLE_NAME`);
  const [[current]] = await rows("SELECT DATABASE()");
  const schemas = found.length > 0 ? [] : await rows(`
    SELECT DISTINCT TABLE_SCHEMA FROM information_schema.TABLES
    WHERE TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
    ORDER BY 1`);
  const indexed = await firstIndexColumns(rows, wanted);
  return {
    schema: found[0]?.[0] ?? schema ?? current ?? "",
    tables: found.map((row) => catalogTable(row, indexed)),
    schemas: schemas.map(([name]) => name ?? ""),
  };
}

/** By table. An index of a prefix of the column orders nothing. */
async function firstIndexColumns(rows: RunRows, schema: string): Promise<Map<string, string[]>> {
  const found = await rows(`
    SELECT DISTINCT s.TABLE_NAME, s.COLUMN_NAME FROM information_schema.STATISTICS s
    WHERE s.TABLE_SCHEMA = ${schema} AND s.SEQ_IN_INDEX = 1 AND s.SUB_PART IS NULL
      AND s.COLUMN_NAME IS NOT NULL`);
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
  const [schema, name, type, isDefault, count, bytes] = row;
  return {
    schema: schema ?? "",
    name: name ?? "",
    reference: reference(schema ?? "", name ?? "", isDefault === "1"),
    kind: KINDS[type ?? ""],
    rowEstimate: type === "VIEW" || count === null ? null : Number(count),
    totalBytes: bytes === null ? null : Number(bytes),
    indexedColumns: indexed.get(name ?? "") ?? [],
    // The catalog shows what the account may use; a view that no longer works fails when it is inspected.
    unreadable: null,
  };
}
