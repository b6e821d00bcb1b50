/** The tables and views of a schema. */
import type { Catalog, CatalogTable, IntrospectScope } from "../../../core/ports/source.ts";
import { onlyHelps } from "../../../core/access/only_helps.ts";
import { quoteIdentifier, quoteLiteral, tableParts } from "./dialect.ts";
import type { RunRows } from "../kit/run_rows.ts";

/** The way `tableParts` reads back. */
function reference(schema: string, name: string, isDefault: boolean): string {
  const part = (text: string) => /^["[]|\./.test(text) ? quoteIdentifier(text) : text;
  return isDefault ? part(name) : `${part(schema)}.${part(name)}`;
}

const PAGE_BYTES = 8192;

/** Which objects of a schema are looked at: all, or one. */
interface Scope {
  /** SQL that gives its name. */
  readonly schema: string;
  readonly table: string | null;
}

const within = ({ schema, table }: Scope): string =>
  `o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND SCHEMA_NAME(o.schema_id) = ${schema}` +
  (table === null ? "" : ` AND o.name = ${quoteLiteral(table)}`);

function tablesSql(scope: Scope): string {
  return `
    SELECT SCHEMA_NAME(o.schema_id), o.name, RTRIM(o.type),
      CASE WHEN SCHEMA_NAME(o.schema_id) = SCHEMA_NAME() THEN 1 ELSE 0 END
    FROM sys.objects AS o
    WHERE ${within(scope)}
    ORDER BY o.name`;
}

type ByTable = ReadonlyMap<string, readonly (string | null)[]>;

/** What a query tells of each table behind its name; nothing where the catalog does not have it. */
async function byTable(rows: RunRows, what: string, sql: string): Promise<ByTable> {
  const found = await onlyHelps(`${what} of the schema's tables`, () => rows(sql), []);
  return new Map(found.map(([name, ...facts]) => [name ?? "", facts]));
}

/** Rows and partitions. */
function counts(rows: RunRows, scope: Scope): Promise<ByTable> {
  return byTable(
    rows,
    "row counts",
    `
    SELECT o.name, SUM(p.rows), COUNT_BIG(*) FROM sys.objects AS o
    JOIN sys.partitions AS p ON p.object_id = o.object_id AND p.index_id IN (0, 1)
    WHERE ${within(scope)} GROUP BY o.name`,
  );
}

function pages(rows: RunRows, scope: Scope): Promise<ByTable> {
  return byTable(
    rows,
    "sizes",
    `
    SELECT o.name, SUM(a.total_pages) FROM sys.objects AS o
    JOIN sys.partitions AS p ON p.object_id = o.object_id
    JOIN sys.allocation_units AS a
      ON a.container_id = CASE a.type WHEN 2 THEN p.partition_id ELSE p.hobt_id END
    WHERE ${within(scope)} GROUP BY o.name`,
  );
}

function permissions(rows: RunRows, scope: Scope): Promise<ByTable> {
  const name = "QUOTENAME(SCHEMA_NAME(o.schema_id)) + '.' + QUOTENAME(o.name)";
  return byTable(
    rows,
    "permissions",
    `
    SELECT o.name, HAS_PERMS_BY_NAME(${name}, 'OBJECT', 'SELECT') FROM sys.objects AS o
    WHERE ${within(scope)}`,
  );
}

/** By table. A filtered index leaves rows out. */
async function firstIndexColumns(rows: RunRows, schema: string): Promise<Map<string, string[]>> {
  const look = () =>
    rows(`
    SELECT DISTINCT o.name, c.name FROM sys.objects AS o
    JOIN sys.indexes AS i ON i.object_id = o.object_id
    JOIN sys.index_columns AS ic
      ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.key_ordinal = 1
    JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
    WHERE SCHEMA_NAME(o.schema_id) = ${schema} AND o.type IN ('U', 'V')
      AND i.has_filter = 0 AND i.is_disabled = 0 AND i.is_hypothetical = 0
    ORDER BY o.name, c.name`);
  const columns = new Map<string, string[]>();
  for (const [table, column] of await onlyHelps("indexes of the schema's tables", look, [])) {
    columns.set(table ?? "", [...columns.get(table ?? "") ?? [], column ?? ""]);
  }
  return columns;
}

/** What is known of the tables of a scope besides their names. */
interface Facts {
  readonly counts: ByTable;
  readonly pages: ByTable;
  readonly permissions: ByTable;
  readonly indexed: ReadonlyMap<string, string[]>;
}

const number = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Number(text);

function catalogTable(row: readonly (string | null)[], facts: Facts): CatalogTable {
  const [schema, name, type, isDefault] = row.map((text) => text ?? "");
  const [count, partitions] = facts.counts.get(name) ?? [];
  const total = number(facts.pages.get(name)?.[0]);
  return {
    schema,
    name,
    reference: reference(schema, name, isDefault === "1"),
    kind: type === "V" ? "view" : (number(partitions) ?? 1) > 1 ? "partitioned" : "table",
    rowEstimate: number(count),
    totalBytes: total === null ? null : total * PAGE_BYTES,
    indexedColumns: facts.indexed.get(name) ?? [],
    unreadable: (facts.permissions.get(name)?.[0] ?? "1") === "1"
      ? null
      : "no permission to SELECT from it",
  };
}

export async function catalogTables(rows: RunRows, scope: IntrospectScope): Promise<Catalog> {
  const parts = scope.table === null ? [] : tableParts(scope.table);
  const schema = parts.length > 1 ? parts.at(-2) ?? null : scope.schema;
  const wanted: Scope = {
    schema: schema === null ? "SCHEMA_NAME()" : quoteLiteral(schema),
    table: parts.at(-1) ?? null,
  };
  const found = await rows(tablesSql(wanted));
  const [[current]] = await rows("SELECT SCHEMA_NAME()");
  const schemas = found.length > 0 ? [] : await rows(`
    SELECT DISTINCT SCHEMA_NAME(o.schema_id) FROM sys.objects AS o
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
    ORDER BY 1`);
  const facts: Facts = {
    counts: await counts(rows, wanted),
    pages: await pages(rows, wanted),
    permissions: await permissions(rows, wanted),
    indexed: await firstIndexColumns(rows, wanted.schema),
  };
  return {
    schema: found[0]?.[0] ?? schema ?? current ?? "",
    tables: found.map((row) => catalogTable(row, facts)),
    schemas: schemas.map(([name]) => name ?? ""),
  };
}
