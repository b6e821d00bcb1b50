/** The Source port over one PostgreSQL connection. */
import { onlyHelps } from "../../../core/access/only_helps.ts";
import type { Batch } from "../../../core/batch/batch.ts";
import { withoutSemicolon } from "../../../core/config/statement.ts";
import type { Tuning } from "../../../core/config/tuning.ts";
import { RivetError, SourceError } from "../../../core/base/errors.ts";
import type {
  Catalog,
  Description,
  InspectedColumn,
  IntrospectScope,
  ReadRequest,
  RunningTransactions,
  ScanFacts,
  SharedSnapshot,
  Source,
  SourceCapabilities,
  SourceInfo,
  TableBlocks,
  TableChange,
  TableKey,
  TableLocation,
  TablePartitions,
} from "../../../core/ports/source.ts";
import type { SourceLoad } from "../../../core/ports/source_load.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { type Connection, type Surrounding, surrounding, type TextRows } from "./connection.ts";
import { checkNames, resultColumn } from "./describe.ts";
import { dialect } from "./dialect.ts";
import { plannedRows, plannedScan } from "./explain.ts";
import { describeColumns, inspectColumns, type ResultColumn } from "../kit/describe.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { withSimilarTable } from "../kit/similar_table.ts";
import { catalogTables, withSizes } from "./catalog.ts";
import { nativeTypes, notNullFields } from "./fields.ts";
import { histogramBounds, primaryKeyColumns, similarTable, singleKeys } from "./introspect.ts";
import { freeConnections } from "./free_connections.ts";
import { sourceLoad } from "./load.ts";
import { locate } from "./locate.ts";
import { rowBytes } from "./row_bytes.ts";
import { isOneFlight, readBatches, readInFlight } from "./read.ts";
import { namedFault } from "./faulty_column.ts";
import { beginStatements, type Isolation } from "./session.ts";
import { changedMembers, tableBlocks, tablePartitions } from "./storage.ts";
import { joinFailure, requireSeen, shareSnapshot } from "./snapshot.ts";
import { runningTransactions } from "./transactions.ts";

const CAPABILITIES: SourceCapabilities = {
  copy: true,
  serverCursor: true,
  sharedSnapshot: true,
  windowFunctions: true,
  blockRanges: true,
  partitions: true,
};

/** A query's columns, without its rows. */
function probeSql(query: string): string {
  return `SELECT * FROM (\n${withoutSemicolon(query)}\n) AS _rivet LIMIT 0`;
}

/** Ranges of `ctid` are scanned as such since then. */
const TID_RANGE_SCANS = 14;

export class PostgresSource implements Source {
  readonly dialect = dialect;
  readonly capabilities: SourceCapabilities;
  readonly info: SourceInfo;
  readonly #connection: Connection;
  readonly #tuning: Tuning;
  readonly #joined: string | null;
  #snapshot = false;
  #sameBackend = false;
  /** The beginning and the end of a statement's own transaction, once there was one. */
  #around: Surrounding | null = null;

  /** @param joined the shared snapshot that every transaction joins, or null. */
  constructor(
    connection: Connection,
    tuning: Tuning,
    info: SourceInfo,
    joined: string | null = null,
  ) {
    const blockRanges = connection.serverVersion >= TID_RANGE_SCANS;
    this.capabilities = { ...CAPABILITIES, blockRanges };
    this.#connection = connection;
    this.#tuning = tuning;
    this.info = info;
    this.#joined = joined;
  }

  /** Every transaction is in the server process of this session: there is no pooler between. */
  knowsBackend(): void {
    this.#sameBackend = true;
  }

  /** The server process of a transaction of its own, and the server's version. */
  async backend(): Promise<{ readonly pid: string; readonly version: string }> {
    const [[pid, version]] = await this.#brief(
      "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version')",
    );
    return { pid: pid ?? "", version: version ?? "" };
  }

  async beginSnapshot(): Promise<void> {
    if (this.#snapshot) throw new RivetError("INTERNAL", "a snapshot is already open");
    await this.#begin("REPEATABLE READ");
    this.#snapshot = true;
  }

  async endSnapshot(): Promise<void> {
    if (!this.#snapshot) return;
    this.#snapshot = false;
    await this.#connection.run(["COMMIT"]);
  }

  async describe(query: string, overrides: ReadonlyMap<string, RivetType>): Promise<Description> {
    return describeColumns(await this.#probed(query), overrides);
  }

  async inspect(
    query: string,
    overrides: ReadonlyMap<string, RivetType>,
  ): Promise<readonly InspectedColumn[]> {
    return inspectColumns(await this.#probed(query), overrides);
  }

  async *read(request: ReadRequest): AsyncGenerator<Batch, void> {
    const atOnce = isOneFlight(request) && this.#knowsProcess && this.#joined === null;
    if (!this.#snapshot && !atOnce) await this.#begin("READ COMMITTED");
    let complete = false;
    try {
      yield* atOnce ? this.#readAtOnce(request) : readBatches(this.#connection, request);
      if (!this.#snapshot && !atOnce) await this.#connection.run(["COMMIT"]);
      complete = true;
    } catch (error) {
      throw await namedFault(error, request, (timeoutMs) => this.#afterFailure(timeoutMs));
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
    return this.#lookup((rows) => singleKeys(rows, table));
  }

  quantiles(table: string, column: string): Promise<readonly string[]> {
    return this.#lookup((rows) => histogramBounds(rows, table, column));
  }

  primaryKey(table: string): Promise<readonly string[]> {
    return this.#lookup((rows) => primaryKeyColumns(rows, table));
  }

  runningTransactions(): Promise<RunningTransactions> {
    return this.#transaction(runningTransactions);
  }

  async shareSnapshot(): Promise<SharedSnapshot> {
    await this.beginSnapshot();
    return await this.#transaction(shareSnapshot);
  }

  estimateRows(query: string): Promise<number | null> {
    return this.#lookup((rows) => plannedRows(rows, withoutSemicolon(query)));
  }

  locate(reference: string): Promise<TableLocation | null> {
    const { settings } = this.#connection.session;
    return this.#transaction((rows) => locate(rows, settings, reference));
  }

  rowBytes(table: string): Promise<number | null> {
    return this.#lookup((rows) => rowBytes(rows, table));
  }

  explainScan(sql: string, access: ReadRequest["access"]): Promise<ScanFacts | null> {
    return this.#lookup((rows) => plannedScan(rows, withoutSemicolon(sql), access));
  }

  tableBlocks(table: string): Promise<TableBlocks> {
    return this.#outside((rows) => tableBlocks(rows, table));
  }

  partitions(table: string): Promise<TablePartitions> {
    return this.#outside((rows) => tablePartitions(rows, table));
  }

  changedSinceSnapshot(query: string): Promise<TableChange> {
    return changedMembers(
      (work) => this.#outside(work),
      (work) => this.#transaction(work),
      probeSql(query),
    );
  }

  async introspect(scope: IntrospectScope): Promise<Catalog> {
    const catalog = await this.#transaction((rows) => catalogTables(rows, scope));
    const sizes = () => this.#transaction((rows) => withSizes(rows, catalog));
    return await onlyHelps("sizes of tables", sizes, catalog);
  }

  load(): Promise<SourceLoad> {
    return this.#transaction(sourceLoad);
  }

  freeConnections(): Promise<number | null> {
    return this.#lookup(freeConnections);
  }

  async serverTimeMs(): Promise<number> {
    const [[seconds]] = await this.rows("SELECT extract(epoch FROM pg_catalog.clock_timestamp())");
    return Number(seconds) * 1000;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #probed(query: string): Promise<ResultColumn[]> {
    try {
      return await this.#transaction((rows) => this.#probe(rows, withoutSemicolon(query)));
    } catch (error) {
      throw await this.#withSimilarTable(error);
    }
  }

  async #probe(rows: RunRows, base: string): Promise<ResultColumn[]> {
    const fields = await this.#connection.fields(probeSql(base));
    checkNames(fields);
    const types = await nativeTypes(rows, fields);
    const notNull = await notNullFields(rows, base, fields);
    return fields.map((field, i) => resultColumn(field, types[i], notNull[i]));
  }

  /** A missing table's error with the name that was probably meant. */
  async #withSimilarTable(error: unknown): Promise<unknown> {
    if (!(error instanceof SourceError) || error.nativeCode !== "42P01") return error;
    const name = /"([^"]+)"/.exec(error.message)?.[1];
    if (name === undefined) return error;
    return await withSimilarTable(
      error,
      () => this.#transaction((rows) => similarTable(rows, name)),
    );
  }

  /** One way to the server and back for a chunk, where it would be three. */
  #readAtOnce(request: ReadRequest): AsyncGenerator<Batch, void> {
    const { statementTimeoutS } = this.#tuning;
    this.#connection.statementTimeoutMs = statementTimeoutS * 1000;
    this.#around ??= surrounding(
      this.#beginning("READ COMMITTED", statementTimeoutS, null),
      ["COMMIT"],
    );
    return readInFlight(this.#connection, request, this.#around);
  }

  /**
   * What the server answers at once: every statement a transaction of its own. Behind a pooler one waits for the
   * beginning, to know which process it is when it is silent.
   */
  #lookup<T>(work: (rows: RunRows) => Promise<T>): Promise<T> {
    return this.#knowsProcess ? work((sql) => this.#brief(sql)) : this.#transaction(work);
  }

  /** Whether a transaction that is about to begin will be in the server process that is known. */
  get #knowsProcess(): boolean {
    return this.#sameBackend && !this.#snapshot;
  }

  /** One statement in a read-only transaction of its own, in one flight unless it joins a snapshot. */
  async #brief(sql: string): Promise<TextRows> {
    if (this.#joined !== null) return await this.rows(sql);
    const { statementTimeoutS } = this.#tuning;
    const begin = this.#beginning("READ COMMITTED", statementTimeoutS, null);
    try {
      const answers = await this.#connection.runAll([...begin, sql, "COMMIT"]);
      const [[pid]] = answers[begin.length - 1];
      this.#connection.backendPid = Number(pid);
      return answers[begin.length];
    } catch (error) {
      await this.#rollback();
      throw error;
    }
  }

  /** Runs `work` in the open snapshot, or in a read-only transaction of its own. */
  #transaction<T>(work: (rows: RunRows) => Promise<T>): Promise<T> {
    return this.#snapshot
      ? work((sql) => this.#connection.rows(sql))
      : this.#own(() => this.#begin("READ COMMITTED"), work);
  }

  /** Runs `work` in a transaction of its own that sees what is committed, whatever snapshot is joined. */
  #outside<T>(work: (rows: RunRows) => Promise<T>): Promise<T> {
    if (this.#snapshot) throw new RivetError("INTERNAL", "a snapshot is open");
    const { statementTimeoutS } = this.#tuning;
    return this.#own(() => this.#beginWith("READ COMMITTED", statementTimeoutS, null), work);
  }

  async #own<T>(
    begin: () => Promise<void>,
    work: (rows: RunRows) => Promise<T>,
  ): Promise<T> {
    const rows: RunRows = (sql) => this.#connection.rows(sql);
    await begin();
    try {
      const result = await work(rows);
      await this.#connection.run(["COMMIT"]);
      return result;
    } catch (error) {
      await this.#rollback();
      throw error;
    }
  }

  /** Statements of their own after a read has failed; a snapshot that was open is gone. */
  #afterFailure(timeoutMs: number): RunRows {
    return async (sql) => {
      await this.#rollback();
      await this.#beginWith("READ COMMITTED", timeoutMs / 1000, null);
      return await this.#connection.rows(sql);
    };
  }

  async #begin(isolation: Isolation): Promise<void> {
    const level = this.#joined === null ? isolation : "REPEATABLE READ";
    await this.#beginWith(level, this.#tuning.statementTimeoutS, this.#joined);
  }

  async #beginWith(
    isolation: Isolation,
    statementTimeoutS: number,
    snapshot: string | null,
  ): Promise<void> {
    const connection = this.#connection;
    const statements = this.#beginning(isolation, statementTimeoutS, snapshot);
    if (snapshot === null) {
      const [[pid]] = await connection.run(statements);
      connection.backendPid = Number(pid);
      return;
    }
    try {
      const [[pid, seen]] = await connection.run(statements);
      connection.backendPid = Number(pid);
      requireSeen(snapshot, seen);
    } catch (error) {
      await this.#rollback();
      throw joinFailure(error);
    }
  }

  #beginning(isolation: Isolation, statementTimeoutS: number, snapshot: string | null): string[] {
    const connection = this.#connection;
    connection.statementTimeoutMs = statementTimeoutS * 1000;
    return beginStatements(isolation, { ...this.#tuning, statementTimeoutS }, {
      snapshot,
      serverVersion: connection.serverVersion,
      hiddenRows: connection.session.settings.options?.includes("row_security") ?? false,
    });
  }

  async #rollback(): Promise<void> {
    try {
      await this.#connection.run(["ROLLBACK"]);
    } catch {
      // Either the connection is gone, and the transaction with it, or the first error says more.
    }
  }
}
