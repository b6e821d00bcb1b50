/** What a MySQL server sends of a result in the text protocol. */
import { RowDecoder } from "../../adapters/sources/mysql/decode.ts";
import { kernels } from "../../adapters/sources/mysql/kernel/kernel.ts";
import { RowPackets } from "../../adapters/sources/mysql/rows.ts";
import type { Batch } from "../../core/batch/batch.ts";
import type { ReadRequest } from "../../core/ports/source.ts";

export type Field = string | Uint8Array | null;

const FULL_PACKET = 0xff_ffff;
const utf8 = new TextEncoder();

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function encode(field: Field): Uint8Array[] {
  if (field === null) return [Uint8Array.of(0xfb)];
  const bytes = typeof field === "string" ? utf8.encode(field) : field;
  const { length } = bytes;
  const byte = (shift: number) => (length >>> shift) & 255;
  const prefix = length < 251
    ? [length]
    : length < 0x1_0000
    ? [0xfc, byte(0), byte(8)]
    : length < 0x100_0000
    ? [0xfd, byte(0), byte(8), byte(16)]
    : [0xfe, byte(0), byte(8), byte(16), byte(24), 0, 0, 0, 0];
  return [Uint8Array.from(prefix), bytes];
}

/** The payload of a row. */
export function rowPayload(fields: readonly Field[]): Uint8Array {
  return concat(fields.flatMap(encode));
}

/** Payloads as packets, numbered from `sequence` on; those of 16 MB and more continue in further packets. */
export function asPackets(payloads: readonly Uint8Array[], sequence = 0): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const payload of payloads) {
    for (let at = 0;; at += FULL_PACKET) {
      const piece = payload.subarray(at, at + FULL_PACKET);
      const { length } = piece;
      pieces.push(
        Uint8Array.of(length & 255, (length >> 8) & 255, length >> 16, sequence++ & 255),
        piece,
      );
      if (length < FULL_PACKET) break;
    }
  }
  return concat(pieces);
}

export type DecodeLimits = Pick<ReadRequest, "batchBytes" | "batchRows" | "maxValueBytes">;

/** In whose memory rows are received, as they are by a run. */
const kernel = kernels.open();

/** Rows through the adapter's decoder, which come in pieces of `pieceBytes`. */
export function decodeRows(
  options: DecodeLimits & Pick<ReadRequest, "columns" | "checksum">,
  rows: readonly (readonly Field[])[],
  pieceBytes = 64 * 1024,
): Batch[] {
  const { columns, maxValueBytes } = options;
  const decoder = new RowDecoder(options);
  const columnNames = columns.map(({ name }) => name);
  const packets = new RowPackets({ columnNames, maxValueBytes }, kernel);
  const bytes = asPackets(rows.map(rowPayload));
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    packets.append(bytes.subarray(at, at + pieceBytes));
    for (let stop = packets.layOut();; stop = packets.layOut()) {
      decoder.decode(packets.take());
      if (stop !== "full") break;
    }
  }
  const last = decoder.finish();
  return last === null ? decoder.full : [...decoder.full, last];
}
