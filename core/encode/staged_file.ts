/**
 * A part file while it is written: under a temporary name in the destination's staging folder, hashed
 * as the bytes pass, fsynced before anyone else sees it (I1).
 */
import { createHash, type Hash } from "node:crypto";
import { createXXHash3, type IHasher } from "hash-wasm";
import { fileError } from "../base/file_error.ts";

export interface StagedPart {
  /** Absolute path of the finished file. */
  readonly file: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** `xxh3:<16 hex>` (M3). */
  readonly fingerprint: string;
  /** Base64. */
  readonly md5: string;
  /** `column=value` of a partitioned export. */
  readonly partition?: string;
}

/** Where encoded bytes go: a staged file, or straight to standard output. */
export interface PartSink {
  write(chunk: Uint8Array): void;
  finish(rows: number): StagedPart;
  abort(): void;
}

class Digests {
  readonly #md5: Hash = createHash("md5");
  readonly #xxh3: IHasher;
  size = 0;

  constructor(xxh3: IHasher) {
    this.#xxh3 = xxh3.init();
  }

  update(chunk: Uint8Array): void {
    this.#md5.update(chunk);
    this.#xxh3.update(chunk);
    this.size += chunk.byteLength;
  }

  finish(file: string, rows: number): StagedPart {
    return {
      file,
      rows,
      sizeBytes: this.size,
      fingerprint: `xxh3:${this.#xxh3.digest("hex")}`,
      md5: this.#md5.digest("base64"),
    };
  }
}

function writeAll(file: { writeSync(p: Uint8Array): number }, chunk: Uint8Array): void {
  let written = 0;
  while (written < chunk.byteLength) written += file.writeSync(chunk.subarray(written));
}

/** @throws DestinationError DESTINATION_FULL, DESTINATION_UNWRITABLE; the file is removed first. */
export async function openStagedFile(path: string): Promise<PartSink> {
  const digests = new Digests(await createXXHash3());
  let file: Deno.FsFile;
  try {
    // Rows are nobody else's before the destination has them.
    file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    throw fileError(error, "write", path);
  }
  let open = true;
  const close = () => {
    if (open) file.close();
    open = false;
  };
  const remove = () => {
    close();
    try {
      Deno.removeSync(path);
    } catch {
      // Already gone, or the folder is: nothing of ours is left either way.
    }
  };
  const guarded = <T>(operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      remove();
      throw fileError(error, "write", path);
    }
  };
  return {
    write: (chunk) =>
      guarded(() => {
        writeAll(file, chunk);
        digests.update(chunk);
      }),
    finish: (rows) =>
      guarded(() => {
        file.syncSync();
        close();
        return digests.finish(path, rows);
      }),
    abort: remove,
  };
}

/** Bytes leave as they come; there is no file and no commit point (contracts section 2, stdout). */
export async function openStdout(): Promise<PartSink> {
  const digests = new Digests(await createXXHash3());
  return {
    write: (chunk) => {
      try {
        writeAll(Deno.stdout, chunk);
      } catch (error) {
        throw fileError(error, "write to", "stdout");
      }
      digests.update(chunk);
    },
    finish: (rows) => digests.finish("-", rows),
    abort: () => {},
  };
}
