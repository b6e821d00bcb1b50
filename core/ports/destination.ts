/**
 * The destination port: where finished files go.
 *
 * Keys are relative to the destination's resolved path or prefix, with `/` between segments.
 * An object appears under its name completely or not at all (I1, contracts section 2). `put` never
 * writes over an object; `replace` does, whole and atomically (M4, M7). Both may be called again after
 * any failure. Errors are `DestinationError`s, classified once by the adapter. Whatever crosses a
 * network takes a signal: once it aborts, the call ends soon, with INTERRUPTED, and leaves no object
 * that is not whole.
 */

/** What a destination can do, as data: core asks these and never its kind. */
export interface DestinationCapabilities {
  readonly kind: "local" | "s3" | "gcs" | "azure" | "stdout" | "memory";
  /** `stream`: bytes are visible as they are written; there is no commit point (stdout). */
  readonly commit: "link" | "upload" | "stream";
  /** A part that failed may be written again. */
  readonly retrySafe: boolean;
  /**
   * Where the content of an object is compared with an MD5: `listed` by the store, or `read_back`
   * where reading crosses no network; `none`: not at all.
   */
  readonly md5: "listed" | "read_back" | "none";
  /** How files are cut on their way, for whoever hashes them while they are written. */
  readonly pieces: PieceRule | null;
}

/** Files above `aboveBytes` go in pieces of `bytes`, each with an MD5 of its own. */
export interface PieceRule {
  readonly aboveBytes: number;
  readonly bytes: number;
}

/** A finished, fsynced local file. */
export interface FinishedFile {
  readonly file: string;
  /** Base64, of the whole. */
  readonly md5: string;
  /** Base64 MD5 of each piece, in order, for a file that the destination's `PieceRule` cuts. */
  readonly pieceMd5s?: readonly string[];
}

/** `taken`: an object of that name is there, and stays as it is; the local file is there still. */
export type PutOutcome = "stored" | "taken";

/** An object that is there. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * Base64, where the store records one. In a listing it may be the digest of an encrypted body
   * instead: only `head` tells, so a mismatch counts when `head` repeats it.
   */
  readonly md5?: string;
}

/** What a place is asked for before it is used. */
export interface Asked {
  /** Put a small object, and remove it. */
  readonly write: boolean;
  readonly list: boolean;
  /** Compare MD5s: only together with `write`. */
  readonly compare: boolean;
}

/** What `probe` found a place and its credentials to allow. */
export interface Access {
  /** What is refused, and what the credentials lack for it, in the store's words. */
  readonly refused: readonly { readonly what: "list" | "remove"; readonly hint: string }[];
  /**
   * `put` finds out about a name that is taken. Where it cannot, names must be unlike all others.
   */
  readonly createOnly: boolean;
  /** Why the MD5s that the store lists are not those of the bytes; null where they are. */
  readonly foreignMd5: string | null;
}

/** A folder or a prefix that finished files are put into. */
export interface Destination {
  readonly capabilities: DestinationCapabilities;
  /** For people and the manifest, e.g. `./output` or `s3://bucket/prefix`. Holds no secret. */
  readonly uri: string;
  /**
   * A folder for files that are still being written, created when missing. For a local destination it
   * is on the same file system, so that `put` moves no bytes; names inside it are never final names.
   */
  stagingDir(): Promise<string>;
  /** Moves a finished file to `key`, unless that is taken; once stored, the local file is gone. */
  put(file: FinishedFile, key: string, signal: AbortSignal): Promise<PutOutcome>;
  /** Writes a small object (manifest, `_SUCCESS`) in the place of one that may be there. */
  replace(bytes: Uint8Array, key: string, signal: AbortSignal): Promise<void>;
  /** Every object under `prefix` (relative; "" for all), paged by the adapter, in key order. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo>;
  head(key: string, signal: AbortSignal): Promise<ObjectInfo | null>;
  /** A small object's bytes, or null when it is not there. */
  read(key: string, signal: AbortSignal): Promise<Uint8Array | null>;
  move(from: string, to: string, signal: AbortSignal): Promise<void>;
  /**
   * [start, start + length) of an object, `length` above 0; fewer bytes where it ends before, null when it is not
   * there.
   */
  readRange(
    key: string,
    start: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null>;
  /**
   * Asks whether the destination can be used as `asked`. The error's code is the verdict:
   * DESTINATION_AUTH, _UNREACHABLE, _NOT_FOUND (the bucket), or another; its hint names the permission
   * that is missing. When it is asked about writing, a refusal of anything else is part of the answer.
   */
  probe(asked: Asked, signal: AbortSignal): Promise<Access>;
  close(): Promise<void>;
}

/** A destination without a commit point. It can only be written to, once, by one export. */
export interface StreamDestination {
  readonly capabilities: DestinationCapabilities;
  readonly uri: string;
  /** Returns when the bytes are on their way; the reader's pace is the writer's. */
  write(bytes: Uint8Array): void;
  close(): Promise<void>;
}

/** With a commit point or without one; `isStream` tells. */
export type AnyDestination = Destination | StreamDestination;

/** Whether bytes are gone as they are written. */
export function isStream(destination: AnyDestination): destination is StreamDestination {
  return destination.capabilities.commit === "stream";
}

/** `Destination`, its calls bound to one signal. */
export type BoundDestination =
  & Pick<Destination, "capabilities" | "uri">
  & {
    readonly [M in Signalled]: Destination[M] extends
      (...args: [...infer A, AbortSignal]) => infer R ? (...args: A) => R
      : never;
  };

type Signalled = "put" | "replace" | "list" | "head" | "read" | "move" | "readRange" | "probe";

/** The destination for one step of a run: all of its calls end when `signal` aborts. */
export function bound(destination: Destination, signal: AbortSignal): BoundDestination {
  return {
    capabilities: destination.capabilities,
    uri: destination.uri,
    put: (file, key) => destination.put(file, key, signal),
    replace: (bytes, key) => destination.replace(bytes, key, signal),
    list: (prefix) => destination.list(prefix, signal),
    head: (key) => destination.head(key, signal),
    read: (key) => destination.read(key, signal),
    move: (from, to) => destination.move(from, to, signal),
    readRange: (key, start, length) => destination.readRange(key, start, length, signal),
    probe: (asked) => destination.probe(asked, signal),
  };
}
