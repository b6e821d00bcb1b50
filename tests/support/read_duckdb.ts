/** Files read by DuckDB. */
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from "@duckdb/node-api";
import * as duckdb from "@duckdb/node-api";
import type { RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";
import { withPulse } from "./pulse.ts";
import type { ReadFile } from "./readers.ts";

function withConnection<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  return withPulse(() => connected(use));
}

async function connected<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A path as a SQL string literal. */
function literal(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

/** Rows of a query as objects of JavaScript values, for metadata functions. */
export function queryDuckdb(sql: string): Promise<Record<string, unknown>[]> {
  return withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS();
  });
}

/** A CSV file with a header, every field as text; an unquoted empty field is NULL, `""` is not. */
export function readCsv(
  path: string,
): Promise<{ columns: string[]; rows: (string | null)[][] }> {
  return withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(
      `SELECT * FROM read_csv(${literal(path)}, header = true, all_varchar = true, delim = ',', ` +
        `quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false, ` +
        `new_line = '\\n', columns = ${await csvColumns(connection, path)})`,
    );
    return {
      columns: reader.columnNames(),
      rows: reader.getRowsJS() as (string | null)[][],
    };
  });
}

async function csvColumns(connection: DuckDBConnection, path: string): Promise<string> {
  const sniffed = await connection.runAndReadAll(
    `DESCRIBE SELECT * FROM read_csv(${literal(path)}, header = true, all_varchar = true, ` +
      `delim = ',', quote = '"', escape = '"')`,
  );
  const names = sniffed.getRowsJS().map((row) => String(row[0]));
  return `{${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ")}}`;
}

/** A Parquet file's rows in file order. Decimals over 38 digits come as float64: DuckDB has no wider ones. */
export function readDuckdb(path: string): Promise<ReadFile> {
  return withConnection(async (connection) => {
    const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet(${literal(path)})`);
    const types = reader.columnTypes();
    const columns = reader.columnNames().map((name, c) => ({ name, type: rivetType(types[c]) }));
    return { columns, rows: reader.getRows().map((row) => row.map(rivetValue)) };
  });
}

function rivetType(type: DuckDBType): RivetType {
  if (type.alias === "JSON") return { kind: "json" };
  if (type instanceof duckdb.DuckDBDecimalType) {
    return { kind: "decimal", precision: type.width, scale: type.scale };
  }
  if (type instanceof duckdb.DuckDBListType) {
    return { kind: "list", element: rivetType(type.valueType) };
  }
  const scalar = SCALARS.get(type.typeId);
  if (scalar === undefined) throw new TypeError(`DuckDB read a column as ${type.toString()}`);
  return scalar;
}

const SCALARS: ReadonlyMap<DuckDBTypeId, RivetType> = new Map([
  [DuckDBTypeId.BOOLEAN, { kind: "bool" }],
  [DuckDBTypeId.SMALLINT, { kind: "int", bits: 16, signed: true }],
  [DuckDBTypeId.INTEGER, { kind: "int", bits: 32, signed: true }],
  [DuckDBTypeId.BIGINT, { kind: "int", bits: 64, signed: true }],
  [DuckDBTypeId.UBIGINT, { kind: "int", bits: 64, signed: false }],
  [DuckDBTypeId.FLOAT, { kind: "float", bits: 32 }],
  [DuckDBTypeId.DOUBLE, { kind: "float", bits: 64 }],
  [DuckDBTypeId.DATE, { kind: "date" }],
  [DuckDBTypeId.TIME, { kind: "time" }],
  [DuckDBTypeId.TIMESTAMP, { kind: "timestamp", unit: "us", utc: false }],
  [DuckDBTypeId.TIMESTAMP_TZ, { kind: "timestamp", unit: "us", utc: true }],
  [DuckDBTypeId.TIMESTAMP_NS, { kind: "timestamp", unit: "ns", utc: false }],
  [DuckDBTypeId.VARCHAR, { kind: "text" }],
  [DuckDBTypeId.BLOB, { kind: "binary" }],
  [DuckDBTypeId.UUID, { kind: "uuid" }],
] as [DuckDBTypeId, RivetType][]);

function uuidBytes(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll("-", ""));
}

function rivetValue(value: DuckDBValue): Value {
  switch (typeof value) {
    case "boolean":
    case "number":
    case "bigint":
    case "string":
      return value;
    case "object":
      return value === null ? null : objectValue(value);
    case "undefined":
    case "symbol":
    case "function":
      throw new TypeError(`DuckDB returned a ${typeof value}`);
  }
}

function objectValue(value: NonNullable<DuckDBValue> & object): Value {
  if (value instanceof duckdb.DuckDBDecimalValue) return value.value;
  if (value instanceof duckdb.DuckDBDateValue) return value.days;
  if (value instanceof duckdb.DuckDBTimeValue) return value.micros;
  if (value instanceof duckdb.DuckDBTimestampValue) return value.micros;
  if (value instanceof duckdb.DuckDBTimestampTZValue) return value.micros;
  if (value instanceof duckdb.DuckDBTimestampNanosecondsValue) return value.nanos;
  if (value instanceof duckdb.DuckDBUUIDValue) return uuidBytes(value.toString());
  if (value instanceof duckdb.DuckDBBlobValue) return new Uint8Array(value.bytes);
  if (value instanceof duckdb.DuckDBListValue) return value.items.map(rivetValue);
  throw new TypeError(`DuckDB returned ${String(value)}`);
}
