/** What a file holds that is compressed as a whole, and whether it ends where its compression does. */
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { crc32, createGunzip, createZstdDecompress } from "node:zlib";
import { RivetError } from "../../../core/base/errors.ts";
import { type FileBytes, FileChanged } from "../../../core/base/file_bytes.ts";
import { ByteQueue } from "../byte_queue.ts";
import { Damage } from "../damage.ts";

/** CRC-32 and length of what a gzip member holds. */
const GZIP_TRAILER_BYTES = 8;

function cannotUnpack(error: unknown): Damage {
  const reason = error instanceof Error ? error.message : String(error);
  return new Damage(`it cannot be unpacked: ${reason}`);
}

/** One member, as it is written. @throws Damage */
export async function* unpackGzip(file: FileBytes): AsyncIterable<Uint8Array> {
  const trailer = await file.tail(GZIP_TRAILER_BYTES);
  const packed = Readable.from(file.pieces());
  const unpack = createGunzip();
  packed.on("error", (error) => unpack.destroy(error));
  let crc = 0;
  let length = 0;
  try {
    for await (const block of packed.pipe(unpack) as AsyncIterable<Uint8Array>) {
      crc = crc32(block, crc);
      length += block.length;
      yield block;
    }
  } catch (error) {
    const known = error instanceof Damage || error instanceof RivetError ||
      error instanceof FileChanged;
    throw known ? error : cannotUnpack(error);
  }
  // What is behind the member's end, the library passes over.
  const end = new DataView(trailer.buffer, trailer.byteOffset, trailer.length);
  if (end.getUint32(0, true) !== crc || end.getUint32(4, true) !== length % 2 ** 32) {
    throw new Damage("it does not end where its gzip member does");
  }
}

const ZSTD_MAGIC = 0xfd2f_b528;
/** Of the longest frame header. */
const ZSTD_HEADER_BYTES = 18;
const ZSTD_CHECKSUM_BYTES = 4;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
/** `ZSTD_e_continue`. */
const GO_ON = 0;

/**
 * Frames and their blocks as RFC 8878 has them: the library takes a frame without its end for whole, and what is behind
 * it for nothing.
 * @throws Damage
 */
export async function* unpackZstd(file: FileBytes): AsyncIterable<Uint8Array> {
  const queue = new ByteQueue(file.pieces());
  const unpacker = new ZstdUnpacker();
  try {
    do yield* unpackFrame(queue, unpacker); while ((await queue.peek(1)).length > 0);
  } finally {
    unpacker.close();
  }
}

async function* unpackFrame(queue: ByteQueue, unpacker: ZstdUnpacker): AsyncIterable<Uint8Array> {
  const header = frameHeader(await queue.peek(ZSTD_HEADER_BYTES));
  yield* unpackNext(queue, header.bytes, unpacker);
  for (let last = false; !last;) {
    const block = blockHeader(await queue.peek(3));
    yield* unpackNext(queue, block.bytes, unpacker);
    last = block.last;
  }
  if (header.checksum) yield* unpackNext(queue, ZSTD_CHECKSUM_BYTES, unpacker);
}

/** What the streams of `node:zlib` have within: the way that packages like minizlib take. */
interface ZlibStream {
  _handle: { close: () => void };
  _processChunk(chunk: Uint8Array, flush: number): Uint8Array;
  removeAllListeners(event: "error"): unknown;
}

/**
 * As a stream, the library throws what is wrong where nobody can catch it: here it is called. It would close its handle
 * after the first piece.
 */
class ZstdUnpacker {
  readonly #stream = createZstdDecompress() as unknown as ZlibStream;
  readonly #handle = this.#stream._handle;
  readonly #close = this.#handle.close;

  constructor() {
    this.#handle.close = () => {};
  }

  unpack(bytes: Uint8Array): Uint8Array {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    try {
      return this.#stream._processChunk(chunk, GO_ON);
    } catch (error) {
      throw cannotUnpack(error);
    } finally {
      this.#stream._handle = this.#handle;
      this.#stream.removeAllListeners("error");
    }
  }

  close(): void {
    this.#close.call(this.#handle);
  }
}

async function* unpackNext(
  queue: ByteQueue,
  length: number,
  unpacker: ZstdUnpacker,
): AsyncIterable<Uint8Array> {
  const out: Uint8Array[] = [];
  const taken = await queue.take(length, (bytes) => out.push(unpacker.unpack(bytes)));
  if (taken < length) throw new Damage("it ends within its zstd frame");
  yield* out;
}

function frameHeader(
  bytes: Uint8Array,
): { readonly bytes: number; readonly checksum: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 5 || view.getUint32(0, true) !== ZSTD_MAGIC) {
    throw new Damage("there is no zstd frame, or something behind it");
  }
  const descriptor = bytes[4];
  const single = (descriptor & 0x20) !== 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const dictionaryId = [0, 1, 2, 4][descriptor & 3];
  return {
    bytes: 5 + (single ? 0 : 1) + dictionaryId + contentSize,
    checksum: (descriptor & 4) !== 0,
  };
}

function blockHeader(bytes: Uint8Array): { readonly bytes: number; readonly last: boolean } {
  if (bytes.length < 3) throw new Damage("it ends within its zstd frame");
  const word = bytes[0] | bytes[1] << 8 | bytes[2] << 16;
  const kind = (word >> 1) & 3;
  if (kind === RESERVED_BLOCK) throw new Damage("a block of its zstd frame is of no kind");
  return { bytes: 3 + (kind === RLE_BLOCK ? 1 : word >> 3), last: (word & 1) === 1 };
}
