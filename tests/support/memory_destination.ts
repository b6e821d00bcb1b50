/** Objects in memory: the destination of tests, and the simplest statement of the port's rules. */
import { DestinationError } from "../../core/base/errors.ts";
import { fileError } from "../../core/base/file_error.ts";
import type {
  Destination,
  DestinationCapabilities,
  ObjectInfo,
} from "../../core/ports/destination.ts";
import { checkedKey, compareKeys } from "../../adapters/destinations/kit/keys.ts";

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly md5?: string;
}

export class MemoryDestination implements Destination {
  readonly capabilities: DestinationCapabilities = {
    kind: "memory",
    commit: "upload",
    retrySafe: true,
    partialPossible: false,
    listsMd5: true,
  };
  readonly uri = "memory://";
  readonly #objects = new Map<string, StoredObject>();
  #staging: string | undefined;

  async stagingDir(): Promise<string> {
    this.#staging ??= await Deno.makeTempDir({ prefix: "rivet-staging-" });
    return this.#staging;
  }

  async put(localFile: string, key: string, md5: string): Promise<void> {
    checkedKey(key);
    try {
      this.#objects.set(key, { bytes: await Deno.readFile(localFile), md5 });
      await Deno.remove(localFile);
    } catch (error) {
      throw fileError(error, "read", localFile);
    }
  }

  putBytes(bytes: Uint8Array, key: string): Promise<void> {
    return Promise.try(() => {
      this.#objects.set(checkedKey(key), { bytes: bytes.slice() });
    });
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    for (const key of [...this.#objects.keys()].sort(compareKeys)) {
      const info = key.startsWith(prefix) ? await this.head(key) : null;
      if (info !== null) yield info;
    }
  }

  head(key: string): Promise<ObjectInfo | null> {
    return Promise.try(() => {
      const object = this.#objects.get(checkedKey(key));
      if (object === undefined) return null;
      return { key, sizeBytes: object.bytes.length, md5: object.md5 };
    });
  }

  read(key: string): Promise<Uint8Array | null> {
    return Promise.try(() => this.#objects.get(checkedKey(key))?.bytes.slice() ?? null);
  }

  move(from: string, to: string): Promise<void> {
    return Promise.try(() => {
      checkedKey(to);
      const object = this.#objects.get(checkedKey(from));
      if (object === undefined) {
        throw new DestinationError("DESTINATION_NOT_FOUND", `cannot move ${from}: no such object`);
      }
      this.#objects.delete(from);
      this.#objects.set(to, object);
    });
  }

  check(_write: boolean): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const staging = this.#staging;
    this.#staging = undefined;
    if (staging !== undefined) await Deno.remove(staging, { recursive: true });
  }
}
