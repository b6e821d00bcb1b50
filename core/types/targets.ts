/**
 * What a column becomes in a warehouse that loads Rivet's Parquet files with its own loader and a schema
 * that it detects itself. A type report shows it beside the Arrow type.
 */
import type { RivetType } from "./types.ts";

/** Warehouses whose loaders a type report knows. */
export const TARGETS = [
  "bigquery",
  "snowflake",
  "duckdb",
  "clickhouse",
  "redshift",
  "spark",
  "delta",
  "iceberg",
] as const;
/** One of `TARGETS`. */
export type Target = typeof TARGETS[number];

/** What one column becomes there. */
export interface TargetType {
  /** The warehouse's own name; null when it cannot load the column. */
  readonly name: string | null;
  /**
   * `ok`: every value as it is. `approximate`: loads, as another kind of type or with a narrower range.
   * `unsupported`: does not load.
   */
  readonly status: "ok" | "approximate" | "unsupported";
  /** What is different, in a few words; null when nothing is. */
  readonly note: string | null;
}

const ok = (name: string): TargetType => ({ name, status: "ok", note: null });
const about = (name: string, note: string): TargetType => ({ name, status: "approximate", note });
const none = (note: string): TargetType => ({ name: null, status: "unsupported", note });

type Scalar = Exclude<RivetType, { kind: "list" }>;
type Decimal = Extract<RivetType, { kind: "decimal" }>;
type Timestamp = Extract<RivetType, { kind: "timestamp" }>;

/** How one warehouse names types. */
interface TargetRules {
  readonly scalar: (type: Scalar) => TargetType;
  /** @param element as the warehouse names it. */
  readonly list: (element: TargetType) => TargetType;
}

const INTERVAL = "ISO 8601 text";
const UUID_BYTES = "16 bytes, not text";
const NANOSECONDS = "rounded to microseconds";

/** `decimal(p,s)` in a warehouse whose widest decimal has 38 digits. */
function upTo38(name: string, { precision, scale }: Decimal): TargetType {
  if (precision > 38) return none("more than 38 digits");
  return ok(`${name}(${precision},${scale})`);
}

/** https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions */
function bigquery(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("BOOL");
    case "int":
      return type.signed ? ok("INT64") : about("INT64", "values from 2^63 do not fit");
    case "float":
      return ok("FLOAT64");
    case "decimal":
      return bigqueryDecimal(type);
    case "date":
      return ok("DATE");
    case "time":
      return ok("TIME");
    case "timestamp": {
      const name = type.utc ? "TIMESTAMP" : "DATETIME";
      return type.unit === "ns" ? about(name, NANOSECONDS) : ok(name);
    }
    case "text":
      return ok("STRING");
    case "json":
      return about("STRING", "JSON text, unless the table's schema says JSON");
    case "uuid":
      return about("BYTES", UUID_BYTES);
    case "binary":
      return ok("BYTES");
    case "interval":
      return about("STRING", INTERVAL);
  }
}

/** NUMERIC holds 29 digits before and 9 after the point, BIGNUMERIC 38 and 38. */
function bigqueryDecimal({ precision, scale }: Decimal): TargetType {
  const before = precision - scale;
  if (before <= 29 && scale <= 9) return ok("NUMERIC");
  if (before <= 38 && scale <= 38) return ok("BIGNUMERIC");
  return about("STRING", "wider than BIGNUMERIC");
}

function snowflakeTimestamp({ utc }: Timestamp): TargetType {
  return utc ? ok("TIMESTAMP_LTZ") : ok("TIMESTAMP_NTZ");
}

/** https://docs.snowflake.com/en/sql-reference/functions/infer_schema */
function snowflake(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("BOOLEAN");
    case "int":
      return ok("NUMBER(38,0)");
    case "float":
      return ok("FLOAT");
    case "decimal":
      return upTo38("NUMBER", type);
    case "date":
      return ok("DATE");
    case "time":
      return ok("TIME");
    case "timestamp":
      return snowflakeTimestamp(type);
    case "text":
      return ok("VARCHAR");
    case "json":
      return about("VARCHAR", "JSON text; PARSE_JSON makes a VARIANT of it");
    case "uuid":
      return about("BINARY", UUID_BYTES);
    case "binary":
      return ok("BINARY");
    case "interval":
      return about("VARCHAR", INTERVAL);
  }
}

function duckdbTimestamp({ unit, utc }: Timestamp): TargetType {
  if (utc) {
    const name = "TIMESTAMP WITH TIME ZONE";
    return unit === "ns" ? about(name, NANOSECONDS) : ok(name);
  }
  return ok(unit === "ns" ? "TIMESTAMP_NS" : "TIMESTAMP");
}

const DUCKDB_INTS = { 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" } as const;

/** https://duckdb.org/docs/stable/data/parquet/overview */
function duckdb(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("BOOLEAN");
    case "int":
      return ok(type.signed ? DUCKDB_INTS[type.bits] : "UBIGINT");
    case "float":
      return ok(type.bits === 32 ? "FLOAT" : "DOUBLE");
    case "decimal":
      return type.precision > 38
        ? about("DOUBLE", "more than 38 digits are rounded")
        : ok(`DECIMAL(${type.precision},${type.scale})`);
    case "date":
      return ok("DATE");
    case "time":
      return ok("TIME");
    case "timestamp":
      return duckdbTimestamp(type);
    case "text":
      return ok("VARCHAR");
    case "json":
      return ok("JSON");
    case "uuid":
      return ok("UUID");
    case "binary":
      return ok("BLOB");
    case "interval":
      return about("VARCHAR", INTERVAL);
  }
}

/** https://clickhouse.com/docs/interfaces/formats/Parquet */
function clickhouse(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("Bool");
    case "int":
      return ok(`${type.signed ? "Int" : "UInt"}${type.bits}`);
    case "float":
      return ok(`Float${type.bits}`);
    case "decimal":
      return ok(`Decimal(${type.precision}, ${type.scale})`);
    case "date":
      return ok("Date32");
    case "time":
      return about("Int64", "microseconds since midnight");
    case "timestamp":
      return about(
        `DateTime64(${type.unit === "ns" ? 9 : 6}${type.utc ? ", 'UTC'" : ""})`,
        "years 1900 to 2299 only",
      );
    case "text":
      return ok("String");
    case "json":
      return about("String", "JSON text");
    case "uuid":
      return about("FixedString(16)", UUID_BYTES);
    case "binary":
      return ok("String");
    case "interval":
      return about("String", INTERVAL);
  }
}

const REDSHIFT_INTS = { 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" } as const;

/** https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html */
function redshift(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("BOOLEAN");
    case "int":
      return type.signed
        ? ok(REDSHIFT_INTS[type.bits])
        : about("BIGINT", "values from 2^63 do not fit");
    case "float":
      return ok(type.bits === 32 ? "REAL" : "DOUBLE PRECISION");
    case "decimal":
      return upTo38("DECIMAL", type);
    case "date":
      return ok("DATE");
    case "time":
      return about("BIGINT", "microseconds since midnight");
    case "timestamp":
      return type.unit === "ns"
        ? about(redshiftTimestamp(type), NANOSECONDS)
        : ok(redshiftTimestamp(type));
    case "text":
      return about("VARCHAR(65535)", "values over 65,535 bytes do not load");
    case "json":
      return about("VARCHAR(65535)", "JSON text; JSON_PARSE makes a SUPER of it");
    case "uuid":
      return about("VARBYTE(16)", UUID_BYTES);
    case "binary":
      return about("VARBYTE(1024000)", "values over 1,024,000 bytes do not load");
    case "interval":
      return about("VARCHAR(65535)", INTERVAL);
  }
}

function redshiftTimestamp({ utc }: Timestamp): string {
  return utc ? "TIMESTAMPTZ" : "TIMESTAMP";
}

/** A list whose type is written around its element's, and is as good as that. */
function around(element: TargetType, name: (element: string) => string): TargetType {
  return element.name === null ? element : { ...element, name: name(element.name) };
}

/** The same where a list itself is never NULL. */
function neverNull(
  element: TargetType,
  name: (element: string) => string,
  note: string,
): TargetType {
  const list = around(element, name);
  if (list.name === null) return list;
  return about(list.name, list.note === null ? note : `${list.note}; ${note}`);
}

/** A list type that does not know what its elements are. */
function untyped(element: TargetType, name: string): TargetType {
  return element.name === null ? element : about(name, "elements have no fixed type");
}

/** https://spark.apache.org/docs/latest/sql-ref-datatypes.html; what its Parquet reader calls illegal. */
function spark(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("BOOLEAN");
    case "int":
      if (!type.signed) return ok("DECIMAL(20,0)");
      return ok(type.bits === 64 ? "BIGINT" : type.bits === 32 ? "INT" : "SMALLINT");
    case "float":
      return ok(type.bits === 32 ? "FLOAT" : "DOUBLE");
    case "decimal":
      return upTo38("DECIMAL", type);
    case "date":
      return ok("DATE");
    case "time":
      return none("its reader knows no times; read the column as text");
    case "timestamp":
      if (type.unit === "ns") return none("its reader knows no nanoseconds");
      return ok(type.utc ? "TIMESTAMP" : "TIMESTAMP_NTZ");
    case "text":
      return ok("STRING");
    case "json":
      return about("STRING", "JSON text");
    case "uuid":
      return none("its reader knows no UUIDs; read the column as text");
    case "binary":
      return ok("BINARY");
    case "interval":
      return about("STRING", INTERVAL);
  }
}

/**
 * Names are those of a Delta table's schema.
 * https://github.com/delta-io/delta/blob/master/PROTOCOL.md#schema-serialization-format
 */
function delta(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("boolean");
    case "int":
      if (!type.signed) return none("no type holds it; write decimal(20,0)");
      return ok(type.bits === 64 ? "long" : type.bits === 32 ? "integer" : "short");
    case "float":
      return ok(type.bits === 32 ? "float" : "double");
    case "decimal":
      return type.precision > 38
        ? none("more than 38 digits; write text")
        : ok(`decimal(${type.precision},${type.scale})`);
    case "date":
      return ok("date");
    case "time":
      return none("there are no times; write text");
    case "timestamp":
      if (type.unit === "ns") {
        return none(`there are no nanoseconds; write timestamp${type.utc ? "_tz" : ""}`);
      }
      return ok(type.utc ? "timestamp" : "timestamp_ntz");
    case "text":
      return ok("string");
    case "json":
      return about("string", "JSON text");
    case "uuid":
      return none("there are no UUIDs; write text");
    case "binary":
      return ok("binary");
    case "interval":
      return about("string", INTERVAL);
  }
}

/** Names are those of an Iceberg table's schema, version 2. https://iceberg.apache.org/spec/#schemas-and-data-types */
function iceberg(type: Scalar): TargetType {
  switch (type.kind) {
    case "bool":
      return ok("boolean");
    case "int":
      if (!type.signed) return none("no type holds it; write decimal(20,0)");
      return ok(type.bits === 64 ? "long" : "int");
    case "float":
      return ok(type.bits === 32 ? "float" : "double");
    case "decimal":
      return type.precision > 38
        ? none("more than 38 digits; write text")
        : ok(`decimal(${type.precision}, ${type.scale})`);
    case "timestamp":
      if (type.unit === "ns") {
        return none(`version 2 has no nanoseconds; write timestamp${type.utc ? "_tz" : ""}`);
      }
      return ok(type.utc ? "timestamptz" : "timestamp");
    case "text":
      return ok("string");
    case "json":
      return about("string", "JSON text");
    case "interval":
      return about("string", INTERVAL);
    case "date":
    case "time":
    case "uuid":
    case "binary":
      return ok(type.kind);
  }
}

const RULES: Record<Target, TargetRules> = {
  bigquery: {
    scalar: bigquery,
    list: (element) => around(element, (name) => `REPEATED ${name}`),
  },
  snowflake: { scalar: snowflake, list: (element) => untyped(element, "ARRAY") },
  duckdb: { scalar: duckdb, list: (element) => around(element, (name) => `${name}[]`) },
  clickhouse: {
    scalar: clickhouse,
    // https://clickhouse.com/docs/sql-reference/data-types/nullable: no composite type is.
    list: (element) => neverNull(element, (n) => `Array(${n})`, "NULL lists become empty"),
  },
  redshift: { scalar: redshift, list: (element) => untyped(element, "SUPER") },
  delta: { scalar: delta, list: (element) => around(element, (name) => `array<${name}>`) },
  spark: { scalar: spark, list: (element) => around(element, (name) => `ARRAY<${name}>`) },
  iceberg: { scalar: iceberg, list: (element) => around(element, (name) => `list<${name}>`) },
};

/** What a column of the type becomes in the warehouse. */
export function targetType(target: Target, type: RivetType): TargetType {
  const rules = RULES[target];
  if (type.kind !== "list") return rules.scalar(type);
  return type.element.kind === "list"
    ? none("lists of lists")
    : rules.list(rules.scalar(type.element));
}
