/** Page compression: one function per configured codec. */
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
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
    compress: (body) => tight(zstdCompressSync(body, optionsFor(body.length))),
  };
}

/** Level 10 exists in other deflate libraries; zlib's strongest is 9. */
function gzip(level: number): Codec {
  const own = { level: Math.min(level, 9) };
  return {
    id: CompressionCodec.GZIP,
    compress: (body) => tight(gzipSync(body, { ...own, chunkSize: pieceBytes(body.length) })),
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
