/**
 * Avro object container files, whole in memory: manifests and their lists are small. The library's own
 * container streams take either 64-bit numbers or a schema's extra properties; both are needed.
 * https://avro.apache.org/docs/1.12.0/specification/#object-container-files
 */
import { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import avro from "avsc";
import { uncompress } from "snappyjs";

/** A schema as JSON, with the properties that Iceberg adds to it (`field-id`). */
export type AvroSchema = avro.Schema;
/** Longs are bigints. */
export type AvroRecord = Record<string, unknown>;

const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: (value: number) => BigInt(value),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => a === b ? 0 : a < b ? -1 : 1,
});

function typeOf(schema: AvroSchema): avro.Type {
  return avro.Type.forSchema(schema, { registry: { long: LONG }, wrapUnions: false });
}

const MAGIC = Buffer.from("Obj\x01", "latin1");
const HEADER = typeOf({
  type: "record",
  name: "header",
  fields: [
    { name: "magic", type: { type: "fixed", name: "magic", size: 4 } },
    { name: "meta", type: { type: "map", values: "bytes" } },
    { name: "sync", type: { type: "fixed", name: "sync", size: 16 } },
  ],
});
const BLOCK = typeOf({
  type: "record",
  name: "block",
  fields: [
    { name: "count", type: "long" },
    { name: "data", type: "bytes" },
    { name: "sync", type: { type: "fixed", name: "sync", size: 16 } },
  ],
});

/** Records of one block: a reader takes it as a whole. */
const BLOCK_RECORDS = 1000;

/** @param metadata of the file's header, beside the schema. */
export function encodeAvro(
  schema: AvroSchema,
  metadata: Readonly<Record<string, string>>,
  records: readonly AvroRecord[],
): Uint8Array {
  const type = typeOf(schema);
  const texts = {
    "avro.schema": JSON.stringify(schema),
    "avro.codec": "deflate",
    ...metadata,
  };
  const meta = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text)]),
  );
  const sync = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  const pieces = [HEADER.toBuffer({ magic: MAGIC, meta, sync })];
  for (let at = 0; at < records.length; at += BLOCK_RECORDS) {
    const some = records.slice(at, at + BLOCK_RECORDS);
    const data = deflateRawSync(Buffer.concat(some.map((record) => type.toBuffer(record))));
    pieces.push(BLOCK.toBuffer({ count: BigInt(some.length), data, sync }));
  }
  return new Uint8Array(Buffer.concat(pieces));
}

export interface AvroFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly records: readonly AvroRecord[];
}

interface Block {
  readonly count: bigint;
  readonly data: Buffer;
  readonly sync: Buffer;
}

/** @throws Error for what is no such file, or is compressed in a way that is not known. */
export function decodeAvro(bytes: Uint8Array): AvroFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error("not an Avro file");
  const { value: header, offset } = HEADER.decode(buffer, 0);
  if (offset < 0) throw new Error("an Avro file without a whole header");
  const metadata = Object.fromEntries(
    Object.entries(header.meta as Record<string, Buffer>).map(([key, value]) => [key, `${value}`]),
  );
  const type = typeOf(JSON.parse(metadata["avro.schema"]));
  const records: AvroRecord[] = [];
  for (let at = offset; at < buffer.length;) {
    const { value, offset: end } = BLOCK.decode(buffer, at);
    if (end < 0) throw new Error("an Avro file whose last block is cut off");
    const block = value as Block;
    if (!block.sync.equals(header.sync)) throw new Error("an Avro file with a broken block");
    const data = decompress(metadata["avro.codec"] ?? "null", block.data);
    readBlock(type, data, Number(block.count), records);
    at = end;
  }
  return { metadata, records };
}

function readBlock(type: avro.Type, data: Buffer, count: number, into: AvroRecord[]): void {
  let at = 0;
  for (let n = 0; n < count; n++) {
    const { value, offset } = type.decode(data, at);
    if (offset < 0) throw new Error("an Avro block that is cut off");
    into.push(value as AvroRecord);
    at = offset;
  }
}

/** What other writers compress with. */
function decompress(codec: string, data: Buffer): Buffer {
  switch (codec) {
    case "null":
      return data;
    case "deflate":
      return inflateRawSync(data);
    case "zstandard":
      return zstdDecompressSync(data);
    case "snappy":
      // Four bytes of checksum behind it.
      return Buffer.from(uncompress(data.subarray(0, -4)));
    default:
      throw new Error(`Avro compressed with ${codec} is not read`);
  }
}
