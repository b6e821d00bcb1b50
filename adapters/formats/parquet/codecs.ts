/** Page compression: one function per configured codec. */
import { constants, crc32, gzipSync, zstdCompressSync } from "node:zlib";
import type { EncoderOptions } from "../../../core/ports/format.ts";
import { CompressionCodec } from "./enums.ts";
import { lz4CompressBlock } from "./lz4.ts";

/** One configured codec, at its level. */
export interface Codec {
  readonly id: CompressionCodec;
  /** Compresses one page body. The result never shares memory with `body`. */
  compress(body: Uint8Array): Uint8Array;
}

/** In one piece, what is compressed is copied once, and the piece is free at once. */
const MAX_PIECE_BYTES = 4 << 20;

/** The runtime's pool of small buffers has 8 KiB. */
const MIN_OWN_BYTES = 16 << 10;

/** The size of the pieces that zlib hands out whatever is in them: a page fits into one, at its worst. */
function pieceBytes(bytes: number): number {
  return Math.min(MAX_PIECE_BYTES, bytes + (bytes >> 7) + 1024);
}

/** Pages are held, so the slack of zlib's piece is given back. */
function tight(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  if (bytes.byteLength + (bytes.byteLength >> 3) >= buffer.byteLength) return bytes;
  const own = new Uint8Array(bytes);
  // Small pieces are cut from a pool, which others still look at.
  if (buffer.byteLength > MIN_OWN_BYTES) (buffer as ArrayBuffer).transfer(0);
  return own;
}

/**
 * A smaller body is written as it is, in the codec's own frame: to set a compressor up takes longer than all else that
 * is done for the page, and saves some tens of bytes.
 */
const MIN_COMPRESSED_BYTES = 256;

const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** A single segment, the size of its content in one byte. */
const ZSTD_ONE_BYTE_SIZE = 0x20;
/** Of a block that is the last one and raw; its size lies above. */
const ZSTD_LAST_BLOCK = 1;
const ZSTD_BLOCK_SIZE_SHIFT = 3;

/** A body of at most 255 bytes as a frame of one raw block (RFC 8878, sections 3.1.1.1 and 3.1.1.2). */
function zstdRaw(body: Uint8Array): Uint8Array {
  const block = ZSTD_LAST_BLOCK | body.length << ZSTD_BLOCK_SIZE_SHIFT;
  const head = [
    ...ZSTD_MAGIC,
    ...[ZSTD_ONE_BYTE_SIZE, body.length],
    ...[block & 0xff, block >> 8, 0],
  ];
  const frame = new Uint8Array(head.length + body.length);
  frame.set(head);
  frame.set(body, head.length);
  return frame;
}

/** Deflate, no flags, no time, no extra flags, and no system. */
const GZIP_HEAD = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const STORED_LAST_BLOCK = 1;

/** A body of at most 65,535 bytes as a member of one stored block (RFC 1952; RFC 1951, section 3.2.4). */
function gzipStored(body: Uint8Array): Uint8Array {
  const { length } = body;
  const member = new Uint8Array(GZIP_HEAD.length + 5 + length + 8);
  const view = new DataView(member.buffer);
  member.set(GZIP_HEAD);
  view.setUint8(GZIP_HEAD.length, STORED_LAST_BLOCK);
  view.setUint16(GZIP_HEAD.length + 1, length, true);
  view.setUint16(GZIP_HEAD.length + 3, ~length, true);
  member.set(body, GZIP_HEAD.length + 5);
  const end = GZIP_HEAD.length + 5 + length;
  view.setUint32(end, crc32(body), true);
  view.setUint32(end + 4, length, true);
  return member;
}

/** Told a page's size, zstd makes its tables for that size: those of a strong level take longer to clear than to use. */
function zstd(level: number): Codec {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const optionsFor = (bytes: number) => ({
    params,
    pledgedSrcSize: bytes,
    chunkSize: pieceBytes(bytes),
  });
  return {
    id: CompressionCodec.ZSTD,
    compress: (body) =>
      body.length < MIN_COMPRESSED_BYTES
        ? zstdRaw(body)
        : tight(zstdCompressSync(body, optionsFor(body.length))),
  };
}

/** Level 10 exists in other deflate libraries; zlib's strongest is 9. */
function gzip(level: number): Codec {
  const own = { level: Math.min(level, 9) };
  return {
    id: CompressionCodec.GZIP,
    compress: (body) =>
      body.length < MIN_COMPRESSED_BYTES
        ? gzipStored(body)
        : tight(gzipSync(body, { ...own, chunkSize: pieceBytes(body.length) })),
  };
}

async function snappy(): Promise<Codec> {
  const { compressSnappy }: typeof import("./snappy.ts") = await import("./snappy.ts" as string);
  return { id: CompressionCodec.SNAPPY, compress: compressSnappy };
}

/** Loads the codec that `options` name. */
export async function openCodec(
  options: Pick<EncoderOptions, "compression" | "compressionLevel">,
): Promise<Codec> {
  switch (options.compression) {
    case "zstd":
      return zstd(options.compressionLevel);
    case "gzip":
      return gzip(options.compressionLevel);
    case "snappy":
      return await snappy();
    case "lz4":
      return { id: CompressionCodec.LZ4_RAW, compress: lz4CompressBlock };
    case "none":
      return { id: CompressionCodec.UNCOMPRESSED, compress: (body) => body.slice() };
  }
}
