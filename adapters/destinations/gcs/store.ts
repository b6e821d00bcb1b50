/** A bucket of Google Cloud Storage, over its JSON API. */
import type { Bucket, FileMetadata } from "@google-cloud/storage";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import type { FileRange } from "../file_body.ts";
import type { ObjectStore } from "../object_store.ts";
import type { UploadLimits } from "../part_upload.ts";
import type { Attempt, Request, Requests } from "../requests.ts";
import { isMissingObject } from "./errors.ts";

const SERVER_WORK_MS = 15 * 60_000;
const PAGE_SIZE = 1000;

/** Replacing an object takes the permission to delete it, too. */
const WRITE = "storage.objects.create and storage.objects.delete";

export class GcsStore implements ObjectStore {
  readonly kind = "gcs";
  readonly uri: string;
  readonly limits: UploadLimits;
  readonly #bucket: Bucket;
  readonly #requests: Requests;

  constructor(bucket: Bucket, requests: Requests, limits: UploadLimits) {
    this.#bucket = bucket;
    this.#requests = requests;
    this.limits = limits;
    this.uri = `gs://${bucket.name}`;
  }

  async putSingle(range: FileRange, key: string, md5: string): Promise<void> {
    await this.#requests.run(
      this.#request("write", key, WRITE),
      (attempt) => this.#upload(key, attempt, attempt.body(range), md5, { resumable: false }),
    );
  }

  async putBytes(bytes: Uint8Array, key: string): Promise<void> {
    const md5 = createHash("md5").update(bytes).digest("base64");
    await this.#requests.run(
      this.#request("write", key, WRITE),
      (attempt) =>
        this.#upload(key, attempt, Readable.from([Buffer.from(bytes)]), md5, { resumable: false }),
    );
  }

  /** One resumable upload: pieces in order, each confirmed before the next is read. */
  async putLarge(range: FileRange, key: string, md5: string): Promise<void> {
    await this.#requests.run(
      this.#request("write", key, WRITE),
      (attempt) =>
        this.#upload(key, attempt, attempt.body(range), md5, {
          resumable: true,
          chunkSize: this.limits.partBytes,
        }),
    );
  }

  async *pages(prefix: string): AsyncIterable<readonly ObjectInfo[]> {
    let pageToken: string | undefined;
    do {
      const [files, next] = await this.#requests.run(
        { doing: "list", target: `${this.uri}/${prefix}`, permission: "storage.objects.list" },
        () =>
          this.#bucket.getFiles({ prefix, pageToken, maxResults: PAGE_SIZE, autoPaginate: false }),
      );
      yield files.map((file) => objectInfo(file.name, file.metadata));
      pageToken = nextToken(next);
    } while (pageToken !== undefined);
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const request = this.#request("look at", key, "storage.objects.get and storage.objects.list");
    return await this.#requests.run(request, async () => {
      try {
        const [metadata] = await this.#bucket.file(key).getMetadata();
        return objectInfo(key, metadata);
      } catch (error) {
        if (isMissingObject(error)) return null;
        throw error;
      }
    });
  }

  async read(key: string): Promise<Uint8Array | null> {
    const request = this.#request("read", key, "storage.objects.get");
    return await this.#requests.run(request, async () => {
      try {
        // The answer carries its checksum, which the SDK compares.
        const [bytes] = await this.#bucket.file(key).download({ decompress: false });
        return new Uint8Array(bytes);
      } catch (error) {
        if (isMissingObject(error)) return null;
        throw error;
      }
    });
  }

  async copy(from: ObjectInfo, to: string): Promise<void> {
    const request = {
      ...this.#request("copy to", to, `storage.objects.get, ${WRITE}`),
      idleMs: SERVER_WORK_MS,
    };
    await this.#requests.run(
      request,
      () => this.#bucket.file(from.key).copy(this.#bucket.file(to)),
    );
  }

  async remove(key: string): Promise<void> {
    await this.#requests.run(
      this.#request("remove", key, "storage.objects.delete"),
      () => this.#bucket.file(key).delete({ ignoreNotFound: true }),
    );
  }

  /** Connections belong to the runtime's pool. */
  close(): void {}

  /** The service compares `md5` with what arrived before the object appears. */
  async #upload(
    key: string,
    { signal, moved }: Attempt,
    body: Readable,
    md5: string,
    how: { readonly resumable: boolean; readonly chunkSize?: number },
  ): Promise<void> {
    const target = this.#bucket.file(key).createWriteStream({
      ...how,
      validation: false,
      metadata: { md5Hash: md5, contentType: "application/octet-stream" },
    });
    target.on("progress", moved);
    await pipeline(body, target, { signal });
  }

  #request(doing: string, key: string, permission: string): Request {
    return { doing, target: `${this.uri}/${key}`, permission };
  }
}

function objectInfo(key: string, metadata: FileMetadata): ObjectInfo {
  return { key, sizeBytes: Number(metadata.size ?? 0), md5: metadata.md5Hash };
}

/** `getFiles` answers with the query of the next page. */
function nextToken(next: unknown): string | undefined {
  if (typeof next !== "object" || next === null || !("pageToken" in next)) return undefined;
  return typeof next.pageToken === "string" ? next.pageToken : undefined;
}
