/** Objects in memory: the destination of tests, and the simplest statement of the port's rules. */
import { DestinationError } from "../../core/base/errors.ts";
import { fileError } from "../../core/base/file_error.ts";
import type {
  Access,
  Asked,
  Destination,
  DestinationCapabilities,
  FinishedFile,
  ObjectInfo,
  PutOutcome,
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
    md5: "listed",
    pieces: null,
  };
  readonly uri = "memory://";
  readonly #objects = new Map<string, StoredObject>();
  #staging: string | undefined;

  async stagingDir(): Promise<string> {
    this.#staging ??= await Deno.makeTempDir({ prefix: "rivet-staging-" });
    return this.#staging;
  }

  async put({ file, md5 }: FinishedFile, key: string): Promise<PutOutcome> {
    checkedKey(key);
    try {
      const bytes = await Deno.readFile(file);
      if (this.#objects.has(key)) return "taken";
      this.#objects.set(key, { bytes, md5 });
      await Deno.remove(file);
    } catch (error) {
      throw fileError(error, "read", file);
    }
    return "stored";
  }

  /** What others do to an object. */
  remove(key: string): void {
    this.#objects.delete(key);
  }

  replace(bytes: Uint8Array, key: string): Promise<void> {
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

  async readRange(key: string, start: number, length: number): Promise<Uint8Array | null> {
    return (await this.read(key))?.subarray(start, start + length) ?? null;
  }

  probe(_asked: Asked): Promise<Access> {
    return Promise.resolve({ refused: [], createOnly: true, foreignMd5: null });
  }

  async close(): Promise<void> {
    const staging = this.#staging;
    this.#staging = undefined;
    if (staging !== undefined) await Deno.remove(staging, { recursive: true });
  }
}

/** Opened by every run; it lives as long as the test. */
export class KeptDestination extends MemoryDestination {
  override close(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    return super.close();
  }
}
