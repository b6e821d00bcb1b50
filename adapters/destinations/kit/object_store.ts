/**
 * The destination port over an object store: what S3, GCS and Azure have in common. A store brings its
 * requests (`ObjectStore`); keys, prefix, staging, order and probing are here, once.
 */
import type {
  Destination,
  DestinationCapabilities,
  ObjectInfo,
} from "../../../core/ports/destination.ts";
import { DestinationError } from "../../../core/base/errors.ts";
import type { FileRange } from "./file_body.ts";
import { checkedKey } from "./keys.ts";
import { type UploadLimits, wholeFile } from "./part_upload.ts";
import { normalizedPrefix } from "./prefix.ts";
import { StagingArea, temporaryRoot } from "./staging.ts";

/** A bucket's requests. Keys are whole; errors are `DestinationError`s; every call may be repeated. */
export interface ObjectStore {
  readonly kind: "s3" | "gcs" | "azure";
  /** Of the bucket or container, without a "/" at its end and without secrets. */
  readonly uri: string;
  readonly limits: UploadLimits;
  /** One request whose body the store checks against `md5` (base64). */
  putSingle(range: FileRange, key: string, md5: string): Promise<void>;
  /** In parts; the object appears at the end, and nothing stays when it fails. */
  putLarge(range: FileRange, key: string, md5: string): Promise<void>;
  putBytes(bytes: Uint8Array, key: string): Promise<void>;
  /** In key order: UTF-8 bytes. */
  pages(prefix: string): AsyncIterable<readonly ObjectInfo[]>;
  head(key: string): Promise<ObjectInfo | null>;
  read(key: string): Promise<Uint8Array | null>;
  copy(from: ObjectInfo, to: string): Promise<void>;
  remove(key: string): Promise<void>;
  close(): void;
}

const PROBE_NAME = ".rivet-probe";

export class ObjectDestination implements Destination {
  readonly capabilities: DestinationCapabilities;
  readonly uri: string;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #staging = new StagingArea(temporaryRoot);

  constructor(store: ObjectStore, prefix: string) {
    this.#store = store;
    this.#prefix = normalizedPrefix(prefix);
    this.uri = `${store.uri}/${this.#prefix}`.replace(/\/$/, "");
    this.capabilities = {
      kind: store.kind,
      commit: "upload",
      retrySafe: true,
      partialPossible: false,
      listsMd5: true,
    };
  }

  stagingDir(): Promise<string> {
    return this.#staging.dir();
  }

  async put(localFile: string, key: string, md5: string): Promise<void> {
    const name = this.#name(key);
    const range = await wholeFile(localFile);
    if (range.length <= this.#store.limits.singlePutBytes) {
      await this.#store.putSingle(range, name, md5);
    } else {
      await this.#store.putLarge(range, name, md5);
    }
    try {
      await Deno.remove(localFile);
    } catch {
      // The object is there, which is what counts; the staging folder takes the file along.
    }
  }

  async putBytes(bytes: Uint8Array, key: string): Promise<void> {
    await this.#store.putBytes(bytes, this.#name(key));
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    for await (const page of this.#store.pages(this.#prefix + prefix)) {
      for (const info of page) {
        const key = info.key.slice(this.#prefix.length);
        // Folder markers that consoles make are no objects of ours.
        if (key !== "" && !key.endsWith("/")) yield { ...info, key };
      }
    }
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const info = await this.#store.head(this.#name(key));
    return info === null ? null : { ...info, key };
  }

  async read(key: string): Promise<Uint8Array | null> {
    return await this.#store.read(this.#name(key));
  }

  async move(from: string, to: string): Promise<void> {
    const [source, target] = [this.#name(from), this.#name(to)];
    const info = await this.#store.head(source);
    if (info === null) {
      throw new DestinationError(
        "DESTINATION_NOT_FOUND",
        `cannot move ${this.#store.uri}/${source}: it is not there`,
      );
    }
    if (source === target) return;
    await this.#store.copy(info, target);
    await this.#store.remove(source);
  }

  async check(write: boolean): Promise<void> {
    const pages = this.#store.pages(this.#prefix)[Symbol.asyncIterator]();
    await pages.next();
    await pages.return?.();
    if (!write) return;
    const probe = this.#name(`${PROBE_NAME}-${crypto.randomUUID()}`);
    await this.#store.putBytes(new TextEncoder().encode("rivet\n"), probe);
    await this.#store.remove(probe);
  }

  async close(): Promise<void> {
    await this.#staging.release();
    this.#store.close();
  }

  #name(key: string): string {
    return this.#prefix + checkedKey(key);
  }
}
