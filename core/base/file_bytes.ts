/** A finished file that is read back, wherever it lies: in bounded memory, each byte once. */
import { fileError } from "./file_error.ts";

/** The bytes of a file. Errors are those of the place where it lies. */
export interface FileBytes {
  readonly sizeBytes: number;
  /** The last `length` bytes, or all where there are fewer. */
  tail(length: number): Promise<Uint8Array>;
  /** From the first byte to the last, in their order. To be gone through once. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** [start, start + length) of a file; fewer bytes only where it ends before. null: it is gone. */
export type ReadRange = (start: number, length: number) => Promise<Uint8Array | null>;

/** Of a file in memory at a time: twice as much, since the next piece is fetched while one is looked at. */
const PIECE_BYTES = 4 << 20;

/** A file that was removed or replaced while it was read. */
export class FileChanged extends Error {
  constructor() {
    super("the file became another while it was read");
  }
}

/** A file that is read range by range. What a `tail` has fetched is not fetched again. */
export class RangedFile implements FileBytes {
  readonly sizeBytes: number;
  readonly #read: ReadRange;
  #tail = new Uint8Array(0);

  constructor(sizeBytes: number, read: ReadRange) {
    this.sizeBytes = sizeBytes;
    this.#read = read;
  }

  async tail(length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.sizeBytes);
    const missing = wanted - this.#tail.length;
    if (missing > 0) {
      const before = await this.#exactly(this.sizeBytes - wanted, missing);
      const both = new Uint8Array(wanted);
      both.set(before);
      both.set(this.#tail, missing);
      this.#tail = both;
    }
    return this.#tail.subarray(this.#tail.length - wanted);
  }

  async *pieces(): AsyncIterable<Uint8Array> {
    const end = this.sizeBytes - this.#tail.length;
    const fetch = (start: number) =>
      start < end ? this.#exactly(start, Math.min(PIECE_BYTES, end - start)) : null;
    let next = fetch(0);
    try {
      for (let at = 0; next !== null;) {
        const piece: Uint8Array = await next;
        at += piece.length;
        next = fetch(at);
        yield piece;
      }
    } finally {
      // Whoever stops early does not want to hear how it ended.
      next?.catch(() => {});
    }
    if (this.#tail.length > 0) yield this.#tail;
  }

  async #exactly(start: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#read(start, length);
    if (bytes?.length !== length) throw new FileChanged();
    return bytes;
  }
}

/** [start, start + length) of an open file; fewer bytes where it ends before. */
export async function readFileRange(
  file: Deno.FsFile,
  start: number,
  length: number,
): Promise<Uint8Array> {
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

/** Calls `use` with a file of this machine. @throws DestinationError when it cannot be read */
export async function withLocalFile<T>(
  path: string,
  use: (file: FileBytes) => Promise<T>,
): Promise<T> {
  const reading = async <R>(read: () => Promise<R>): Promise<R> => {
    try {
      return await read();
    } catch (error) {
      throw fileError(error, "read", path);
    }
  };
  const file = await reading(() => Deno.open(path, { read: true }));
  try {
    const { size } = await reading(() => file.stat());
    return await use(
      new RangedFile(size, (start, length) => reading(() => readFileRange(file, start, length))),
    );
  } finally {
    file.close();
  }
}
