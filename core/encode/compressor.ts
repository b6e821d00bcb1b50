/** Compression of a file as a whole, as its bytes are written: one gzip member or one zstd frame. */
import type { Transform } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { EncoderOptions, WholeFileCodec } from "../ports/format.ts";

/** One frame: there are readers that stop behind the first. */
function open(codec: WholeFileCodec, level: number): Transform {
  switch (codec) {
    // Level 10 exists in other deflate libraries; zlib's strongest is 9.
    case "gzip":
      return createGzip({ level: Math.min(level, 9) });
    case "zstd":
      return createZstdCompress({
        params: {
          [constants.ZSTD_c_compressionLevel]: level,
          [constants.ZSTD_c_checksumFlag]: 1,
        },
      });
  }
}

export class Compressor {
  readonly #stream: Transform;
  readonly #ended: Promise<void>;
  #out: Uint8Array[] = [];
  /** Compressed bytes handed out or ready. */
  bytesOut = 0;

  constructor(codec: WholeFileCodec, { compressionLevel }: EncoderOptions) {
    this.#stream = open(codec, compressionLevel);
    this.#stream.on("data", (chunk: Uint8Array) => {
      this.#out.push(chunk);
      this.bytesOut += chunk.byteLength;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#stream.on("end", () => resolve());
      this.#stream.on("error", reject);
    });
    // Whoever awaits it hears of it; a stream that is destroyed has nobody who does.
    this.#ended.catch(() => {});
  }

  /** Resolves when the bytes are taken in. @returns what is ready. */
  async push(bytes: Uint8Array): Promise<Uint8Array[]> {
    await new Promise<void>((resolve, reject) =>
      this.#stream.write(bytes, (error) => error ? reject(error) : resolve())
    );
    return this.#take();
  }

  /** @returns the rest. */
  async end(): Promise<Uint8Array[]> {
    this.#stream.end();
    await this.#ended;
    return this.#take();
  }

  abort(): void {
    this.#stream.destroy();
  }

  #take(): Uint8Array[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }
}
