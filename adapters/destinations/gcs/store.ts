/** A bucket of Google Cloud Storage, over its JSON API. */
import { createHash } from "node:crypto";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import type { FileRange } from "../kit/file_body.ts";
import {
  type ByteRange,
  type ObjectStore,
  RANGE_NOT_SATISFIABLE,
  rangeHeader,
  type Upload,
  type WriteOptions,
} from "../kit/object_store.ts";
import type { UploadLimits } from "../kit/part_upload.ts";
import { creation, type Requests } from "../kit/requests.ts";
import type { Creation, Request } from "../kit/request.ts";
import type { HttpAnswer } from "../kit/http/message.ts";
import type { ApiRequest, GcsApi } from "./api.ts";
import { Damaged, gcsFacts, isMissingObject, isTaken } from "./errors.ts";
import { ResumableUpload } from "./resumable.ts";
import { type ObjectResource, objectResource, pageOf, rewriteOf } from "./resources.ts";

const SERVER_WORK_MS = 15 * 60_000;
/** Pieces of a resumable upload are multiples of this, the last one excepted. */
const PIECE_UNIT = 256 * 1024;
/** For taking back an upload, at most. */
const CLEAN_UP_MS = 10_000;
const CONTENT_TYPE = "application/octet-stream";

/** Replacing an object takes the permission to delete it, too. */
const WRITE = "storage.objects.create and storage.objects.delete";

export class GcsStore implements ObjectStore {
  readonly kind = "gcs";
  readonly uri: string;
  readonly limits: UploadLimits;
  readonly heedsConditions: boolean | null;
  readonly #api: GcsApi;
  readonly #endpoint: string;
  readonly #bucket: string;
  readonly #requests: Requests;

  constructor(
    api: GcsApi,
    place: { readonly endpoint: string; readonly bucket: string },
    requests: Requests,
    options: { readonly limits: UploadLimits; readonly heedsConditions: boolean | null },
  ) {
    this.#api = api;
    this.#endpoint = place.endpoint.replace(/\/+$/, "");
    this.#bucket = place.bucket;
    this.#requests = requests;
    this.limits = options.limits;
    this.heedsConditions = options.heedsConditions;
    this.uri = `gs://${place.bucket}`;
  }

  putSingle({ range, key, md5 }: Upload, options: WriteOptions): Promise<Creation> {
    return this.#insert({ key, md5, media: range }, options);
  }

  putBytes(bytes: Uint8Array, key: string, options: WriteOptions): Promise<Creation> {
    const md5 = createHash("md5").update(bytes).digest("base64");
    return this.#insert({ key, md5, media: bytes }, options);
  }

  async putLarge(upload: Upload, options: WriteOptions): Promise<Creation> {
    const { key, md5, range } = upload;
    const request = this.#request("write", key, WRITE);
    const pieceBytes = Math.max(1, Math.floor(this.limits.partBytes / PIECE_UNIT)) * PIECE_UNIT;
    const url = this.#url(
      "o",
      { uploadType: "resumable", ...condition(options.onlyNew) },
      "upload/",
    );
    const requests = this.#requests;
    const resumable = new ResumableUpload(this.#api, { requests, request, pieceBytes });
    const outcome = await resumable.send(url, upload, options.signal);
    if (typeof outcome === "string") return outcome;
    try {
      await this.#compare(outcome, { key, md5, length: range.length });
    } catch (error) {
      // Asked again, the session would say the same: the file is to be sent again.
      throw requests.failure(error, request);
    }
    return "stored";
  }

  async holds({ range, key, md5 }: Upload, signal: AbortSignal): Promise<boolean> {
    const found = await this.head(key, signal);
    return found !== null && found.sizeBytes === range.length && found.md5 === md5;
  }

  /** MD5s are always those of the bytes. */
  foreignMd5(): Promise<null> {
    return Promise.resolve(null);
  }

  async *pages(prefix: string, signal: AbortSignal): AsyncIterable<readonly ObjectInfo[]> {
    let pageToken: string | null = null;
    do {
      const url = this.#url("o", { prefix, maxResults: String(this.limits.pageObjects) });
      url.searchParams.set("fields", "items(name,size,md5Hash),nextPageToken");
      if (pageToken !== null) url.searchParams.set("pageToken", pageToken);
      const { bytes } = await this.#requests.run(
        {
          doing: "list",
          target: `${this.uri}/${prefix}`,
          permission: "storage.objects.list",
          needsBucketOnly: true,
        },
        signal,
        () => this.#api.send({ method: "GET", url }),
      );
      const page = pageOf(bytes);
      yield page.items.map(objectInfo);
      pageToken = page.nextPageToken;
    } while (pageToken !== null);
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | null> {
    const url = this.#url(this.#objectPath(key));
    const answer = await this.#find("look at", key, { url }, signal);
    return answer === null ? null : objectInfo(objectResource(answer.bytes));
  }

  async read(key: string, signal: AbortSignal, range?: ByteRange): Promise<Uint8Array | null> {
    const headers = range === undefined ? undefined : { range: rangeHeader(range) };
    const url = this.#url(this.#objectPath(key), { alt: "media" });
    return (await this.#find("read", key, { url, headers }, signal))?.bytes ?? null;
  }

  async copy(from: ObjectInfo, to: string, signal: AbortSignal): Promise<void> {
    const request = {
      ...this.#request("copy to", to, `storage.objects.get, ${WRITE}`),
      idleMs: SERVER_WORK_MS,
    };
    const path = `${this.#objectPath(from.key)}/rewriteTo/b/${encodeURIComponent(this.#bucket)}/${
      this.#objectPath(to)
    }`;
    let token: string | null = null;
    do {
      const url = this.#url(path, token === null ? {} : { rewriteToken: token });
      const { bytes } = await this.#requests.run(
        request,
        signal,
        () => this.#api.send({ method: "POST", url }),
      );
      token = rewriteOf(bytes);
    } while (token !== null);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const url = this.#url(this.#objectPath(key));
    const request = this.#request("remove", key, "storage.objects.delete");
    await this.#requests.run(request, signal, async () => {
      try {
        await this.#api.send({ method: "DELETE", url });
      } catch (error) {
        // Removed already, perhaps by an attempt whose answer was lost.
        if (!isMissingObject(error)) throw error;
      }
    });
  }

  close(): void {
    this.#api.close();
  }

  /** The service compares the MD5 with what arrived before the object appears. */
  async #insert(
    { key, md5, media }: {
      readonly key: string;
      readonly md5: string;
      readonly media: Uint8Array | FileRange;
    },
    { onlyNew, signal }: WriteOptions,
  ): Promise<Creation> {
    const boundary = crypto.randomUUID();
    const metadata = JSON.stringify({ name: key, md5Hash: md5 });
    const head =
      `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${metadata}\r\n` +
      `--${boundary}\r\ncontent-type: ${CONTENT_TYPE}\r\n\r\n`;
    const bytes = (text: string) => new TextEncoder().encode(text);
    const request = {
      method: "POST",
      url: this.#url("o", { uploadType: "multipart", ...condition(onlyNew) }, "upload/"),
      headers: { "content-type": `multipart/related; boundary=${boundary}` },
      body: [bytes(head), media, bytes(`\r\n--${boundary}--\r\n`)],
    } as const;
    return await this.#requests.run(
      { ...this.#request("write", key, WRITE), needsBucketOnly: true },
      signal,
      (attempt) =>
        creation(attempt, isTaken, async () => {
          const answer = await this.#api.send(request);
          await this.#compare(answer, { key, md5, length: media.length });
        }),
    );
  }

  /** What the service says that it stored. */
  async #compare(
    { bytes }: HttpAnswer,
    { key, md5, length }: { readonly key: string; readonly md5: string; readonly length: number },
  ): Promise<void> {
    const stored = objectResource(bytes);
    if (stored.size === length && (stored.md5Hash ?? md5) === md5) return;
    await this.remove(key, AbortSignal.timeout(CLEAN_UP_MS));
    throw new Damaged(`${stored.size} bytes were stored of ${length}, with another MD5`);
  }

  async #find(
    doing: string,
    key: string,
    get: Pick<ApiRequest, "url" | "headers">,
    signal: AbortSignal,
  ): Promise<Pick<HttpAnswer, "bytes"> | null> {
    const request = this.#request(doing, key, "storage.objects.get and storage.objects.list");
    return await this.#requests.run(request, signal, async () => {
      try {
        return await this.#api.send({ method: "GET", ...get });
      } catch (error) {
        if (isMissingObject(error)) return null;
        if (gcsFacts(error).status === RANGE_NOT_SATISFIABLE) return { bytes: new Uint8Array(0) };
        throw error;
      }
    });
  }

  #objectPath(key: string): string {
    return `o/${encodeURIComponent(key)}`;
  }

  #url(path: string, query: Record<string, string> = {}, kind: "" | "upload/" = ""): URL {
    const bucket = encodeURIComponent(this.#bucket);
    const url = new URL(`${this.#endpoint}/${kind}storage/v1/b/${bucket}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  #request(doing: string, key: string, permission: string): Request {
    return { doing, target: `${this.uri}/${key}`, permission };
  }
}

function objectInfo({ name, size, md5Hash }: ObjectResource): ObjectInfo {
  return { key: name, sizeBytes: size, md5: md5Hash };
}

/** Generation 0: no object of that name. */
function condition(onlyNew: boolean): Record<string, string> {
  return onlyNew ? { ifGenerationMatch: "0" } : {};
}
