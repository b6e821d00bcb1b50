/**
 * A part file while it is written: under a temporary name in the destination's staging folder, hashed
 * as the bytes pass, fsynced before anyone else sees it (I1).
 */
import { createHash, type Hash } from "node:crypto";
import { RivetError } from "../base/errors.ts";
import { fileError } from "../base/file_error.ts";
import { Xxh3Stream } from "../base/xxh3_64.ts";
import type { PieceRule, StreamDestination } from "../ports/destination.ts";

/** A finished, fsynced file that no destination has seen yet. */
export interface StagedPart {
  /** Absolute path of the finished file. */
  readonly file: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** `xxh3:<16 hex>` (M3). */
  readonly fingerprint: string;
  /** Base64. */
  readonly md5: string;
  /** Base64 MD5 of each piece, where the destination takes this file in pieces. */
  readonly pieceMd5s?: readonly string[];
  /** `column=value` of a partitioned export. */
  readonly partition?: string;
}

/** Where encoded bytes go: a staged file, or straight to a stream. */
export interface PartSink {
  write(chunk: Uint8Array): void;
  finish(rows: number): StagedPart;
  abort(): void;
}

class Digests {
  readonly #md5: Hash = createHash("md5");
  readonly #xxh3 = new Xxh3Stream();
  readonly #pieces: PieceDigests | null;
  size = 0;

  constructor(pieces: PieceDigests | null) {
    this.#pieces = pieces;
  }

  /** To be called when the file holds the chunk. */
  update(chunk: Uint8Array): void {
    this.#md5.update(chunk);
    this.#xxh3.update(chunk);
    this.size += chunk.byteLength;
    this.#pieces?.update(chunk);
  }

  finish(file: string, rows: number): StagedPart {
    return {
      file,
      rows,
      sizeBytes: this.size,
      fingerprint: `xxh3:${this.#xxh3.digest()}`,
      md5: this.#md5.digest("base64"),
      pieceMd5s: this.#pieces?.finish(),
    };
  }
}

/**
 * An MD5 per piece of a file that turns out to be large. Most files do not, so nothing is hashed twice
 * until then; the pieces that have been written by then are read back, while they are in memory still.
 */
class PieceDigests {
  readonly #path: string;
  readonly #rule: PieceRule;
  readonly #done: string[] = [];
  #size = 0;
  #piece: Hash | null = null;
  #pieceBytes = 0;

  constructor(path: string, rule: PieceRule) {
    this.#path = path;
    this.#rule = rule;
  }

  update(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    if (this.#piece !== null) this.#add(chunk);
    else if (this.#size > this.#rule.aboveBytes) this.#catchUp();
  }

  finish(): readonly string[] | undefined {
    if (this.#piece === null) return undefined;
    if (this.#pieceBytes > 0) this.#done.push(this.#piece.digest("base64"));
    return this.#done;
  }

  #catchUp(): void {
    this.#piece = createHash("md5");
    const file = Deno.openSync(this.#path);
    try {
      const buffer = new Uint8Array(READ_BYTES);
      for (let read = file.readSync(buffer); read !== null; read = file.readSync(buffer)) {
        this.#add(buffer.subarray(0, read));
      }
    } finally {
      file.close();
    }
  }

  #add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength;) {
      const bytes = chunk.subarray(at, at + this.#rule.bytes - this.#pieceBytes);
      this.#piece?.update(bytes);
      this.#pieceBytes += bytes.byteLength;
      at += bytes.byteLength;
      if (this.#pieceBytes === this.#rule.bytes) this.#closePiece();
    }
  }

  #closePiece(): void {
    if (this.#piece !== null) this.#done.push(this.#piece.digest("base64"));
    this.#piece = createHash("md5");
    this.#pieceBytes = 0;
  }
}

/** Of a file that is read back. */
const READ_BYTES = 1024 * 1024;

function writeAll(file: { writeSync(p: Uint8Array): number }, chunk: Uint8Array): void {
  let written = 0;
  while (written < chunk.byteLength) written += file.writeSync(chunk.subarray(written));
}

function outOfOrder(at: number, size: number): RivetError {
  return new RivetError(
    "INTERNAL",
    `what belongs at byte ${at} of a part would come to lie at ${size}`,
  );
}

/** Small pieces are written together: the pages of a small file are some forty. */
const GATHER_BYTES = 64 * 1024;

/**
 * Writes to a file and hashes what it has written. What is hashed is what lies there, in whatever order: so each
 * chunk has its place from the moment it comes, and is written there or not at all.
 */
class HashedFile {
  readonly #file: Deno.FsFile;
  readonly #digests: Digests;
  #gathered: Uint8Array | null = null;
  /** Where in the file what is gathered begins. */
  #gatheredAt = 0;
  #used = 0;
  /** Of all chunks that came. */
  #taken = 0;

  constructor(file: Deno.FsFile, digests: Digests) {
    this.#file = file;
    this.#digests = digests;
  }

  /** The caller may use the chunk's memory for something else afterwards. */
  write(chunk: Uint8Array): void {
    const at = this.#taken;
    this.#taken += chunk.byteLength;
    if (this.#used + chunk.byteLength > GATHER_BYTES) this.flush();
    // Only what never fits goes past the buffer: it is empty then, and nothing is overtaken.
    if (chunk.byteLength > GATHER_BYTES) return this.#write(chunk, at);
    this.#gathered ??= new Uint8Array(GATHER_BYTES);
    if (this.#used === 0) this.#gatheredAt = at;
    this.#gathered.set(chunk, this.#used);
    this.#used += chunk.byteLength;
  }

  flush(): void {
    if (this.#gathered === null || this.#used === 0) return;
    const gathered = this.#gathered.subarray(0, this.#used);
    this.#used = 0;
    this.#write(gathered, this.#gatheredAt);
  }

  /** The file has all that came, and nothing else. */
  requireWhole(): void {
    const { size } = this.#file.statSync();
    if (size !== this.#taken) throw outOfOrder(this.#taken, size);
  }

  #write(chunk: Uint8Array, at: number): void {
    if (at !== this.#digests.size) throw outOfOrder(at, this.#digests.size);
    writeAll(this.#file, chunk);
    this.#digests.update(chunk);
  }
}

/** @throws DestinationError DESTINATION_FULL, DESTINATION_UNWRITABLE; the file is removed first. */
export function openStagedFile(path: string, pieces: PieceRule | null = null): PartSink {
  const digests = new Digests(pieces && new PieceDigests(path, pieces));
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
      throw error instanceof RivetError ? error : fileError(error, "write", path);
    }
  };
  const hashed = new HashedFile(file, digests);
  return {
    write: (chunk) => guarded(() => hashed.write(chunk)),
    finish: (rows) =>
      guarded(() => {
        hashed.flush();
        hashed.requireWhole();
        file.syncSync();
        close();
        return digests.finish(path, rows);
      }),
    abort: remove,
  };
}

/** Bytes leave as they come; there is no file and no commit point (contracts section 2, stdout). */
export function openStream(stream: Pick<StreamDestination, "write">): PartSink {
  const digests = new Digests(null);
  return {
    write: (chunk) => {
      stream.write(chunk);
      digests.update(chunk);
    },
    finish: (rows) => digests.finish("-", rows),
    abort: () => {},
  };
}
