/** A part that is read back from its destination, whole and once: hashed, and gone through as a reader would. */
import { createHash, type Hash } from "node:crypto";
import { type FileBytes, FileChanged, RangedFile } from "../base/file_bytes.ts";
import type { BoundDestination } from "../ports/destination.ts";
import type { CheckedFile } from "../ports/format.ts";

/** Goes through a part's bytes. */
export type PartCheck = (file: FileBytes) => Promise<CheckedFile>;

/** What was read. */
export interface ReadPart {
  /** Base64. */
  readonly md5: string;
  readonly checked: CheckedFile;
}

/** A file whose bytes are hashed as they are handed out. */
class HashedFile implements FileBytes {
  readonly sizeBytes: number;
  readonly #file: FileBytes;
  readonly #hash: Hash = createHash("md5");
  #rest: AsyncIterator<Uint8Array> | null = null;

  constructor(file: FileBytes) {
    this.#file = file;
    this.sizeBytes = file.sizeBytes;
  }

  tail(length: number): Promise<Uint8Array> {
    return this.#file.tail(length);
  }

  async *pieces(): AsyncIterable<Uint8Array> {
    const pieces = this.#rest = this.#file.pieces()[Symbol.asyncIterator]();
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      this.#hash.update(next.value);
      yield next.value;
    }
  }

  /** Of the whole file, also where whoever looked at it has stopped before its end. */
  async md5(): Promise<string> {
    const pieces = this.#rest ?? this.#file.pieces()[Symbol.asyncIterator]();
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      this.#hash.update(next.value);
    }
    return this.#hash.digest("base64");
  }
}

/**
 * @param sizeBytes as the destination has it.
 * @returns null when the part is gone, or ends before its size: it has been replaced since it was listed.
 * @throws DestinationError
 */
export async function readPart(
  destination: BoundDestination,
  part: { readonly path: string; readonly sizeBytes: number },
  check: PartCheck,
): Promise<ReadPart | null> {
  const { path, sizeBytes } = part;
  const file = new HashedFile(
    new RangedFile(sizeBytes, (start, length) => destination.readRange(path, start, length)),
  );
  try {
    const checked = await check(file);
    return { md5: await file.md5(), checked };
  } catch (error) {
    if (error instanceof FileChanged) return null;
    throw error;
  }
}
