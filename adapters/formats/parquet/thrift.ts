/**
 * Thrift's compact protocol, the part of it that Parquet metadata uses.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
import { ByteBuilder } from "../byte_builder.ts";

const Type = {
  TRUE: 1,
  FALSE: 2,
  BYTE: 3,
  I16: 4,
  I32: 5,
  I64: 6,
  DOUBLE: 7,
  BINARY: 8,
  LIST: 9,
  SET: 10,
  MAP: 11,
  STRUCT: 12,
} as const;

const utf8 = new TextEncoder();

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

/**
 * Writes one struct. Fields must come in ascending id order, as parquet.thrift lists them.
 * Integers are numbers within +-2^52, which every offset and count of a file is.
 */
export class ThriftWriter {
  readonly #out: ByteBuilder;
  #lastField = 0;

  constructor(out: ByteBuilder = new ByteBuilder()) {
    this.#out = out;
  }

  bool(id: number, value: boolean): void {
    this.#field(id, value ? Type.TRUE : Type.FALSE);
  }

  i8(id: number, value: number): void {
    this.#field(id, Type.BYTE);
    this.#out.byte(value & 0xff);
  }

  i16(id: number, value: number): void {
    this.#field(id, Type.I16);
    this.#out.varint(zigzag(value));
  }

  i32(id: number, value: number): void {
    this.#field(id, Type.I32);
    this.#out.varint(zigzag(value));
  }

  i64(id: number, value: number): void {
    this.#field(id, Type.I64);
    this.#out.varint(zigzag(value));
  }

  binary(id: number, value: Uint8Array): void {
    this.#field(id, Type.BINARY);
    this.#bytes(value);
  }

  string(id: number, value: string): void {
    this.binary(id, utf8.encode(value));
  }

  struct(id: number, body: (writer: ThriftWriter) => void): void {
    this.#field(id, Type.STRUCT);
    this.#nested(body);
  }

  structs<T>(id: number, items: readonly T[], body: (writer: ThriftWriter, item: T) => void): void {
    this.#listHeader(id, Type.STRUCT, items.length);
    for (const item of items) this.#nested((writer) => body(writer, item));
  }

  /** What `structList` serialised; nothing in it depends on what is around it. */
  list(id: number, { length, bytes }: StructList): void {
    this.#listHeader(id, Type.STRUCT, length);
    this.#out.append(bytes);
  }

  i32s(id: number, items: readonly number[]): void {
    this.#listHeader(id, Type.I32, items.length);
    for (const item of items) this.#out.varint(zigzag(item));
  }

  i64s(id: number, items: readonly number[]): void {
    this.#listHeader(id, Type.I64, items.length);
    for (const item of items) this.#out.varint(zigzag(item));
  }

  bools(id: number, items: readonly boolean[]): void {
    this.#listHeader(id, Type.TRUE, items.length);
    for (const item of items) this.#out.byte(item ? Type.TRUE : Type.FALSE);
  }

  binaries(id: number, items: readonly Uint8Array[]): void {
    this.#listHeader(id, Type.BINARY, items.length);
    for (const item of items) this.#bytes(item);
  }

  strings(id: number, items: readonly string[]): void {
    this.binaries(id, items.map((item) => utf8.encode(item)));
  }

  /** Ends the outermost struct and returns its bytes. */
  finish(): Uint8Array {
    this.#out.byte(0);
    return this.#out.copy();
  }

  #field(id: number, type: number): void {
    const delta = id - this.#lastField;
    if (delta > 0 && delta <= 15) {
      this.#out.byte((delta << 4) | type);
    } else {
      this.#out.byte(type);
      this.#out.varint(zigzag(id));
    }
    this.#lastField = id;
  }

  #listHeader(id: number, elementType: number, size: number): void {
    this.#field(id, Type.LIST);
    if (size < 15) {
      this.#out.byte((size << 4) | elementType);
    } else {
      this.#out.byte(0xf0 | elementType);
      this.#out.varint(size);
    }
  }

  #nested(body: (writer: ThriftWriter) => void): void {
    body(new ThriftWriter(this.#out));
    this.#out.byte(0);
  }

  #bytes(value: Uint8Array): void {
    this.#out.varint(value.length);
    this.#out.append(value);
  }
}

/** Structs, one behind the other, without the header of their list. */
export interface StructList {
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** What `structs` writes, to be written more than once. */
export function structList<T>(
  items: readonly T[],
  body: (writer: ThriftWriter, item: T) => void,
): StructList {
  const out = new ByteBuilder();
  for (const item of items) {
    body(new ThriftWriter(out), item);
    out.byte(0);
  }
  return { length: items.length, bytes: out.copy() };
}

/** A value of the compact protocol, of whatever type it was written in. */
export type ThriftValue = boolean | bigint | number | Uint8Array | ThriftValue[] | ThriftStruct;
/** Field id -> value; integers are bigints. */
export type ThriftStruct = Map<number, ThriftValue>;

/** The input ends within a value. */
export class ThriftCut extends RangeError {}

/** Reads what `ThriftWriter` writes. Throws `ThriftCut`, or `RangeError` on what is none of the protocol. */
export class ThriftReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  struct(): ThriftStruct {
    const fields: ThriftStruct = new Map();
    let id = 0;
    while (true) {
      const header = this.#byte();
      if (header === 0) return fields;
      const delta = header >> 4;
      id = delta === 0 ? Number(this.#zigzag()) : id + delta;
      const type = header & 0x0f;
      fields.set(
        id,
        type === Type.TRUE || type === Type.FALSE ? type === Type.TRUE : this.#value(type),
      );
    }
  }

  #value(type: number): ThriftValue {
    switch (type) {
      // Only list elements get here: a boolean field has its value in the field header.
      case Type.TRUE:
      case Type.FALSE:
        return this.#byte() === Type.TRUE;
      case Type.BYTE:
        return BigInt(this.#byte() << 24 >> 24);
      case Type.I16:
      case Type.I32:
      case Type.I64:
        return this.#zigzag();
      case Type.DOUBLE:
        if (this.offset + 8 > this.#bytes.length) {
          throw new ThriftCut("thrift value runs past the end");
        }
        this.offset += 8;
        return this.#view.getFloat64(this.offset - 8, true);
      case Type.BINARY:
        return this.#binary();
      case Type.LIST:
      case Type.SET:
        return this.#list();
      case Type.STRUCT:
        return this.struct();
      default:
        throw new RangeError(`thrift type ${type} at offset ${this.offset} is not known`);
    }
  }

  #list(): ThriftValue[] {
    const header = this.#byte();
    const size = header >> 4 === 15 ? Number(this.#varint()) : header >> 4;
    // Every element has a byte at least: what is left bounds what is made room for.
    if (size > this.#bytes.length - this.offset) {
      throw new ThriftCut("thrift list runs past the end");
    }
    return Array.from({ length: size }, () => this.#value(header & 0x0f));
  }

  #binary(): Uint8Array {
    const length = Number(this.#varint());
    const end = this.offset + length;
    if (end > this.#bytes.length) throw new ThriftCut("thrift binary runs past the end");
    const value = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return value;
  }

  #byte(): number {
    if (this.offset >= this.#bytes.length) throw new ThriftCut("thrift value runs past the end");
    return this.#bytes[this.offset++];
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      if (shift > 63n) throw new RangeError(`thrift varint of too many bytes at ${this.offset}`);
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  #zigzag(): bigint {
    const raw = this.#varint();
    return (raw >> 1n) ^ -(raw & 1n);
  }
}
