/** A container of Azure Blob Storage. */
import type { ContainerClient } from "@azure/storage-blob";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import { type FileRange, rangeMd5 } from "../kit/file_body.ts";
import { compareKeys } from "../kit/keys.ts";
import type { ObjectStore } from "../kit/object_store.ts";
import { partRanges, sendAll, type UploadLimits } from "../kit/part_upload.ts";
import { ResponseCut } from "../kit/request_errors.ts";
import type { Request } from "../kit/request.ts";
import type { Requests } from "../kit/requests.ts";
import { isMissingBlob } from "./errors.ts";

/** Limits of the service. */
const MAX_BLOCKS = 50_000;

const SERVER_WORK_MS = 15 * 60_000;
const COPY_POLL_MS = 500;
const PAGE_SIZE = 1000;

/** What a role or a SAS token must allow. */
const PERMISSIONS = {
  write: "Storage Blob Data Contributor (SAS: create and write)",
  list: "Storage Blob Data Reader (SAS: list)",
  read: "Storage Blob Data Reader (SAS: read)",
  remove: "Storage Blob Data Contributor (SAS: delete)",
} as const;

export class AzureStore implements ObjectStore {
  readonly kind = "azure";
  readonly uri: string;
  readonly limits: UploadLimits;
  readonly #container: ContainerClient;
  readonly #requests: Requests;

  constructor(container: ContainerClient, requests: Requests, limits: UploadLimits) {
    this.#container = container;
    this.#requests = requests;
    this.limits = limits;
    // A SAS token is the query string.
    this.uri = container.url.split("?", 1)[0];
  }

  async putSingle(range: FileRange, key: string, md5: string): Promise<void> {
    const client = this.#container.getBlockBlobClient(key);
    await this.#requests.run(
      this.#request("write", key),
      ({ body, signal }) =>
        client.upload(range.length === 0 ? "" : () => body(range), range.length, {
          abortSignal: signal,
          transactionalContentMD5: Buffer.from(md5, "base64"),
          blobHTTPHeaders: { blobContentMD5: Buffer.from(md5, "base64") },
        }),
    );
  }

  async putBytes(bytes: Uint8Array, key: string): Promise<void> {
    const client = this.#container.getBlockBlobClient(key);
    const md5 = createHash("md5").update(bytes).digest();
    await this.#requests.run(
      this.#request("write", key),
      ({ signal }) =>
        client.upload(Buffer.from(bytes), bytes.length, {
          abortSignal: signal,
          transactionalContentMD5: md5,
          blobHTTPHeaders: { blobContentMD5: md5 },
        }),
    );
  }

  /** Blocks that are never committed are invisible, and removed by the service after a week. */
  async putLarge({ file, length }: FileRange, key: string, md5: string): Promise<void> {
    const client = this.#container.getBlockBlobClient(key);
    const upload = crypto.randomUUID();
    const ranges = partRanges(file, length, this.limits.partBytes, MAX_BLOCKS);
    const blocks = await sendAll(ranges, this.limits.concurrency, async (range, i) => {
      const blockMd5 = Buffer.from(await rangeMd5(range), "base64");
      // All ids of a blob must be of one length.
      const id = btoa(`${upload}-${String(i).padStart(6, "0")}`);
      await this.#requests.run(
        this.#request("write", key),
        ({ body, signal }) =>
          client.stageBlock(id, () => body(range), range.length, {
            abortSignal: signal,
            transactionalContentMD5: blockMd5,
          }),
      );
      return id;
    });
    await this.#requests.run(
      { ...this.#request("write", key), idleMs: SERVER_WORK_MS },
      ({ signal }) =>
        client.commitBlockList(blocks, {
          abortSignal: signal,
          // The service computes none for a blob of several blocks.
          blobHTTPHeaders: { blobContentMD5: Buffer.from(md5, "base64") },
        }),
    );
  }

  /** The service promises no order by UTF-8 bytes, and with folders has another: sorted here. */
  async *pages(prefix: string): AsyncIterable<readonly ObjectInfo[]> {
    const all: ObjectInfo[] = [];
    let token: string | undefined;
    do {
      const { segment, continuationToken } = await this.#page(prefix, token);
      for (const { name, properties } of segment.blobItems) {
        all.push({
          key: name,
          sizeBytes: properties.contentLength ?? 0,
          md5: base64(properties.contentMD5),
        });
      }
      token = continuationToken === "" ? undefined : continuationToken;
    } while (token !== undefined);
    yield all.sort((a, b) => compareKeys(a.key, b.key));
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const client = this.#container.getBlobClient(key);
    return await this.#requests.run(
      this.#request("look at", key, PERMISSIONS.read),
      async ({ signal }) => {
        try {
          const found = await client.getProperties({ abortSignal: signal });
          return { key, sizeBytes: found.contentLength ?? 0, md5: base64(found.contentMD5) };
        } catch (error) {
          if (isMissingBlob(error)) return null;
          throw error;
        }
      },
    );
  }

  async read(key: string): Promise<Uint8Array | null> {
    const client = this.#container.getBlobClient(key);
    const request = this.#request("read", key, PERMISSIONS.read);
    return await this.#requests.run(request, async ({ signal, moved }) => {
      try {
        const { readableStreamBody, contentLength } = await client.download(0, undefined, {
          abortSignal: signal,
          maxRetryRequests: 0,
        });
        const chunks: Uint8Array[] = [];
        for await (const chunk of readableStreamBody ?? []) {
          moved();
          chunks.push(Buffer.from(chunk));
        }
        const bytes = new Uint8Array(Buffer.concat(chunks));
        if (bytes.length !== (contentLength ?? bytes.length)) throw new ResponseCut();
        return bytes;
      } catch (error) {
        if (isMissingBlob(error)) return null;
        throw error;
      }
    });
  }

  async copy(from: ObjectInfo, to: string): Promise<void> {
    const source = this.#container.getBlobClient(from.key);
    const target = this.#container.getBlobClient(to);
    const request = { ...this.#request("copy to", to), idleMs: SERVER_WORK_MS };
    await this.#requests.run(request, async ({ signal }) => {
      const copying = await target.beginCopyFromURL(source.url, {
        abortSignal: signal,
        intervalInMs: COPY_POLL_MS,
      });
      const { copyStatus } = await copying.pollUntilDone();
      if (copyStatus !== "success") throw new Error(`the copy ended as ${copyStatus}`);
    });
  }

  async remove(key: string): Promise<void> {
    const client = this.#container.getBlobClient(key);
    await this.#requests.run(
      this.#request("remove", key, PERMISSIONS.remove),
      ({ signal }) => client.deleteIfExists({ abortSignal: signal }),
    );
  }

  /** Connections belong to the runtime's pool. */
  close(): void {}

  async #page(prefix: string, token: string | undefined) {
    const request = {
      doing: "list",
      target: `${this.uri}/${prefix}`,
      permission: PERMISSIONS.list,
    };
    return await this.#requests.run(request, async ({ signal }) => {
      const pages = this.#container.listBlobsFlat({ prefix, abortSignal: signal })
        .byPage({ continuationToken: token, maxPageSize: PAGE_SIZE });
      const { value, done } = await pages.next();
      if (done === true) throw new Error("a listing without a page");
      return value;
    });
  }

  #request(doing: string, key: string, permission: string = PERMISSIONS.write): Request {
    return { doing, target: `${this.uri}/${key}`, permission };
  }
}

function base64(md5: Uint8Array | undefined): string | undefined {
  return md5 === undefined ? undefined : Buffer.from(md5).toString("base64");
}
