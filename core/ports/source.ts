/**
 * The source port: a database that rows are read from.
 *
 * Order: `connect` -> any number of `describe` / `rows` / `read` -> `close`. One `Source` is one
 * connection and is used by one caller at a time; parallel readers connect once each.
 * Every statement runs read-only with the statement and lock timeouts of the tuning in force.
 * Cancellation: `read` stops at the next batch when its signal aborts, and leaves nothing running
 * at the server. After any error a `Source` is closed and never reused; every retry connects anew.
 * Errors are `SourceError`s, classified once by the adapter.
 */
import type { Batch } from "../batch/batch.ts";
import type { SourceConfig } from "../config/schema.ts";
import type { Tuning } from "../config/tuning.ts";
import type { Column, Fidelity, RivetType } from "../types/types.ts";
import type { SqlLexis } from "./lexis.ts";
import type { SourceLoad } from "./source_load.ts";
import type { RowChecksum } from "../batch/row_checksum.ts";

/** How an engine writes SQL. Pure: `core/query` shapes every statement through it. */
export interface Dialect {
  /** How strings, names and comments are told from code. */
  readonly lexis: SqlLexis;
  /** Quotes one identifier, doubling embedded quotes (CC9). */
  quote(identifier: string): string;
  /**
   * A literal that compares with a column exactly as the column's own values do (CC10): in the server's
   * order, and by an index where the column has one. Without a type the server coerces it.
   * @param type the column's Rivet type. @param nativeType the engine's own name of it.
   */
  literal(value: string, type?: RivetType, nativeType?: string): string;
  /** `SELECT`'s row limit, written where the engine wants it around `select`, which has an ORDER BY. */
  limit(select: string, rows: number): string;
  /**
   * Why values of the column do not lead back to their place in the server's order once they are read as
   * `type`, or null: a cursor or key of such a column would skip rows. Follows `is ... and`.
   */
  notComparable?(type: RivetType, nativeType: string): string | null;
  /**
   * A cast of an expression to the engine's text type; with its types in a form that `literal` takes back
   * for the same types.
   */
  castText(expression: string, type?: RivetType, nativeType?: string): string;
  /** Absent: the engine has one name per type. */
  readonly typeNames?: TypeNames;
  /** A reference to a table from `name` or `schema.name`, quoted. */
  table(name: string): string;
  /**
   * The aggregate over rows of the alias `_rivet`, in these columns, that gives what `RowChecksum` gives
   * for the same rows as they are received, in the form of that name; NULL without rows. In the form `md5`,
   * which every engine with checksums has, it is negative when a row could not be hashed. null: the engine has
   * no such form. Absent: it has no checksum.
   */
  rowChecksum?(columns: readonly Column[], form: string): string | null;
  /** What makes it available on a server of the engine that lacks it, as a sentence. */
  readonly checksumRemedy?: string;
  /**
   * The condition, over a table itself, of the rows that lie in the blocks `[from, until)`; null is open, and
   * one of them is not. There when `SourceCapabilities.blockRanges`.
   */
  blockRange?(from: string | null, until: string | null): string;
  /**
   * What FROM says for one partition, as `Source.partitions` names it, of `table`, as `Dialect.table` writes
   * it. There when `SourceCapabilities.partitions`.
   */
  partition?(table: string, partition: string): string;
}

/** The spellings of an engine's type names. */
export interface TypeNames {
  /** As `describe` writes it, of any spelling that a schema stored earlier may hold. */
  current(nativeType: string): string;
  /** As the SQL standard writes it. */
  standard(nativeType: string): string;
}

/** What an engine can do, as data: core asks these and never the engine's name. */
export interface SourceCapabilities {
  /** A statement can be read with binary COPY: one short statement per page or chunk. */
  readonly copy: boolean;
  /** A server-side cursor can be fetched in steps, so that no statement runs long. */
  readonly serverCursor: boolean;
  /** A snapshot can be exported and shared by several connections; else why not: `its snapshots ...`. */
  readonly sharedSnapshot: true | { readonly why: string };
  /** The server knows `ROW_NUMBER() OVER`, by which `chunk_dense` finds its boundaries. */
  readonly windowFunctions: boolean;
  /** A statement over a range of a table's blocks touches no others. */
  readonly blockRanges: boolean;
  /** One partition of a table can be read by itself. */
  readonly partitions: boolean;
}

/** A described query: its columns, and the select list that makes the adapter able to decode them. */
export interface Description {
  readonly columns: readonly Column[];
  /**
   * One SQL expression per column, over the alias `_rivet`, e.g. `"id"` or `"addr"::text AS "addr"`.
   * `core/query` puts them in the outer SELECT of every statement that is read.
   */
  readonly selectList: readonly string[];
}

/** One column of a query for a type report, whether it can be read or not. */
export interface InspectedColumn {
  readonly name: string;
  readonly nativeType: string;
  readonly nullable: boolean;
  /** null exactly when there is a refusal. */
  readonly type: RivetType | null;
  readonly fidelity: Fidelity;
  readonly refusal: ColumnRefusal | null;
}

/** Why a column cannot be read as it is, or as its override asks, and what to write instead. */
export interface ColumnRefusal {
  /** Follows the column's type: `has no precision and scale`. */
  readonly reason: string;
  /** For `columns:`; null when no override makes it readable. */
  readonly override: RivetType | null;
  /** An item of a SELECT list that makes it readable, e.g. `"area"::text AS "area"`. */
  readonly cast: string;
}

/** A table by the names that other tools know it by (OpenLineage's naming). */
export interface TableLocation {
  /** The server, e.g. `postgres://db.example.com:5432`. */
  readonly server: string;
  /** On that server, e.g. `shop.public.orders`. */
  readonly name: string;
}

/** What `introspect` looks at. */
export interface IntrospectScope {
  /** Schema, or database where the engine has no schemas; null: the connection's default. */
  readonly schema: string | null;
  /** One table or view, as `table:` names it; null: all of the schema. */
  readonly table: string | null;
}

/** What `introspect` found. */
export interface Catalog {
  /** The schema that was looked into. */
  readonly schema: string;
  /** By name; partitions are left to their table. Empty when there is nothing of the scope. */
  readonly tables: readonly CatalogTable[];
  /** Names of the readable schemas that hold tables, for the message when there is nothing. */
  readonly schemas: readonly string[];
}

/** A table or view that could be exported. */
export interface CatalogTable {
  readonly schema: string;
  readonly name: string;
  /** As `table:` names it, quoted where it has to be. */
  readonly reference: string;
  readonly kind: "table" | "partitioned" | "view" | "materialized_view" | "foreign_table";
  /** Known without planning a query, e.g. 0 for a table without pages; null: `estimateRows` tells. */
  readonly rowEstimate: number | null;
  /** On disk, with indexes and partitions; null where nothing is stored. */
  readonly totalBytes: number | null;
  /** First columns of the indexes that cover all rows. */
  readonly indexedColumns: readonly string[];
  /** Why it cannot be exported now (no permission, never filled); null when it can. */
  readonly unreadable: string | null;
}

/** A single NOT NULL column with a unique index of its own: a table can be paged or chunked by it. */
export interface TableKey {
  readonly column: string;
  /**
   * No two rows that a SELECT from the table gives are equal in it, by the order that ORDER BY has. False
   * where the index promises less: over an inheritance parent alone, by another order, by an engine that
   * does not enforce it. Pages by such a key cost one more look at the index each.
   */
  readonly unique: boolean;
  /** True when MIN..MAX windows over it make sense. */
  readonly integer: boolean;
  readonly primary: boolean;
}

/** One statement to be read, and how its rows are to be handed over. */
export interface ReadRequest {
  /** The complete statement, built by `core/query` from the same description's select list. */
  readonly sql: string;
  readonly columns: readonly Column[];
  /**
   * `statement`: the whole result in one statement (COPY where the engine has it).
   * `cursor`: in steps of at most `fetchRows` rows through a server-side cursor where the engine has
   * one, streamed with flow control where it has not.
   */
  readonly access: "statement" | "cursor";
  /**
   * Rows per FETCH of a cursor. 0: sized by the adapter from the measured row width so that one FETCH
   * holds about `batchBytes`.
   */
  readonly fetchRows: number;
  /** A batch is handed over at about this many bytes, or at `batchRows` rows, whichever is first. */
  readonly batchBytes: number;
  readonly batchRows: number;
  /** Milliseconds to wait between two FETCHes of a cursor (`throttle_ms`). */
  readonly throttleMs: number;
  /** A value above this many bytes fails the read and names its column (`max_value_mb`). */
  readonly maxValueBytes: number;
  /** Takes every row in a form that `Dialect.rowChecksum` has; absent: rows are not hashed. */
  readonly checksum?: RowChecksum;
  readonly signal?: AbortSignal;
}

/** A transaction that has begun and not ended: what it wrote may still become visible. */
export interface RunningTransaction {
  /** Names it until it ends; never given to another one. */
  readonly id: string;
  /** When it began, as `YYYY-MM-DD HH:MM:SS.ffffff+00`; null when that cannot be known. */
  readonly startedAt: string | null;
  /** Prepared for a two-phase commit: it had another id while its session still ran it. */
  readonly prepared: boolean;
  /** For people. */
  readonly label: string;
}

/** The transactions of a moment. */
export interface RunningTransactions {
  /** The server's clock, read before the transactions were; written as `startedAt`. */
  readonly now: string;
  readonly transactions: readonly RunningTransaction[];
}

/** How a table is stored, as far as it can be read by ranges of its blocks. */
export interface TableBlocks {
  /** Of the largest of the tables that a SELECT from it reads: a range holds those blocks of each. */
  readonly blocks: number;
  /** Where the rows of each of them lie; another one once they lie elsewhere altogether. */
  readonly files: readonly string[];
  /** Why rows cannot be found by their blocks, as a sentence about it; null when they can. */
  readonly obstacle: string | null;
}

/** One partition, without partitions of its own. */
export interface TablePartition {
  /** As `Dialect.partition` takes it. */
  readonly name: string;
  /** Tells it from another one that comes to have its name, or holds other rows under it; never empty. */
  readonly identity: string;
}

/** What a partitioned table consists of. */
export interface TablePartitions {
  /** In a fixed order: together they hold every row of the table, and each row once. */
  readonly partitions: readonly TablePartition[];
  /** Why the table cannot be read by them, as a sentence about it; null when it can. */
  readonly obstacle: string | null;
}

/** How the tables that a query reads differ from those that a snapshot saw, by name. */
export interface TableChange {
  /** Taken away since, another one under its name, or with its rows written anew, which no older snapshot sees. */
  readonly gone: readonly string[];
  /** Come since, with rows of before: those are read now, and were no part of the table then. */
  readonly added: readonly string[];
}

/** A snapshot that other connections can join with `ConnectOptions.snapshot`. */
export interface SharedSnapshot {
  /** The same on every machine, and never that of another snapshot of the same server. */
  readonly id: string;
  /** What it sees, for the manifest: when it was taken, and the server's own name of that point. */
  readonly point: string;
}

/** What a connection learned about itself. */
export interface SourceInfo {
  readonly engine: string;
  /** The engine as OpenTelemetry's conventions name it (`db.system.name`). */
  readonly system?: string;
  readonly version: string;
  /** One-line warnings for the log: no TLS, a transaction pooler in between, ... */
  readonly warnings: readonly string[];
}

/** How the planner would run a statement. */
export interface ScanFacts {
  /** As the engine names it: `Index Scan using orders_pkey`, `Seq Scan on events`. */
  readonly scanType: string;
  /** `partial`: some of the tables are read through an index, others whole. */
  readonly index: "full" | "partial" | "none";
  /** Rows are put in order after they were read: no index has them in it. */
  readonly sorted: boolean;
}

/** One connection to a database, with what it learned about itself. */
export interface Source {
  readonly dialect: Dialect;
  readonly capabilities: SourceCapabilities;
  readonly info: SourceInfo;

  /**
   * Starts a read-only transaction that sees one snapshot until `endSnapshot`; reads between them share it.
   * Without one, every `rows` and `read` runs in a transaction of its own.
   */
  beginSnapshot(): Promise<void>;
  endSnapshot(): Promise<void>;

  /**
   * Columns of `query` without reading a row (LIMIT 0 probe).
   * @param overrides column name -> type from `columns:`; an unknown name is an error.
   * @param table when the query is a plain table, its name: NOT NULL comes from the catalog either way.
   * @throws SourceError TYPE_UNSUPPORTED naming every unsupported column at once, each with the cast to write.
   */
  describe(query: string, overrides: ReadonlyMap<string, OverrideType>): Promise<Description>;

  /** Batches of the request's rows, in the order of the statement. */
  read(request: ReadRequest): AsyncIterable<Batch>;

  /** Small results (MIN/MAX, COUNT, catalog) with every value as text, NULL as null. */
  rows(sql: string): Promise<(string | null)[][]>;

  /** The single-column keys of `name` or `schema.name`, the primary key first. */
  keys(table: string): Promise<readonly TableKey[]>;

  /**
   * Values of a key that cut the table into parts of about equal row counts, ascending, as text: from
   * the catalog's statistics, never by a scan. Empty when the engine has none for the column.
   */
  quantiles(table: string, column: string): Promise<readonly string[]>;

  /**
   * Why rows of these columns have no checksum on this server, naming them; null when they have. Absent:
   * they have where the dialect has one.
   */
  checksumObstacle?(columns: readonly Column[]): string | null;

  /**
   * The columns of the table's primary key, in its order; empty when it has none, or none that tells all
   * rows of a SELECT from the table apart.
   */
  primaryKey?(table: string): Promise<readonly string[]>;

  /** The columns of the table that `SELECT *` leaves out, in its order. Absent: the engine has none. */
  hiddenColumns?(table: string): Promise<readonly string[]>;

  /**
   * The transactions of this database that run now, this connection's own apart. Every transaction that
   * began before the call and whose rows are not visible to a statement that starts after it is there.
   * @throws ConfigError on a server that does not know of all of them (a standby).
   */
  runningTransactions?(): Promise<RunningTransactions>;

  /**
   * Begins a snapshot that other connections can join until it ends, by `endSnapshot` or `close`. There
   * when `capabilities.sharedSnapshot` is true; the server does not end it for being idle.
   */
  shareSnapshot?(): Promise<SharedSnapshot>;

  /** The planner's row estimate of a table or query, from EXPLAIN or the catalog, never by scanning. */
  estimateRows(query: string): Promise<number | null>;

  /**
   * Bytes that the server stores per row of `name` or `schema.name`, large values and free space included,
   * from the catalog; null when it does not know. Absent: not known for the engine.
   */
  rowBytes?(table: string): Promise<number | null>;

  /**
   * EXPLAIN of a statement as `read` would send it, which is not run; null when it scans no table. Absent:
   * not known for the engine.
   */
  explainScan?(sql: string, access: ReadRequest["access"]): Promise<ScanFacts | null>;

  /** From the catalog, as it is now, whatever snapshot is joined. There when `capabilities.blockRanges`. */
  tableBlocks?(table: string): Promise<TableBlocks>;

  /** As `tableBlocks`. There when `capabilities.partitions`. */
  partitions?(table: string): Promise<TablePartitions>;

  /**
   * What has become of the tables that `query` reads since the snapshot was taken that the connection joins: it
   * holds rows, and not which tables they are read from. There when `capabilities.sharedSnapshot` is true.
   */
  changedSinceSnapshot?(query: string): Promise<TableChange>;

  /** The tables and views of a scope, from the catalog. Absent: not available for the engine. */
  introspect?(scope: IntrospectScope): Promise<Catalog>;

  /** As `describe`, with every column that cannot be read in the list instead of an error. */
  inspect?(
    query: string,
    overrides: ReadonlyMap<string, OverrideType>,
  ): Promise<readonly InspectedColumn[]>;

  /**
   * Where the table or view is that `reference` names, as SQL writes it; null when there is none. Absent: not
   * known for the engine.
   */
  locate?(reference: string): Promise<TableLocation | null>;

  /** How busy the server is now. Absent: not known for the engine. */
  load?(): Promise<SourceLoad>;

  /**
   * How many more connections the server would give this user now; null when nothing bounds them. Absent: not
   * known for the engine.
   */
  freeConnections?(): Promise<number | null>;

  /** The server's clock, in milliseconds since 1970. */
  serverTimeMs?(): Promise<number>;

  /** Idempotent; never throws. */
  close(): Promise<void>;
}

/** Placeholder-free alias so that ports do not import the override parser. */
export type OverrideType = RivetType;

/** An engine: its way to write SQL, and its way in. */
export interface SourceFactory {
  readonly type: SourceConfig["type"];
  /** The engine's name as `rivet doctor` writes it, before any server was asked for its own. */
  readonly title: string;
  readonly dialect: Dialect;
  connect(options: ConnectOptions): Promise<Source>;
}

/** How, and as whom, a connection is opened. */
export interface ConnectOptions {
  readonly source: SourceConfig;
  readonly tuning: Tuning;
  /** Shown in the server's session list, e.g. `rivet/orders`. */
  readonly applicationName: string;
  /**
   * The `SharedSnapshot.id` that every statement of the connection sees; null or absent: none. Once it is
   * gone, every statement and `connect` fail with SourceError SNAPSHOT_ENDED.
   */
  readonly snapshot?: string | null;
  readonly signal?: AbortSignal;
}
