/** Records of a CSV file on disk. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { CompressionName } from "../../../core/ports/format.ts";

const QUOTE = 0x22;
const LF = 0x0a;
const BLOCK_BYTES = 1 << 20;

/**
 * Counts the records behind the header. A quoted field may hold line ends, so quotes are followed: a
 * doubled quote opens and closes at once, which leaves the state as it was.
 */
export async function countRows(path: string, compression: CompressionName): Promise<number> {
  let records = 0;
  let quoted = false;
  let last = LF;
  for await (const block of blocks(path, compression)) {
    for (const byte of block) {
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === LF && !quoted) records++;
    }
    last = block.at(-1) ?? last;
  }
  if (last !== LF) records++;
  return Math.max(0, records - 1);
}

/** A file that ends too early, or is not what its name says, is an error of the stream. */
function blocks(path: string, compression: CompressionName): AsyncIterable<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: BLOCK_BYTES });
  const unpack = compression === "gzip"
    ? createGunzip()
    : compression === "zstd"
    ? createZstdDecompress()
    : null;
  if (unpack === null) return file;
  file.on("error", (error) => unpack.destroy(error));
  return file.pipe(unpack) as Readable;
}
