/** What the catalog knows of a table: keys, statistics, names like its own. */
import type { TableKey, TablePartitions } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { nearestTable } from "../kit/similar_table.ts";
import { quoteLiteral, tableParts } from "./dialect.ts";

/** `schema = ... AND table = ...` of a table named as in the config. */
export function tableCondition(alias: string, table: string): string {
  const parts = tableParts(table);
  const schema = parts.length > 1 ? quoteLiteral(parts[0]) : "DATABASE()";
  return `${alias}.TABLE_SCHEMA = ${schema} AND ${alias}.TABLE_NAME = ` +
    quoteLiteral(parts[parts.length - 1]);
}

const INTEGERS = "'tinyint', 'smallint', 'mediumint', 'int', 'bigint'";
/**
 * Types whose order, text and comparison with a literal agree, so that pages by them skip no row: not
 * ENUM and SET (ordered by number, compared as text), floats, bits.
 */
const KEY_TYPES = `${INTEGERS}, 'decimal', 'date', 'datetime', 'timestamp', 'char', 'varchar', ` +
  "'tinytext', 'text', 'mediumtext', 'longtext', 'uuid', 'binary', 'varbinary'";

/**
 * Engines that keep a unique index to its word: MERGE reads several tables, whose keys may repeat, and
 * those that read another server know its keys by hearsay.
 */
const ENFORCING = "'innodb', 'myisam', 'aria', 'memory', 'rocksdb', 'tokudb', 'ndbcluster'";

/**
 * Single-column unique NOT NULL keys over whole values, the primary key first. A hash gives no order: it
 * would be made by a sort, which does not look at the end of a long text.
 */
export async function singleKeys(rows: RunRows, table: string): Promise<TableKey[]> {
  const found = await rows(`
    SELECT c.COLUMN_NAME, c.DATA_TYPE IN (${INTEGERS}), MAX(s.INDEX_NAME = 'PRIMARY'),
      MAX(LOWER(t.ENGINE) IN (${ENFORCING}))
    FROM information_schema.STATISTICS s
    JOIN information_schema.TABLES t
      ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME
    JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA
      AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
    WHERE ${tableCondition("s", table)} AND s.NON_UNIQUE = 0 AND s.SUB_PART IS NULL
      AND c.IS_NULLABLE = 'NO' AND LOWER(c.DATA_TYPE) IN (${KEY_TYPES})
      AND (s.INDEX_TYPE <> 'HASH' OR c.DATA_TYPE IN (${INTEGERS}))
      AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS o
        WHERE o.TABLE_SCHEMA = s.TABLE_SCHEMA AND o.TABLE_NAME = s.TABLE_NAME
          AND o.INDEX_NAME = s.INDEX_NAME AND o.SEQ_IN_INDEX > 1)
    GROUP BY c.COLUMN_NAME, c.DATA_TYPE, c.ORDINAL_POSITION
    ORDER BY 3 DESC, c.ORDINAL_POSITION`);
  return found.map(([column, integer, primary, unique]) => ({
    column: column ?? "",
    unique: unique === "1",
    integer: integer === "1",
    primary: primary === "1",
  }));
}

/** Also a key that the server made for a table without one. */
export async function invisibleColumns(rows: RunRows, table: string): Promise<string[]> {
  const found = await rows(`
    SELECT c.COLUMN_NAME FROM information_schema.COLUMNS c
    WHERE ${tableCondition("c", table)} AND c.EXTRA LIKE '%INVISIBLE%'
    ORDER BY c.ORDINAL_POSITION`);
  return found.map(([column]) => column ?? "");
}

/** In the key's order; empty without one. */
export async function primaryKeyColumns(rows: RunRows, table: string): Promise<string[]> {
  const found = await rows(`
    SELECT s.COLUMN_NAME FROM information_schema.STATISTICS s
    JOIN information_schema.TABLES t
      ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME
    WHERE ${tableCondition("s", table)} AND s.INDEX_NAME = 'PRIMARY'
      AND LOWER(t.ENGINE) IN (${ENFORCING})
    ORDER BY s.SEQ_IN_INDEX`);
  return found.map(([column]) => column ?? "");
}

/** MariaDB's `JSON_HB` histogram: buckets of about equal row counts, each with its first value. */
interface Histogram {
  readonly histogram_hb?: readonly { readonly start?: string }[];
}

/**
 * The bounds of the column's histogram, when ANALYZE TABLE ... PERSISTENT collected one. MySQL keeps no
 * histogram of a column that a single-column unique index covers, which every key is.
 */
export async function histogramBounds(
  rows: RunRows,
  table: string,
  column: string,
): Promise<string[]> {
  const parts = tableParts(table);
  const schema = parts.length > 1 ? quoteLiteral(parts[0]) : "DATABASE()";
  const [found] = await rows(`
    SELECT CAST(histogram AS CHAR) FROM mysql.column_stats
    WHERE hist_type = 'JSON_HB' AND db_name = ${schema}
      AND table_name = ${quoteLiteral(parts[parts.length - 1])}
      AND column_name = ${quoteLiteral(column)}`);
  if (found === undefined || found[0] === null) return [];
  const { histogram_hb } = JSON.parse(found[0]) as Histogram;
  return (histogram_hb ?? []).slice(1).map((bucket) => bucket.start ?? "").filter((s) => s !== "");
}

/** Of which partition a row is depends on how many there are. */
const COUNTED = /(HASH|KEY)$/;
const BY_TIME =
  "it is partitioned by SYSTEM_TIME: a partition that is read by itself gives rows of the past too";

/** Partitions as a whole: SELECT reads those below with them. */
export async function tablePartitions(rows: RunRows, table: string): Promise<TablePartitions> {
  const found = await rows(`
    SELECT p.PARTITION_NAME, p.PARTITION_METHOD, p.PARTITION_EXPRESSION, p.PARTITION_DESCRIPTION
    FROM information_schema.PARTITIONS p
    WHERE ${tableCondition("p", table)} AND p.PARTITION_NAME IS NOT NULL
    GROUP BY p.PARTITION_ORDINAL_POSITION, p.PARTITION_NAME, p.PARTITION_METHOD,
      p.PARTITION_EXPRESSION, p.PARTITION_DESCRIPTION
    ORDER BY p.PARTITION_ORDINAL_POSITION`);
  if (found.length === 0) return { partitions: [], obstacle: "it has no partitions" };
  if (found[0][1] === "SYSTEM_TIME") return { partitions: [], obstacle: BY_TIME };
  return {
    partitions: found.map(([name, method, expression, description]) => {
      const bounds = COUNTED.test(method ?? "") ? `of ${found.length}` : description;
      return {
        name: name ?? "",
        identity: `${method}(${expression ?? ""})${bounds === null ? "" : ` ${bounds}`}`,
      };
    }),
    obstacle: null,
  };
}

/** The readable table nearest to a name that does not exist. */
export async function similarTable(rows: RunRows, name: string): Promise<string | undefined> {
  const found = await rows(`
    SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
    WHERE TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
    ORDER BY TABLE_SCHEMA <> DATABASE(), 1, 2 LIMIT 5000`);
  return nearestTable(name, found);
}
