/**
 * The destination port over an object store: what S3, GCS and Azure have in common. A store brings its
 * requests (`ObjectStore`); keys, prefix, staging, order, names that are taken and probing are here, once.
 */
import type {
  Access,
  Asked,
  Destination,
  DestinationCapabilities,
  FinishedFile,
  ObjectInfo,
  PutOutcome,
} from "../../../core/ports/destination.ts";
import { DestinationError } from "../../../core/base/errors.ts";
import { type FileRange, fileSize } from "./file_body.ts";
import { checkedKey } from "./keys.ts";
import type { UploadLimits } from "./part_upload.ts";
import { normalizedPrefix } from "./prefix.ts";
import type { Creation } from "./request.ts";
import { type FailureKind, StoreError } from "./request_errors.ts";
import { UNSTOPPED } from "./requests.ts";
import { StagingArea, temporaryRoot } from "./staging.ts";

/** A file on its way to a key. */
export interface Upload {
  readonly range: FileRange;
  readonly key: string;
  /** Base64, of the whole. */
  readonly md5: string;
  /** Base64, of its pieces of `UploadLimits.partBytes`; absent where nobody has hashed them yet. */
  readonly pieceMd5s?: readonly string[];
}

/** A part of an object. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/** As HTTP asks for it. */
export function rangeHeader({ start, length }: ByteRange): string {
  return `bytes=${start}-${start + length - 1}`;
}

/** HTTP's answer to a part that begins where the object has ended. */
export const RANGE_NOT_SATISFIABLE = 416;

/** How a write treats an object that is there. */
export interface WriteOptions {
  /** Only if there is none, by the store's own condition. */
  readonly onlyNew: boolean;
  readonly signal: AbortSignal;
}

/** A bucket's requests. Keys are whole; errors are `DestinationError`s; every call may be repeated. */
export interface ObjectStore {
  readonly kind: "s3" | "gcs" | "azure";
  /** Of the bucket or container, without a "/" at its end and without secrets. */
  readonly uri: string;
  readonly limits: UploadLimits;
  /** Whether the store heeds `onlyNew`; null where only a try can tell. */
  readonly heedsConditions: boolean | null;
  /** One request whose body the store checks against its MD5. */
  putSingle(upload: Upload, options: WriteOptions): Promise<Creation>;
  /** In parts; the object appears at the end, and nothing stays when it fails. */
  putLarge(upload: Upload, options: WriteOptions): Promise<Creation>;
  putBytes(bytes: Uint8Array, key: string, options: WriteOptions): Promise<Creation>;
  /** Whether the object there is this very file, as far as the store can tell without sending it. */
  holds(upload: Upload, signal: AbortSignal): Promise<boolean>;
  /** In key order: UTF-8 bytes. */
  pages(prefix: string, signal: AbortSignal): AsyncIterable<readonly ObjectInfo[]>;
  head(key: string, signal: AbortSignal): Promise<ObjectInfo | null>;
  /** Why listed MD5s are none of the bytes under this key's rules; null where they are. */
  foreignMd5(key: string, signal: AbortSignal): Promise<string | null>;
  /** All of it, or a part; fewer bytes than asked for where it ends before. */
  read(key: string, signal: AbortSignal, range?: ByteRange): Promise<Uint8Array | null>;
  copy(from: ObjectInfo, to: string, signal: AbortSignal): Promise<void>;
  remove(key: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Always the same: where it may not be removed, one stays and no more. */
const PROBE_NAME = ".rivet-probe";
const PROBE = new TextEncoder().encode("rivet\n");

/**
 * The port over one bucket or container and prefix; close it, so that what is staged goes away.
 */
export class ObjectDestination implements Destination {
  readonly capabilities: DestinationCapabilities;
  readonly uri: string;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #staging = new StagingArea(temporaryRoot);
  /** Uploads whose last answer was lost: their object may be there. */
  readonly #uncertain = new Set<string>();
  #heedsConditions: boolean | null;

  constructor(store: ObjectStore, prefix: string) {
    this.#store = store;
    this.#prefix = normalizedPrefix(prefix);
    this.#heedsConditions = store.heedsConditions;
    this.uri = `${store.uri}/${this.#prefix}`.replace(/\/$/, "");
    const { singlePutBytes, partBytes } = store.limits;
    this.capabilities = {
      kind: store.kind,
      commit: "upload",
      retrySafe: true,
      md5: "listed",
      pieces: { aboveBytes: singlePutBytes, bytes: partBytes },
    };
  }

  stagingDir(): Promise<string> {
    return this.#staging.dir();
  }

  async put(
    { file, md5, pieceMd5s }: FinishedFile,
    key: string,
    signal: AbortSignal = UNSTOPPED,
  ): Promise<PutOutcome> {
    const range = { file, start: 0, length: await fileSize(file) };
    const upload = { range, key: this.#name(key), md5, pieceMd5s };
    const outcome = await this.#create(upload, signal);
    if (outcome === "stored") await removeQuietly(file);
    return outcome;
  }

  async replace(bytes: Uint8Array, key: string, signal: AbortSignal = UNSTOPPED): Promise<void> {
    await this.#store.putBytes(bytes, this.#name(key), { onlyNew: false, signal });
  }

  async *list(prefix: string, signal: AbortSignal = UNSTOPPED): AsyncIterable<ObjectInfo> {
    for await (const page of this.#store.pages(this.#prefix + prefix, signal)) {
      for (const info of page) {
        const key = info.key.slice(this.#prefix.length);
        // Folder markers that consoles make are no objects of ours.
        if (key !== "" && !key.endsWith("/")) yield { ...info, key };
      }
    }
  }

  async head(key: string, signal: AbortSignal = UNSTOPPED): Promise<ObjectInfo | null> {
    const info = await this.#store.head(this.#name(key), signal);
    return info === null ? null : { ...info, key };
  }

  async read(key: string, signal: AbortSignal = UNSTOPPED): Promise<Uint8Array | null> {
    return await this.#store.read(this.#name(key), signal);
  }

  async move(from: string, to: string, signal: AbortSignal = UNSTOPPED): Promise<void> {
    const [source, target] = [this.#name(from), this.#name(to)];
    const info = await this.#store.head(source, signal);
    if (info === null) {
      throw new DestinationError(
        "DESTINATION_NOT_FOUND",
        `cannot move ${this.#store.uri}/${source}: it is not there`,
      );
    }
    if (source === target) return;
    await this.#store.copy(info, target, signal);
    await this.#store.remove(source, signal);
  }

  async readRange(
    key: string,
    start: number,
    length: number,
    signal: AbortSignal = UNSTOPPED,
  ): Promise<Uint8Array | null> {
    const bytes = await this.#store.read(this.#name(key), signal, { start, length });
    // Who knows no ranges, a proxy on the way for one, sends all of it.
    const whole = bytes !== null && bytes.length > length;
    return whole ? bytes.subarray(start, start + length) : bytes;
  }

  async probe(asked: Asked, signal: AbortSignal = UNSTOPPED): Promise<Access> {
    const refused: Access["refused"][number][] = [];
    /** Whoever may write may lack the rest. */
    const allowed = async (what: "list" | "remove", work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        if (!asked.write || !isKind(error, "permission")) throw error;
        refused.push({ what, hint: error.hint ?? error.message });
      }
    };
    if (asked.list) {
      await allowed("list", async () => {
        const pages = this.#store.pages(this.#prefix, signal)[Symbol.asyncIterator]();
        await pages.next();
        await pages.return?.();
      });
    }
    let foreignMd5: string | null = null;
    if (asked.write) {
      const key = this.#name(PROBE_NAME);
      await this.#probePut(key, signal);
      if (asked.compare) foreignMd5 = await this.#store.foreignMd5(key, signal);
      await allowed("remove", () => this.#store.remove(key, signal));
    }
    return { refused, createOnly: this.#heedsConditions ?? false, foreignMd5 };
  }

  async close(): Promise<void> {
    await this.#staging.release();
    this.#store.close();
  }

  async #create(upload: Upload, signal: AbortSignal): Promise<PutOutcome> {
    const mark = `${upload.range.file} ${upload.key}`;
    const uncertain = this.#uncertain.has(mark);
    try {
      const creation = await this.#tryCreate(upload, signal);
      if (creation === "stored") return "stored";
      if (creation === "taken" && !uncertain) return "taken";
      // Who may not look takes it for another's: the part is written once more, under another name.
      const ours = await unlessForbidden(this.#store.holds(upload, signal));
      return ours === true ? "stored" : "taken";
    } catch (error) {
      this.#uncertain.add(mark);
      throw error;
    }
  }

  async #tryCreate(upload: Upload, signal: AbortSignal): Promise<Creation> {
    const put = (onlyNew: boolean) =>
      upload.range.length <= this.#store.limits.singlePutBytes
        ? this.#store.putSingle(upload, { onlyNew, signal })
        : this.#store.putLarge(upload, { onlyNew, signal });
    if (this.#heedsConditions !== false) {
      try {
        return await put(true);
      } catch (error) {
        this.#noConditions(error);
      }
    }
    // Without a condition, this is what can be done about a name that is taken. Who may not look has
    // names that are unlike all others (`Access.createOnly`).
    const there = await unlessForbidden(this.#store.head(upload.key, signal));
    return there === null ? await put(false) : "taken";
  }

  /** A second put of the same name tells whether the store heeds conditions. */
  async #probePut(key: string, signal: AbortSignal): Promise<void> {
    const put = (onlyNew: boolean) => this.#store.putBytes(PROBE, key, { onlyNew, signal });
    if (this.#heedsConditions !== false) {
      try {
        const first = await put(true);
        this.#heedsConditions ??= first === "taken" || await put(true) !== "stored";
        return;
      } catch (error) {
        this.#noConditions(error);
      }
    }
    await put(false);
  }

  /** @throws `error`, unless it says that the store knows no conditions. */
  #noConditions(error: unknown): void {
    if (this.#heedsConditions !== null || !isKind(error, "unsupported")) throw error;
    this.#heedsConditions = false;
  }

  #name(key: string): string {
    return this.#prefix + checkedKey(key);
  }
}

function isKind(error: unknown, kind: FailureKind): error is StoreError {
  return error instanceof StoreError && error.kind === kind;
}

/** null where the credentials do not allow to ask. */
async function unlessForbidden<T>(asking: Promise<T>): Promise<T | null> {
  try {
    return await asking;
  } catch (error) {
    if (isKind(error, "permission")) return null;
    throw error;
  }
}

/** The object is there, which is what counts; the staging folder takes the file along. */
async function removeQuietly(file: string): Promise<void> {
  try {
    await Deno.remove(file);
  } catch {
    // As above.
  }
}
