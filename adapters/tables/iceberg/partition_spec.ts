/** What a table is partitioned by, as its metadata says it and as manifests hold its values. */
import {
  fixedBytes,
  formatTransform,
  parseTransform,
  partitionFieldName,
  type PartitionValue,
  type Transform,
  transformedType,
} from "../../../core/types/partition_transform.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { Buffer } from "node:buffer";
import type { AvroSchema } from "./avro.ts";
import type { IcebergSchema } from "./schema.ts";
import { decimalOf } from "./types.ts";

export interface PartitionField {
  readonly "source-id": number;
  readonly "field-id": number;
  readonly name: string;
  readonly transform: string;
}

export interface PartitionSpec {
  readonly "spec-id": number;
  readonly fields: readonly PartitionField[];
}

/** Ids of partition fields begin here. */
const FIRST_PARTITION_ID = 1000;
/** What a table without partitions says was its last. */
export const NO_PARTITION_ID: number = FIRST_PARTITION_ID - 1;

/** One member of `partition_by`. */
export interface PartitionBy {
  readonly column: string;
  readonly transform: Transform;
}

/** @throws Error for a column that the schema lacks. */
export function newSpec(schema: IcebergSchema, by: readonly PartitionBy[]): PartitionSpec {
  const fields = by.map(({ column, transform }, index): PartitionField => {
    const source = schema.fields.find(({ name }) => name === column);
    if (source === undefined) throw new Error(`there is no column '${column}'`);
    return {
      "source-id": source.id,
      "field-id": FIRST_PARTITION_ID + index,
      name: partitionFieldName(column, transform),
      transform: formatTransform(transform),
    };
  });
  return { "spec-id": 0, fields };
}

/** The spec as `partition_by` says it; null where it does more than that can. */
export function partitionsOf(spec: PartitionSpec, schema: IcebergSchema): PartitionBy[] | null {
  const by: PartitionBy[] = [];
  for (const field of spec.fields) {
    // What is no longer partitioned by.
    if (field.transform === "void") continue;
    const transform = parseTransform(field.transform);
    const source = schema.fields.find(({ id }) => id === field["source-id"]);
    if (transform === null || source === undefined) return null;
    by.push({ column: source.name, transform });
  }
  return by;
}

const PRIMITIVES: Readonly<Record<string, RivetType>> = {
  boolean: { kind: "bool" },
  int: { kind: "int", bits: 32, signed: true },
  long: { kind: "int", bits: 64, signed: true },
  float: { kind: "float", bits: 32 },
  double: { kind: "float", bits: 64 },
  date: { kind: "date" },
  time: { kind: "time" },
  timestamp: { kind: "timestamp", unit: "us", utc: false },
  timestamptz: { kind: "timestamp", unit: "us", utc: true },
  string: { kind: "text" },
  uuid: { kind: "uuid" },
  binary: { kind: "binary" },
};

function rivetType(name: string): RivetType | null {
  if (Object.hasOwn(PRIMITIVES, name)) return PRIMITIVES[name];
  const decimal = decimalOf(name);
  return decimal === null ? null : { kind: "decimal", ...decimal };
}

function icebergName(type: RivetType): string {
  if (type.kind === "decimal") return `decimal(${type.precision}, ${type.scale})`;
  const found = Object.entries(PRIMITIVES).find(([, known]) =>
    JSON.stringify(known) === JSON.stringify(type)
  );
  if (found === undefined) throw new Error(`no partition value is a ${type.kind}`);
  return found[0];
}

/** One field of the values in a manifest. */
export interface PartitionColumn {
  readonly field: PartitionField;
  /** Of the values, Iceberg's name; null for `void` and what is not known: always NULL. */
  readonly type: string | null;
}

export function partitionColumns(spec: PartitionSpec, schema: IcebergSchema): PartitionColumn[] {
  return spec.fields.map((field) => {
    const transform = parseTransform(field.transform);
    const source = schema.fields.find(({ id }) => id === field["source-id"]);
    const type = source === undefined || typeof source.type !== "string"
      ? null
      : rivetType(source.type);
    const result = transform === null || type === null ? null : transformedType(type, transform);
    return { field, type: result === null ? null : icebergName(result) };
  });
}

/** Avro names are letters, digits and `_`: what Iceberg makes of others. */
export function avroName(name: string): string {
  return name.split("").map((c, at) => {
    if (/[A-Za-z_]/.test(c) || (at > 0 && /[0-9]/.test(c))) return c;
    return /[0-9]/.test(c) ? `_${c}` : `_x${c.charCodeAt(0).toString(16).toUpperCase()}`;
  }).join("");
}

function decimalSize(precision: number): number {
  const bits = (10n ** BigInt(precision) - 1n).toString(2).length + 1;
  return Math.ceil(bits / 8);
}

/** @param id makes names of types unlike each other: Avro knows each once */
function avroType(type: string | null, id: number): AvroSchema {
  switch (type) {
    case null:
      return "int";
    case "date":
      return { type: "int", logicalType: "date" } as AvroSchema;
    case "time":
      return { type: "long", logicalType: "time-micros" } as AvroSchema;
    case "timestamp":
    case "timestamptz":
      return {
        type: "long",
        logicalType: "timestamp-micros",
        "adjust-to-utc": type === "timestamptz",
      } as AvroSchema;
    case "uuid":
      return { type: "fixed", name: `uuid_${id}`, size: 16, logicalType: "uuid" } as AvroSchema;
    case "binary":
      return "bytes";
  }
  const decimal = decimalOf(type);
  if (decimal === null) return type as AvroSchema;
  const size = decimalSize(decimal.precision);
  const name = `decimal_${decimal.precision}_${decimal.scale}_${id}`;
  return { type: "fixed", name, size, logicalType: "decimal", ...decimal } as AvroSchema;
}

/** The `partition` record of a manifest's entries. */
export function partitionSchema(columns: readonly PartitionColumn[]): AvroSchema {
  return {
    type: "record",
    name: "r102",
    fields: columns.map(({ field, type }) => ({
      name: avroName(field.name),
      type: ["null", avroType(type, field["field-id"])],
      default: null,
      "field-id": field["field-id"],
    })),
  } as AvroSchema;
}

/** A value as the record holds it. */
export function avroValue(type: string | null, value: PartitionValue): unknown {
  if (value === null || type === null) return null;
  const decimal = decimalOf(type);
  if (decimal !== null) {
    return Buffer.from(fixedBytes(value as bigint, decimalSize(decimal.precision)));
  }
  if (type === "long") return BigInt(value as number | bigint);
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/** Back again. */
export function partitionValue(type: string | null, value: unknown): PartitionValue {
  if (value === null || value === undefined || type === null) return null;
  if (decimalOf(type) !== null) {
    const bytes = value as Uint8Array;
    let number = 0n;
    for (const byte of bytes) number = (number << 8n) | BigInt(byte);
    return BigInt.asIntN(8 * bytes.length, number);
  }
  return value as PartitionValue;
}
