/** A container of Azure Blob Storage. */
import type { ContainerClient, HttpRequestBody } from "@azure/storage-blob";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import { type FileRange, RangeBody, rangeMd5 } from "../kit/file_body.ts";
import { compareKeys } from "../kit/keys.ts";
import {
  type ByteRange,
  type ObjectStore,
  RANGE_NOT_SATISFIABLE,
  type Upload,
  type WriteOptions,
} from "../kit/object_store.ts";
import { partRanges, sendAll, type UploadLimits } from "../kit/part_upload.ts";
import { ResponseCut } from "../kit/request_errors.ts";
import type { Creation, Request } from "../kit/request.ts";
import { creation, type Requests } from "../kit/requests.ts";
import { azureFacts, isMissingBlob, isTaken } from "./errors.ts";

/** Limits of the service. */
const MAX_BLOCKS = 50_000;

const SERVER_WORK_MS = 15 * 60_000;
const COPY_POLL_MS = 500;

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
  readonly heedsConditions: boolean | null;
  readonly #container: ContainerClient;
  readonly #requests: Requests;
  readonly #close: () => void;

  constructor(
    container: ContainerClient,
    requests: Requests,
    options: {
      readonly limits: UploadLimits;
      readonly heedsConditions: boolean | null;
      readonly close: () => void;
    },
  ) {
    this.#container = container;
    this.#requests = requests;
    this.limits = options.limits;
    this.heedsConditions = options.heedsConditions;
    this.#close = options.close;
    // A SAS token is the query string.
    this.uri = container.url.split("?", 1)[0];
  }

  putSingle({ range, key, md5 }: Upload, options: WriteOptions): Promise<Creation> {
    return this.#create(
      key,
      options,
      Buffer.from(md5, "base64"),
      range.length,
      range.length === 0 ? "" : () => new RangeBody(range),
    );
  }

  putBytes(bytes: Uint8Array, key: string, options: WriteOptions): Promise<Creation> {
    const md5 = createHash("md5").update(bytes).digest();
    return this.#create(key, options, md5, bytes.length, Buffer.from(bytes));
  }

  /** Blocks that are never committed are invisible, and removed by the service after a week. */
  async putLarge(upload: Upload, { onlyNew, signal }: WriteOptions): Promise<Creation> {
    const { range: { file, length }, key, md5, pieceMd5s } = upload;
    const client = this.#container.getBlockBlobClient(key);
    const ranges = partRanges(file, length, this.limits.partBytes, MAX_BLOCKS);
    const md5s = pieceMd5s?.length === ranges.length ? pieceMd5s : null;
    const id = crypto.randomUUID();
    const blocks = await sendAll(
      ranges,
      this.limits.concurrency,
      async (range, i) =>
        // All ids of a blob must be of one length.
        await this.#stageBlock(key, btoa(`${id}-${String(i).padStart(6, "0")}`), range, {
          md5: md5s?.[i] ?? await rangeMd5(range),
          signal,
        }),
    );
    return await this.#requests.run(
      { ...this.#request("write", key), idleMs: SERVER_WORK_MS },
      signal,
      (attempt) =>
        creation(attempt, isTaken, () =>
          client.commitBlockList(blocks, {
            abortSignal: attempt.signal,
            conditions: condition(onlyNew),
            // The service computes none for a blob of several blocks.
            blobHTTPHeaders: { blobContentMD5: Buffer.from(md5, "base64") },
          })),
    );
  }

  async holds({ range, key, md5 }: Upload, signal: AbortSignal): Promise<boolean> {
    const found = await this.head(key, signal);
    return found !== null && found.sizeBytes === range.length && found.md5 === md5;
  }

  /** Every blob of ours carries the MD5 that it was written with. */
  foreignMd5(): Promise<null> {
    return Promise.resolve(null);
  }

  /** The service promises no order by UTF-8 bytes, and with folders has another: sorted here. */
  async *pages(prefix: string, signal: AbortSignal): AsyncIterable<readonly ObjectInfo[]> {
    const all: ObjectInfo[] = [];
    let token: string | undefined;
    do {
      const { segment, continuationToken } = await this.#page(prefix, token, signal);
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

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | null> {
    const client = this.#container.getBlobClient(key);
    return await this.#requests.run(
      this.#request("look at", key, PERMISSIONS.read),
      signal,
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

  async read(key: string, signal: AbortSignal, range?: ByteRange): Promise<Uint8Array | null> {
    const client = this.#container.getBlobClient(key);
    const request = this.#request("read", key, PERMISSIONS.read);
    return await this.#requests.run(request, signal, async ({ signal, moved }) => {
      try {
        const { readableStreamBody, contentLength } = await client.download(
          range?.start ?? 0,
          range?.length,
          {
            abortSignal: signal,
            maxRetryRequests: 0,
          },
        );
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
        if (azureFacts(error).status === RANGE_NOT_SATISFIABLE) return new Uint8Array(0);
        throw error;
      }
    });
  }

  async copy(from: ObjectInfo, to: string, signal: AbortSignal): Promise<void> {
    const source = this.#container.getBlobClient(from.key);
    const target = this.#container.getBlobClient(to);
    const request = { ...this.#request("copy to", to), idleMs: SERVER_WORK_MS };
    await this.#requests.run(request, signal, async ({ signal }) => {
      const copying = await target.beginCopyFromURL(source.url, {
        abortSignal: signal,
        intervalInMs: COPY_POLL_MS,
      });
      const { copyStatus } = await copying.pollUntilDone();
      if (copyStatus !== "success") throw new Error(`the copy ended as ${copyStatus}`);
    });
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const client = this.#container.getBlobClient(key);
    await this.#requests.run(
      this.#request("remove", key, PERMISSIONS.remove),
      signal,
      ({ signal }) => client.deleteIfExists({ abortSignal: signal }),
    );
  }

  close(): void {
    this.#close();
  }

  async #page(prefix: string, token: string | undefined, signal: AbortSignal) {
    const request = {
      doing: "list",
      target: `${this.uri}/${prefix}`,
      permission: PERMISSIONS.list,
      needsBucketOnly: true,
    };
    return await this.#requests.run(request, signal, async ({ signal }) => {
      const pages = this.#container.listBlobsFlat({ prefix, abortSignal: signal })
        .byPage({ continuationToken: token, maxPageSize: this.limits.pageObjects });
      const { value, done } = await pages.next();
      if (done === true) throw new Error("a listing without a page");
      return value;
    });
  }

  async #create(
    key: string,
    { onlyNew, signal }: WriteOptions,
    md5: Buffer,
    length: number,
    content: HttpRequestBody,
  ): Promise<Creation> {
    const client = this.#container.getBlockBlobClient(key);
    return await this.#requests.run(
      { ...this.#request("write", key), needsBucketOnly: true },
      signal,
      (attempt) =>
        creation(attempt, isTaken, () =>
          client.upload(content, length, {
            abortSignal: attempt.signal,
            conditions: condition(onlyNew),
            transactionalContentMD5: md5,
            blobHTTPHeaders: { blobContentMD5: md5 },
          })),
    );
  }

  async #stageBlock(
    key: string,
    id: string,
    range: FileRange,
    { md5, signal }: { readonly md5: string; readonly signal: AbortSignal },
  ): Promise<string> {
    const client = this.#container.getBlockBlobClient(key);
    await this.#requests.run(
      this.#request("write", key),
      signal,
      ({ signal }) =>
        client.stageBlock(id, () => new RangeBody(range), range.length, {
          abortSignal: signal,
          transactionalContentMD5: Buffer.from(md5, "base64"),
        }),
    );
    return id;
  }

  #request(doing: string, key: string, permission: string = PERMISSIONS.write): Request {
    return { doing, target: `${this.uri}/${key}`, permission };
  }
}

function base64(md5: Uint8Array | undefined): string | undefined {
  return md5 === undefined ? undefined : Buffer.from(md5).toString("base64");
}

function condition(onlyNew: boolean): { ifNoneMatch?: "*" } {
  return onlyNew ? { ifNoneMatch: "*" } : {};
}
