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

/** zlib hands out chunks of 16 KiB whatever is in them; pages are held, so the slack is given back. */
function tight(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 2 < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}

/** Told a page's size, zstd makes its tables for that size: those of a strong level take longer to clear than to use. */
function zstd(level: number): Codec {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return {
    id: CompressionCodec.ZSTD,
    compress: (body) => tight(zstdCompressSync(body, { params, pledgedSrcSize: body.length })),
  };
}

/** Level 10 exists in other deflate libraries; zlib's strongest is 9. */
function gzip(level: number): Codec {
  const options = { level: Math.min(level, 9) };
  return { id: CompressionCodec.GZIP, compress: (body) => tight(gzipSync(body, options)) };
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
