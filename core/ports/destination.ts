/**
 * The destination port: where finished files go.
 *
 * Keys are relative to the destination's resolved path or prefix, with `/` between segments.
 * `put` makes the object visible under its final name completely or not at all (I1, contracts
 * section 2); it overwrites, so that a retry is harmless. It may be called again after any failure.
 * Errors are `DestinationError`s, classified once by the adapter.
 */

export interface DestinationCapabilities {
  readonly kind: "local" | "s3" | "gcs" | "azure" | "stdout" | "memory";
  /** `stream`: bytes are visible as they are written; there is no commit point (stdout). */
  readonly commit: "rename" | "upload" | "stream";
  readonly retrySafe: boolean;
  readonly partialPossible: boolean;
  /** Listings carry an MD5 of each object. */
  readonly listsMd5: boolean;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * Base64, where the store records one. In a listing it may be the digest of an encrypted body
   * instead: only `head` tells, so a mismatch counts when `head` repeats it.
   */
  readonly md5?: string;
}

export interface Destination {
  readonly capabilities: DestinationCapabilities;
  /** For people and the manifest, e.g. `./output` or `s3://bucket/prefix`. Holds no secret. */
  readonly uri: string;
  /**
   * A folder for files that are still being written, created when missing. For a local destination it
   * is on the same file system, so that `put` is a rename; names inside it are never final names.
   */
  stagingDir(): Promise<string>;
  /** Moves a finished, fsynced local file to `key`; the local file is gone afterwards. */
  put(localFile: string, key: string, md5: string): Promise<void>;
  /** Writes a small object (manifest, `_SUCCESS`) atomically. */
  putBytes(bytes: Uint8Array, key: string): Promise<void>;
  /** Every object under `prefix` (relative; "" for all), paged by the adapter, in key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  head(key: string): Promise<ObjectInfo | null>;
  /** A small object's bytes, or null when it is not there. */
  read(key: string): Promise<Uint8Array | null>;
  move(from: string, to: string): Promise<void>;
  /**
   * Base64 MD5 of an object, computed by reading it, or null when it is not there. Only where reading
   * crosses no network; its absence means that listings are all there is to compare with.
   */
  readBackMd5?(key: string): Promise<string | null>;
  /**
   * Asks the destination whether it can be used, for `doctor`: lists it, and with `write` also writes
   * and removes a probe object. The error's code is the verdict: DESTINATION_AUTH, _UNREACHABLE,
   * _NOT_FOUND (the bucket), or another; its hint names the permission that is missing.
   */
  check(write: boolean): Promise<void>;
  close(): Promise<void>;
}

/** A destination without a commit point. It can only be written to, once, by one export. */
export interface StreamDestination {
  readonly capabilities: DestinationCapabilities;
  readonly uri: string;
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
