/** Parquet files read by hyparquet, as raw physical values: its own conversions go through lossy numbers. */
import {
  type ColumnIndex,
  type FileMetaData,
  type OffsetIndex,
  parquetMetadata,
  parquetRead,
  readColumnIndex,
  readOffsetIndex,
  type SchemaElement,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";
import type { ReadFile } from "./readers.ts";

/** The footer of a file. */
export function hyparquetMetadata(path: string): FileMetaData {
  const bytes = Deno.readFileSync(path);
  return parquetMetadata(bytes.buffer);
}

/** Column index (null when there is none) and offset index of every column chunk, by row group. */
export function hyparquetPageIndex(
  path: string,
): { column: ColumnIndex | null; offset: OffsetIndex }[][] {
  const bytes = Deno.readFileSync(path);
  const metadata = parquetMetadata(bytes.buffer);
  const leaves = metadata.schema.filter((element) => element.type !== undefined);
  const reader = (offset: bigint, length: number) => ({
    view: new DataView(bytes.buffer, Number(offset), length),
    offset: 0,
  });
  return metadata.row_groups.map((group) =>
    group.columns.map((chunk, c) => ({
      column: chunk.column_index_offset === undefined ? null : readColumnIndex(
        reader(chunk.column_index_offset, chunk.column_index_length ?? 0),
        leaves[c],
      ),
      offset: readOffsetIndex(
        reader(chunk.offset_index_offset ?? 0n, chunk.offset_index_length ?? 0),
      ),
    }))
  );
}

function leafType(element: SchemaElement): RivetType {
  const logical = element.logical_type;
  switch (logical?.type) {
    case "STRING":
      return { kind: "text" };
    case "JSON":
      return { kind: "json" };
    case "UUID":
      return { kind: "uuid" };
    case "DATE":
      return { kind: "date" };
    case "TIME":
      return { kind: "time" };
    case "DECIMAL":
      return { kind: "decimal", precision: logical.precision, scale: logical.scale };
    case "INTEGER":
      return { kind: "int", bits: logical.bitWidth === 16 ? 16 : 64, signed: logical.isSigned };
    case "TIMESTAMP":
      return {
        kind: "timestamp",
        unit: logical.unit === "NANOS" ? "ns" : "us",
        utc: logical.isAdjustedToUTC,
      };
    default:
      return physicalType(element);
  }
}

function physicalType(element: SchemaElement): RivetType {
  switch (element.type) {
    case "BOOLEAN":
      return { kind: "bool" };
    case "INT32":
      return { kind: "int", bits: 32, signed: true };
    case "INT64":
      return { kind: "int", bits: 64, signed: true };
    case "FLOAT":
      return { kind: "float", bits: 32 };
    case "DOUBLE":
      return { kind: "float", bits: 64 };
    case "BYTE_ARRAY":
      return { kind: "binary" };
    default:
      throw new TypeError(`hyparquet read ${element.name} as ${element.type}`);
  }
}

interface Described {
  readonly columns: { name: string; type: RivetType }[];
  /** The schema without the annotations of its leaves. */
  readonly raw: SchemaElement[];
}

function describe(schema: readonly SchemaElement[]): Described {
  const columns: { name: string; type: RivetType }[] = [];
  for (let i = 1; i < schema.length; i++) {
    const { name, converted_type } = schema[i];
    if (converted_type !== "LIST") {
      columns.push({ name, type: leafType(schema[i]) });
      continue;
    }
    columns.push({ name, type: { kind: "list", element: leafType(schema[i + 2]) } });
    i += 2;
  }
  const raw = schema.map((element) =>
    element.type === undefined
      ? element
      : { ...element, converted_type: undefined, logical_type: undefined }
  );
  return { columns, raw };
}

function bigEndian(bytes: Uint8Array): bigint {
  const value = BigInt(`0x${bytes.toHex()}`);
  return BigInt.asIntN(bytes.length * 8, value);
}

function rivetValue(type: RivetType, raw: unknown): Value {
  if (raw === null || raw === undefined) return null;
  if (type.kind === "list") {
    return (raw as unknown[]).map((item) => rivetValue(type.element, item));
  }
  if (raw instanceof Uint8Array) {
    if (type.kind === "decimal") return bigEndian(raw);
    if (type.kind === "uuid" || type.kind === "binary") return new Uint8Array(raw);
    return new TextDecoder().decode(raw);
  }
  if (type.kind === "int" && !type.signed) return BigInt.asUintN(64, raw as bigint);
  if (type.kind === "decimal") return BigInt(raw as number | bigint);
  return raw as Value;
}

export async function readHyparquet(path: string): Promise<ReadFile> {
  const file = Deno.readFileSync(path).buffer;
  const metadata = parquetMetadata(file);
  const { columns, raw } = describe(metadata.schema);
  let rows: unknown[][] = [];
  await parquetRead({
    file,
    metadata: { ...metadata, schema: raw },
    compressors,
    utf8: false,
    onComplete: (complete: unknown[][]) => rows = complete,
  });
  return {
    columns,
    rows: rows.map((row) => row.map((value, c) => rivetValue(columns[c].type, value))),
  };
}
