/** Parquet files read by parquet-wasm (the Rust Arrow reader), then taken from the Arrow buffers. */
import {
  type Data,
  DataType,
  type Decimal,
  type Field,
  type List,
  type Schema,
  tableFromIPC,
  type Timestamp,
  TimeUnit,
} from "apache-arrow";
import { readParquet, readSchema } from "parquet-wasm";
import type { RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";
import type { ReadFile } from "./readers.ts";

/** The Arrow schema that the reader finds in the file, field metadata included. */
export function arrowSchemaOf(path: string): Schema {
  return tableFromIPC(readSchema(Deno.readFileSync(path)).intoIPCStream()).schema;
}

function textType(field: Field): RivetType {
  const json = field.metadata.get("ARROW:extension:name") === "arrow.json";
  return json ? { kind: "json" } : { kind: "text" };
}

function rivetType(field: Field): RivetType {
  const type: DataType = field.type;
  if (DataType.isBool(type)) return { kind: "bool" };
  if (DataType.isInt(type)) {
    if (type.bitWidth === 8) throw new TypeError("no column is of 8 bits");
    return { kind: "int", bits: type.bitWidth, signed: type.isSigned };
  }
  if (DataType.isFloat(type)) return { kind: "float", bits: type.precision === 1 ? 32 : 64 };
  if (DataType.isDecimal(type)) {
    return { kind: "decimal", precision: type.precision, scale: type.scale };
  }
  if (DataType.isDate(type)) return { kind: "date" };
  if (DataType.isTime(type)) return { kind: "time" };
  if (DataType.isTimestamp(type)) return timestampType(type);
  if (DataType.isUtf8(type)) return textType(field);
  if (DataType.isBinary(type)) return { kind: "binary" };
  if (DataType.isFixedSizeBinary(type)) return { kind: "uuid" };
  if (DataType.isList(type)) return { kind: "list", element: rivetType(type.children[0]) };
  throw new TypeError(`parquet-wasm read ${field.name} as ${String(type)}`);
}

function timestampType(type: Timestamp): RivetType {
  const unit = type.unit === TimeUnit.NANOSECOND ? "ns" : "us";
  return { kind: "timestamp", unit, utc: type.timezone === "UTC" };
}

function littleEndian(words: Uint32Array): bigint {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]);
  return BigInt.asIntN(words.length * 32, value);
}

type Reader = (row: number) => Value;

/** Reads the rows of one chunk of a column. `data.values` starts at the chunk's first row. */
function chunkReader(data: Data): Reader {
  const value = valueReader(data);
  return (row) => data.getValid(row) ? value(row) : null;
}

function valueReader(data: Data): Reader {
  const { type, values, valueOffsets: offsets } = data;
  if (DataType.isBool(type)) {
    return (row) => {
      const bit = data.offset + row;
      return ((values[bit >> 3] >> (bit & 7)) & 1) === 1;
    };
  }
  if (DataType.isDecimal(type)) {
    const words = (type as Decimal).bitWidth / 32;
    return (row) => littleEndian(values.subarray(row * words, (row + 1) * words));
  }
  if (DataType.isUtf8(type)) {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (row) => decoder.decode(values.subarray(offsets[row], offsets[row + 1]));
  }
  if (DataType.isBinary(type)) return (row) => values.slice(offsets[row], offsets[row + 1]);
  if (DataType.isFixedSizeBinary(type)) return (row) => values.slice(row * 16, row * 16 + 16);
  if (DataType.isList(type)) {
    const element = chunkReader((data as Data<List>).children[0]);
    return (row) => {
      const from = offsets[row];
      return Array.from({ length: offsets[row + 1] - from }, (_, i) => element(from + i));
    };
  }
  return (row) => values[row];
}

export function readParquetWasm(path: string): Promise<ReadFile> {
  const table = tableFromIPC(readParquet(Deno.readFileSync(path)).intoIPCStream());
  const columns = table.schema.fields.map((field) => ({
    name: field.name,
    type: rivetType(field),
  }));
  const cells = columns.map((_, c) => {
    const chunks = table.getChildAt(c)?.data ?? [];
    return chunks.filter((data) => data.length > 0).flatMap((data) => {
      const read = chunkReader(data);
      return Array.from({ length: data.length }, (_, row) => read(row));
    });
  });
  const rows = Array.from({ length: table.numRows }, (_, r) => cells.map((cell) => cell[r]));
  return Promise.resolve({ columns, rows });
}
