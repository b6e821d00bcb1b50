/** The Source port over one SQL Server connection. */
import type { Batch } from "../../../core/batch/batch.ts";
import { withoutSemicolon } from "../../../core/config/statement.ts";
import { valueText } from "../../../core/batch/values.ts";
import type { Tuning } from "../../../core/config/tuning.ts";
import { RivetError, SourceError } from "../../../core/base/errors.ts";
import type {
  Catalog,
  Description,
  InspectedColumn,
  IntrospectScope,
  ReadRequest,
  ScanFacts,
  Source,
  SourceCapabilities,
  SourceInfo,
  TableKey,
  TableLocation,
} from "../../../core/ports/source.ts";
import type { Column, RivetType } from "../../../core/types/types.ts";
import { catalogTables } from "./catalog.ts";
import { checksumObstacle } from "./checksum.ts";
import { nameCollations } from "./collations.ts";
import type { Connection } from "./connection.ts";
import { resultColumn } from "./describe.ts";
import { onlyHelps } from "../../../core/access/only_helps.ts";
import { dialect } from "./dialect.ts";
import { plannedRows, Planner, scanFacts } from "./explain.ts";
import { describeColumns, inspectColumns, isRefusal, type ResultColumn } from "../kit/describe.ts";
import type { RunRows } from "../kit/run_rows.ts";
import { withSimilarTable } from "../kit/similar_table.ts";
import {
  hiddenColumns,
  histogramBounds,
  primaryKeyColumns,
  similarTable,
  singleKeys,
} from "./introspect.ts";
import { locate } from "./locate.ts";
import { rowBytes } from "./row_bytes.ts";
import { type Field, fieldOf } from "./fields.ts";
import { readBatches, streamBatches } from "./read.ts";
import { checkQuery, checkStatement } from "./read_only.ts";
import { settingsSql } from "./session.ts";
import { planColumn } from "./types.ts";

const CAPABILITIES: SourceCapabilities = {
  copy: false,
  serverCursor: false,
  sharedSnapshot: {
    why: "SNAPSHOT isolation gives every session a snapshot of its own; a database snapshot " +
      "(CREATE DATABASE ... AS SNAPSHOT OF) that is named as the source's database is one point in time",
  },
  windowFunctions: true,
  blockRanges: false,
  partitions: false,
};

const ROWS_BATCH = { batchBytes: 1024 * 1024, batchRows: 8192 };

/** What the connection found out about the server. */
export interface ServerTraits {
  /** The database has ALLOW_SNAPSHOT_ISOLATION, and sessions are not shared. */
  readonly snapshots: boolean;
  /** Each statement may run in another session. */
  readonly multiplexed: boolean;
}

function naturalColumns(fields: readonly Field[]): readonly Column[] {
  return fields.map((field) => {
    const plan = planColumn(field);
    if (isRefusal(plan) || plan.expression !== null) {
      throw new SourceError(
        "TYPE_UNSUPPORTED",
        `column "${field.name}" of type ${field.nativeType} cannot be read without a cast`,
      );
    }
    const { name, nativeType } = field;
    return { name, type: plan.type, nullable: true, nativeType, fidelity: plan.fidelity };
  });
}

function batchText(batch: Batch): (string | null)[][] {
  return Array.from(
    { length: batch.rows },
    (_, row) => batch.columns.map(({ type }, c) => valueText(type, batch.data[c], row)),
  );
}

/** A query as a derived table, in which no other statement can stand. */
function derived(select: string, query: string): string {
  const base = withoutSemicolon(query);
  checkQuery(base);
  return `${select} FROM (\n${base}\n) AS _rivet`;
}

export class MssqlSource implements Source {
  readonly dialect = dialect;
  readonly capabilities = CAPABILITIES;
  readonly info: SourceInfo;
  readonly #connection: Connection;
  readonly #tuning: Tuning;
  readonly #settings: string;
  readonly #planner: Planner;
  /** Set once, when the connection knows what it talks to. */
  traits: ServerTraits = { snapshots: false, multiplexed: false };
  /** `open`: a transaction is. `loose`: the database allows none, and reads see their own moments. */
  #snapshot: "none" | "open" | "loose" = "none";

  constructor(connection: Connection, tuning: Tuning, info: SourceInfo) {
    this.#connection = connection;
    this.#connection.statementTimeoutMs = tuning.statementTimeoutS * 1000;
    this.#tuning = tuning;
    this.#planner = new Planner(connection);
    this.#settings = settingsSql(tuning);
    this.info = info;
  }

  async beginSnapshot(): Promise<void> {
    if (this.#snapshot !== "none") throw new RivetError("INTERNAL", "a snapshot is already open");
    if (this.traits.snapshots) {
      await this.#connection.exec(
        "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION",
      );
    }
    this.#snapshot = this.traits.snapshots ? "open" : "loose";
  }

  async endSnapshot(): Promise<void> {
    const open = this.#snapshot === "open";
    this.#snapshot = "none";
    if (!open) return;
    await this.#connection.exec(
      "COMMIT TRANSACTION; SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    );
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
    checkStatement(request.sql);
    let complete = false;
    try {
      yield* readBatches(this.#connection, this.#settings + request.sql, request);
      complete = true;
    } finally {
      // A snapshot cannot outlive a statement that was cut off, and no later read may miss that.
      if (!complete && this.#snapshot === "open") await this.close();
    }
  }

  async rows(sql: string): Promise<(string | null)[][]> {
    checkStatement(sql);
    const maxValueBytes = this.#tuning.maxValueMb * 1024 * 1024;
    const options = { ...ROWS_BATCH, maxValueBytes, columns: naturalColumns };
    const rows: (string | null)[][] = [];
    for await (const batch of streamBatches(this.#connection, this.#settings + sql, options)) {
      rows.push(...batchText(batch));
    }
    return rows;
  }

  checksumObstacle(columns: readonly Column[]): string | null {
    return checksumObstacle(columns);
  }

  keys(table: string): Promise<readonly TableKey[]> {
    return singleKeys(this.#run, table);
  }

  /** None on a server that has no such columns, and so does not know the word. */
  hiddenColumns(table: string): Promise<readonly string[]> {
    return onlyHelps(`hidden columns of '${table}'`, () => hiddenColumns(this.#run, table), []);
  }

  /** None where the login may not see statistics, or the server has no view of them. */
  quantiles(table: string, column: string): Promise<readonly string[]> {
    const look = () => histogramBounds(this.#run, table, column);
    return onlyHelps(`statistics of '${table}'`, look, []);
  }

  primaryKey(table: string): Promise<readonly string[]> {
    return primaryKeyColumns(this.#run, table);
  }

  async estimateRows(query: string): Promise<number | null> {
    const plan = await this.#plan(derived("SELECT *", query));
    return plan === null ? null : plannedRows(plan);
  }

  locate(reference: string): Promise<TableLocation | null> {
    return locate(this.#run, this.#connection.settings, reference);
  }

  rowBytes(table: string): Promise<number | null> {
    return rowBytes(this.#run, table);
  }

  async explainScan(sql: string): Promise<ScanFacts | null> {
    const statement = withoutSemicolon(sql);
    checkStatement(statement);
    const plan = await this.#plan(statement);
    return plan === null ? null : scanFacts(plan);
  }

  introspect(scope: IntrospectScope): Promise<Catalog> {
    return catalogTables(this.#run, scope);
  }

  async serverTimeMs(): Promise<number> {
    const [[millis]] = await this.rows(
      "SELECT DATEDIFF_BIG(millisecond, '19700101', SYSUTCDATETIME())",
    );
    return Number(millis);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  readonly #run: RunRows = (sql) => this.rows(sql);

  async #probe(query: string): Promise<ResultColumn[]> {
    try {
      // Nullability comes with it, as the server derives it for this query.
      const probe = derived("SELECT TOP (0) *", query);
      const metadata = await this.#connection.metadata(this.#settings + probe);
      const { collation } = this.#connection;
      const fields = metadata.map(fieldOf);
      const named = await nameCollations(this.#run, probe, metadata, fields, collation);
      return named.map(resultColumn);
    } catch (error) {
      throw await this.#withSimilarTable(error);
    }
  }

  /** null also where the setting and the query might not meet in one session. */
  async #plan(sql: string): Promise<string | null> {
    return this.traits.multiplexed ? null : await this.#planner.plan(sql);
  }

  /** A missing table's error with the name that was probably meant. */
  async #withSimilarTable(error: unknown): Promise<unknown> {
    if (!(error instanceof SourceError) || error.nativeCode !== "208") return error;
    const name = /'([^']+)'/.exec(error.message)?.[1];
    if (name === undefined) return error;
    return await withSimilarTable(error, () => similarTable(this.#run, name));
  }
}
