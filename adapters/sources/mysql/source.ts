/** The Source port over one MySQL or MariaDB connection. */
import type { Batch } from "../../../core/batch/batch.ts";
import { withoutSemicolon } from "../../../core/config/statement.ts";
import type { Tuning } from "../../../core/config/tuning.ts";
import { RivetError, SourceError } from "../../../core/base/errors.ts";
import type {
  Catalog,
  Description,
  Dialect,
  InspectedColumn,
  IntrospectScope,
  ReadRequest,
  ScanFacts,
  Source,
  SourceCapabilities,
  SourceInfo,
  TableKey,
  TableLocation,
  TablePartitions,
} from "../../../core/ports/source.ts";
import type { SourceLoad } from "../../../core/ports/source_load.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { onlyHelps } from "../../../core/access/only_helps.ts";
import type { Connection, ResultSet } from "./connection.ts";
import { resultColumns } from "./describe.ts";
import { dialect, withoutChecksum } from "./dialect.ts";
import { plannedRows, scanFacts } from "./explain.ts";
import { describeColumns, inspectColumns, type ResultColumn } from "../kit/describe.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { withSimilarTable } from "../kit/similar_table.ts";
import { catalogTables } from "./catalog.ts";
import {
  histogramBounds,
  invisibleColumns,
  primaryKeyColumns,
  similarTable,
  singleKeys,
  tablePartitions,
} from "./introspect.ts";
import { freeConnections } from "./free_connections.ts";
import { sourceLoad } from "./load.ts";
import { locate } from "./locate.ts";
import { rowBytes } from "./row_bytes.ts";
import { readBatches } from "./read.ts";
import {
  AUTOCOMMIT_SQL,
  BEGIN_SNAPSHOT_SQL,
  BEGIN_SQL,
  COMMIT_SQL,
  ISOLATION_SQL,
  ROLLBACK_SQL,
  type ServerFacts,
  type Setting,
  settingsSql,
  setUp,
  statementLimitSql,
} from "./session.ts";

const CAPABILITIES = {
  copy: false,
  serverCursor: false,
  sharedSnapshot: {
    why: "its snapshots belong to one connection, and no statement lets another one join",
  },
  blockRanges: false,
  partitions: true,
} as const;

export class MysqlSource implements Source {
  readonly dialect: Dialect;
  readonly capabilities: SourceCapabilities;
  readonly info: SourceInfo;
  readonly #connection: Connection;
  readonly #facts: ServerFacts;
  readonly #tuning: Tuning;
  /** Empty until `start`. */
  #settings: readonly Setting[] = [];
  /** The server ends statements at `statement_timeout_s`. */
  #limited = true;
  /** A proxy may run every transaction on another server connection: each is set up by itself. */
  readonly #multiplexed: boolean;
  #snapshot = false;

  constructor(
    connection: Connection,
    tuning: Tuning,
    facts: ServerFacts,
    info: SourceInfo,
    multiplexed: boolean,
  ) {
    this.#connection = connection;
    this.#facts = facts;
    this.dialect = facts.hasMd5 ? dialect : withoutChecksum(dialect);
    this.capabilities = { ...CAPABILITIES, windowFunctions: facts.hasWindowFunctions };
    this.info = info;
    this.#tuning = tuning;
    this.#multiplexed = multiplexed;
    connection.statementTimeoutS = tuning.statementTimeoutS;
  }

  /** Sets the session up; to be called once, before anything else. */
  async start(): Promise<void> {
    const connection = this.#connection;
    await connection.exec(AUTOCOMMIT_SQL);
    const run = (sql: string) => connection.exec(sql);
    this.#settings = await setUp(run, this.#facts, this.#tuning);
    await connection.exec(ISOLATION_SQL);
    // What the server runs for each account as it connects may have left the database.
    await connection.useDatabase();
  }

  async beginSnapshot(): Promise<void> {
    if (this.#snapshot) throw new RivetError("INTERNAL", "a snapshot is already open");
    // The isolation must be that of the server connection that begins the transaction.
    if (this.#multiplexed) await this.#connection.exec(ISOLATION_SQL);
    await this.#begin(BEGIN_SNAPSHOT_SQL);
    this.#snapshot = true;
  }

  async endSnapshot(): Promise<void> {
    if (!this.#snapshot) return;
    this.#snapshot = false;
    await this.#connection.exec(COMMIT_SQL);
  }

  async describe(query: string, overrides: ReadonlyMap<string, RivetType>): Promise<Description> {
    return describeColumns(await this.#probe(query), overrides);
  }

  async inspect(
    query: string,
    overrides: ReadonlyMap<string, RivetType>,
  ): Promise<readonly InspectedColumn[]> {
    return inspectColumns(await this.#probe(query), overrides);
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch, void> {
    if (!this.#snapshot) await this.#begin(BEGIN_SQL);
    let complete = false;
    try {
      // A reader's rests would count: `readBatches` watches what the server takes itself.
      await this.#limit(false);
      yield* readBatches(this.#connection, request);
      if (!this.#snapshot) await this.#connection.exec(COMMIT_SQL);
      complete = true;
    } finally {
      // A snapshot cannot outlive a statement that was cut off, and no later read may miss that.
      if (!complete && this.#snapshot) await this.close();
      else if (!complete) await this.#rollback();
    }
  }

  rows(sql: string): Promise<(string | null)[][]> {
    return this.#transaction((rows) => rows(sql));
  }

  keys(table: string): Promise<readonly TableKey[]> {
    return this.#transaction((rows) => singleKeys(rows, table));
  }

  async quantiles(table: string, column: string): Promise<readonly string[]> {
    if (this.#facts.flavor !== "MariaDB") return [];
    // Few accounts may read the statistics; without them the key's index is asked instead.
    const bounds = () => this.#transaction((rows) => histogramBounds(rows, table, column));
    return await onlyHelps(`the histogram of ${column}`, bounds, []);
  }

  hiddenColumns(table: string): Promise<readonly string[]> {
    return this.#transaction((rows) => invisibleColumns(rows, table));
  }

  primaryKey(table: string): Promise<readonly string[]> {
    return this.#transaction((rows) => primaryKeyColumns(rows, table));
  }

  async estimateRows(query: string): Promise<number | null> {
    return plannedRows(await this.#explain(query));
  }

  locate(reference: string): Promise<TableLocation | null> {
    return this.#transaction((rows) => locate(rows, this.#connection.settings, reference));
  }

  rowBytes(table: string): Promise<number | null> {
    return this.#transaction((rows) => rowBytes(rows, table));
  }

  async explainScan(query: string): Promise<ScanFacts | null> {
    return scanFacts(await this.#explain(query), /\bORDER BY\b/.test(query));
  }

  partitions(table: string): Promise<TablePartitions> {
    return this.#transaction((rows) => tablePartitions(rows, table));
  }

  introspect(scope: IntrospectScope): Promise<Catalog> {
    return this.#transaction((rows) => catalogTables(rows, scope));
  }

  load(): Promise<SourceLoad> {
    return this.#transaction(sourceLoad);
  }

  freeConnections(): Promise<number | null> {
    return this.#transaction(freeConnections);
  }

  async serverTimeMs(): Promise<number> {
    const [[seconds]] = await this.rows("SELECT UNIX_TIMESTAMP(SYSDATE(6))");
    return Number(seconds) * 1000;
  }

  async close(): Promise<void> {
    this.#snapshot = false;
    // The reset rolls an open transaction back.
    await this.#connection.reset();
    await this.#connection.close();
  }

  async #probe(query: string): Promise<ResultColumn[]> {
    const sql = `SELECT * FROM (\n${withoutSemicolon(query)}\n) AS _rivet LIMIT 0`;
    try {
      const { fields } = await this.#transaction(() => this.#connection.query(sql));
      return resultColumns(query, fields);
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  /** A missing table's error with the name that was probably meant; a doubled column's in our words. */
  async #explained(error: unknown): Promise<unknown> {
    if (!(error instanceof SourceError)) return error;
    const twice = /'(.+)'/.exec(error.message)?.[1];
    if (error.nativeCode === "1060" && twice !== undefined) {
      const message = `the query has more than one column named "${twice}"`;
      return new SourceError(error.code, message, { hint: error.hint, nativeCode: "1060" });
    }
    if (error.nativeCode !== "1146") return error;
    const name = /'[^'.]*\.([^']+)'/.exec(error.message)?.[1];
    if (name === undefined) return error;
    return await withSimilarTable(
      error,
      () => this.#transaction((rows) => similarTable(rows, name)),
    );
  }

  #explain(query: string): Promise<ResultSet> {
    const sql = `EXPLAIN FORMAT=TRADITIONAL ${withoutSemicolon(query)}`;
    return this.#transaction(() => this.#connection.query(sql));
  }

  /** Runs `work` in the open snapshot, or in a read-only transaction of its own. */
  async #transaction<T>(work: (rows: RunRows) => Promise<T>): Promise<T> {
    const rows: RunRows = async (sql) => (await this.#connection.query(sql)).rows;
    if (this.#snapshot) {
      await this.#limit(true);
      return await work(rows);
    }
    await this.#begin(BEGIN_SQL);
    try {
      await this.#limit(true);
      const result = await work(rows);
      await this.#connection.exec(COMMIT_SQL);
      return result;
    } catch (error) {
      await this.#rollback();
      throw error;
    }
  }

  async #begin(sql: string): Promise<void> {
    await this.#connection.exec(sql);
    if (!this.#multiplexed) return;
    await this.#connection.exec(settingsSql(this.#settings));
    this.#limited = true;
  }

  /** Whether the server limits the statements that follow. */
  async #limit(limited: boolean): Promise<void> {
    if (limited === this.#limited || this.#tuning.statementTimeoutS === 0) return;
    const sql = statementLimitSql(this.#settings, !limited);
    if (sql !== null) await this.#connection.exec(sql);
    this.#limited = limited;
  }

  async #rollback(): Promise<void> {
    try {
      await this.#connection.exec(ROLLBACK_SQL);
    } catch {
      // Either the connection is gone, and the transaction with it, or the first error says more.
    }
  }
}
