/** Tokens of a response ([MS-TDS] 2.2.7), as bytes. */
import { Buffer } from "node:buffer";
import { PLAIN, type Traits } from "./traits.ts";
import { type Cell, collationUnder, LATIN1, type TdsColumn, type TdsType } from "./types.ts";

function u16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16LE(value);
  return out;
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const byteText = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), utf16(text)]);
const shortText = (text: string): Buffer => Buffer.concat([u16(text.length), utf16(text)]);

function withLength(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type]), u16(body.length), body]);
}

/** The column's type as a server with these traits has it. */
const typeUnder = ({ type }: TdsColumn, traits: Traits): TdsType => type.under?.(traits) ?? type;

/** fNullable, and usUpdateable unknown: what a server says that does not follow NOT NULL. */
const UNKNOWN_FLAGS = 0x0009;

export function colMetadata(columns: readonly TdsColumn[], traits = PLAIN): Buffer {
  const parts = [Buffer.from([0x81]), u16(columns.length)];
  for (const column of columns) {
    const { userType, info } = typeUnder(column, traits);
    const flags = traits.nullableForms ? UNKNOWN_FLAGS : column.nullable ?? true ? 1 : 0;
    parts.push(u32(userType), u16(flags), Buffer.from(info), byteText(column.name));
  }
  return Buffer.concat(parts);
}

export function row(
  columns: readonly TdsColumn[],
  cells: readonly Cell[],
  traits = PLAIN,
): Buffer {
  if (traits.mixedRows && cells.includes(null)) return nbcRow(columns, cells, traits);
  const values = columns.map((column, i) => typeUnder(column, traits).encode(cells[i]));
  return Buffer.concat([Buffer.from([0xd1]), ...values]);
}

/** A row whose NULLs stand in a bitmap. */
export function nbcRow(
  columns: readonly TdsColumn[],
  cells: readonly Cell[],
  traits = PLAIN,
): Buffer {
  const bitmap = Buffer.alloc(Math.ceil(columns.length / 8));
  const values: Uint8Array[] = [];
  columns.forEach((column, i) => {
    if (cells[i] === null) bitmap[i >> 3] |= 1 << (i & 7);
    else values.push(typeUnder(column, traits).encode(cells[i]));
  });
  return Buffer.concat([Buffer.from([0xd2]), bitmap, ...values]);
}

export interface DoneFlags {
  readonly more?: boolean;
  readonly error?: boolean;
  readonly attention?: boolean;
  readonly rows?: number;
}

export function done({ more, error, attention, rows }: DoneFlags = {}): Buffer {
  const status = (more ? 1 : 0) | (error ? 2 : 0) | (rows === undefined ? 0 : 0x10) |
    (attention ? 0x20 : 0);
  return Buffer.concat([Buffer.from([0xfd]), u16(status), u16(0xc1), u32(rows ?? 0), u32(0)]);
}

function message(type: number, number: number, severity: number, text: string): Buffer {
  return withLength(
    type,
    Buffer.concat([
      u32(number),
      Buffer.from([1, severity]),
      shortText(text),
      byteText("scripted"),
      byteText(""),
      u32(1),
    ]),
  );
}

export const error = (number: number, text: string, severity = 16): Buffer =>
  message(0xaa, number, severity, text);
export const info = (number: number, text: string): Buffer => message(0xab, number, 0, text);

function envChange(type: number, newValue: string, oldValue: string): Buffer {
  return withLength(
    0xe3,
    Buffer.concat([Buffer.from([type]), byteText(newValue), byteText(oldValue)]),
  );
}

/** An ENVCHANGE whose values are bytes. */
function bytesChange(type: number, newValue: Uint8Array, oldValue: Uint8Array): Buffer {
  const sized = (bytes: Uint8Array) => Buffer.concat([Buffer.from([bytes.length]), bytes]);
  return withLength(
    0xe3,
    Buffer.concat([Buffer.from([type]), sized(newValue), sized(oldValue)]),
  );
}

const NOTHING = new Uint8Array(0);

/** @param descriptor eight bytes, which the batches of the transaction carry. */
export const transactionBegun = (descriptor: Uint8Array): Buffer =>
  bytesChange(8, descriptor, NOTHING);
export const transactionEnded = (descriptor: Uint8Array): Buffer =>
  bytesChange(9, NOTHING, descriptor);

/** What a server answers to a login: TDS 7.4, the database, the packet size. */
export function loginTokens(database: string, packetBytes: number, traits: Traits): Buffer {
  const program = "Scripted SQL Server";
  const ack = withLength(
    0xad,
    Buffer.concat([
      Buffer.from([1, 0x74, 0, 0, 4]),
      byteText(program),
      Buffer.from([16, 0, 0, 0]),
    ]),
  );
  return Buffer.concat([
    envChange(1, database, "master"),
    info(5701, `Changed database context to '${database}'.`),
    traits.loginCollation ? bytesChange(7, collationUnder(LATIN1, traits), NOTHING) : NOTHING,
    ack,
    traits.quietPackets ? NOTHING : envChange(4, String(packetBytes), "4096"),
    done(),
  ]);
}
