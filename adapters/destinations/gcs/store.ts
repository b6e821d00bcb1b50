/** A bucket of Google Cloud Storage, over its JSON API. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import type { FileRange } from "../kit/file_body.ts";
import type { ObjectStore } from "../kit/object_store.ts";
import type { UploadLimits } from "../kit/part_upload.ts";
import type { Attempt, Requests } from "../kit/requests.ts";
import type { Request } from "../kit/request.ts";
import { type ApiAnswer, ApiError, type GcsApi } from "./api.ts";
import { isMissingObject } from "./errors.ts";
import { type ObjectResource, objectResource, pageOf, rewriteOf } from "./resources.ts";

const SERVER_WORK_MS = 15 * 60_000;
const PAGE_SIZE = 1000;
/** Pieces of a resumable upload are multiples of this, the last one excepted. */
const PIECE_UNIT = 256 * 1024;
const CONTENT_TYPE = "application/octet-stream";

/** Replacing an object takes the permission to delete it, too. */
const WRITE = "storage.objects.create and storage.objects.delete";

export class GcsStore implements ObjectStore {
  readonly kind = "gcs";
  readonly uri: string;
  readonly limits: UploadLimits;
  readonly #api: GcsApi;
  readonly #endpoint: string;
  readonly #bucket: string;
  readonly #requests: Requests;

  constructor(
    api: GcsApi,
    place: { readonly endpoint: string; readonly bucket: string },
    requests: Requests,
    limits: UploadLimits,
  ) {
    this.#api = api;
    this.#endpoint = place.endpoint.replace(/\/+$/, "");
    this.#bucket = place.bucket;
    this.#requests = requests;
    this.limits = limits;
    this.uri = `gs://${place.bucket}`;
  }

  async putSingle(range: FileRange, key: string, md5: string): Promise<void> {
    await this.#requests.run(
      this.#request("write", key, WRITE),
      (attempt) => this.#insert(key, attempt, attempt.body(range), range.length, md5),
    );
  }

  async putBytes(bytes: Uint8Array, key: string): Promise<void> {
    const md5 = createHash("md5").update(bytes).digest("base64");
    await this.#requests.run(
      this.#request("write", key, WRITE),
      (attempt) => this.#insert(key, attempt, bytes, bytes.length, md5),
    );
  }

  /** One resumable upload: pieces in order, each confirmed before the next is read. */
  async putLarge(range: FileRange, key: string, md5: string): Promise<void> {
    const session = await this.#openSession(key, md5, range.length);
    try {
      const pieceBytes = Math.max(1, Math.floor(this.limits.partBytes / PIECE_UNIT)) * PIECE_UNIT;
      let start = 0;
      while (start < range.length) {
        const length = Math.min(pieceBytes, range.length - start);
        start = await this.#sendPiece(key, session, { ...range, start, length }, range.length);
      }
    } catch (error) {
      await this.#cancelSession(key, session);
      throw error;
    }
  }

  async *pages(prefix: string): AsyncIterable<readonly ObjectInfo[]> {
    let pageToken: string | null = null;
    do {
      const url = this.#url("o", { prefix, maxResults: String(PAGE_SIZE) });
      url.searchParams.set("fields", "items(name,size,md5Hash),nextPageToken");
      if (pageToken !== null) url.searchParams.set("pageToken", pageToken);
      const { bytes } = await this.#requests.run(
        { doing: "list", target: `${this.uri}/${prefix}`, permission: "storage.objects.list" },
        (attempt) => this.#api.send({ method: "GET", url }, attempt),
      );
      const page = pageOf(bytes);
      yield page.items.map(objectInfo);
      pageToken = page.nextPageToken;
    } while (pageToken !== null);
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const answer = await this.#find("look at", key, {});
    return answer === null ? null : objectInfo(objectResource(answer.bytes));
  }

  async read(key: string): Promise<Uint8Array | null> {
    return (await this.#find("read", key, { alt: "media" }))?.bytes ?? null;
  }

  async copy(from: ObjectInfo, to: string): Promise<void> {
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
        (attempt) => this.#api.send({ method: "POST", url }, attempt),
      );
      token = rewriteOf(bytes);
    } while (token !== null);
  }

  async remove(key: string): Promise<void> {
    const url = this.#url(this.#objectPath(key));
    const request = this.#request("remove", key, "storage.objects.delete");
    await this.#requests.run(request, async (attempt) => {
      try {
        await this.#api.send({ method: "DELETE", url }, attempt);
      } catch (error) {
        // Removed already, perhaps by an attempt whose answer was lost.
        if (!isMissingObject(error)) throw error;
      }
    });
  }

  close(): void {
    this.#api.close();
  }

  /** The service compares `md5` with what arrived before the object appears. */
  #insert(
    key: string,
    attempt: Attempt,
    media: Uint8Array | Readable,
    length: number,
    md5: string,
  ): Promise<ApiAnswer> {
    const boundary = crypto.randomUUID();
    const metadata = JSON.stringify({ name: key, md5Hash: md5 });
    const head = Buffer.from(
      `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${metadata}\r\n` +
        `--${boundary}\r\ncontent-type: ${CONTENT_TYPE}\r\n\r\n`,
    );
    const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
    return this.#api.send({
      method: "POST",
      url: this.#url("o", { uploadType: "multipart" }, "upload/"),
      headers: { "content-type": `multipart/related; boundary=${boundary}` },
      body: [head, media, tail],
      contentLength: head.length + length + tail.length,
    }, attempt);
  }

  async #openSession(key: string, md5: string, length: number): Promise<URL> {
    const metadata = Buffer.from(JSON.stringify({ name: key, md5Hash: md5 }));
    const { headers } = await this.#requests.run(
      this.#request("write", key, WRITE),
      (attempt) =>
        this.#api.send({
          method: "POST",
          url: this.#url("o", { uploadType: "resumable" }, "upload/"),
          headers: {
            "content-type": "application/json; charset=UTF-8",
            "x-upload-content-type": CONTENT_TYPE,
            "x-upload-content-length": String(length),
          },
          body: [metadata],
          contentLength: metadata.length,
        }, attempt),
    );
    return new URL(String(headers.location));
  }

  /** Where the next piece starts: a service may keep less of a piece than it was sent. */
  #sendPiece(key: string, session: URL, piece: FileRange, total: number): Promise<number> {
    const end = piece.start + piece.length;
    return this.#requests.run(this.#request("write", key, WRITE), async (attempt) => {
      const { status, headers } = await this.#api.send({
        method: "PUT",
        url: session,
        headers: { "content-range": `bytes ${piece.start}-${end - 1}/${total}` },
        body: [attempt.body(piece)],
        contentLength: piece.length,
      }, attempt);
      if (status !== 308) return total;
      const kept = /^bytes=0-(\d+)$/.exec(String(headers.range))?.[1];
      return kept === undefined ? 0 : Number(kept) + 1;
    });
  }

  async #cancelSession(key: string, session: URL): Promise<void> {
    try {
      await this.#requests.run(
        this.#request("cancel the upload of", key, WRITE),
        async (attempt) => {
          try {
            await this.#api.send({ method: "DELETE", url: session }, attempt);
          } catch (error) {
            // The service's answer to a cancelled upload.
            if (!(error instanceof ApiError && error.status === 499)) throw error;
          }
        },
      );
    } catch {
      // The failure that led here is the one to report; a session ends by itself after a week.
    }
  }

  async #find(
    doing: string,
    key: string,
    query: Record<string, string>,
  ): Promise<ApiAnswer | null> {
    const url = this.#url(this.#objectPath(key), query);
    const request = this.#request(doing, key, "storage.objects.get and storage.objects.list");
    return await this.#requests.run(request, async (attempt) => {
      try {
        return await this.#api.send({ method: "GET", url }, attempt);
      } catch (error) {
        if (isMissingObject(error)) return null;
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
