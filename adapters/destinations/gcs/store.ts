/** A bucket of Google Cloud Storage, over its JSON API. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import type { FileRange } from "../kit/file_body.ts";
import type { ObjectStore, Upload, WriteOptions } from "../kit/object_store.ts";
import type { UploadLimits } from "../kit/part_upload.ts";
import { type Attempt, creation, type Requests } from "../kit/requests.ts";
import type { Creation, Request } from "../kit/request.ts";
import { type ApiAnswer, ApiError, type GcsApi } from "./api.ts";
import { isMissingObject, isTaken } from "./errors.ts";
import { type ObjectResource, objectResource, pageOf, rewriteOf } from "./resources.ts";

const SERVER_WORK_MS = 15 * 60_000;
const PAGE_SIZE = 1000;
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
    return this.#create(
      key,
      options,
      (attempt) =>
        this.#insert(key, attempt, options, {
          media: attempt.body(range),
          length: range.length,
          md5,
        }),
    );
  }

  putBytes(bytes: Uint8Array, key: string, options: WriteOptions): Promise<Creation> {
    const md5 = createHash("md5").update(bytes).digest("base64");
    return this.#create(
      key,
      options,
      (attempt) => this.#insert(key, attempt, options, { media: bytes, length: bytes.length, md5 }),
    );
  }

  /** One resumable upload: pieces in order, each confirmed before the next is read. */
  async putLarge({ range, key, md5 }: Upload, options: WriteOptions): Promise<Creation> {
    const session = await this.#openSession(key, md5, range.length, options);
    if (session === null) return "taken";
    const { signal } = options;
    let stored = false;
    try {
      const pieceBytes = Math.max(1, Math.floor(this.limits.partBytes / PIECE_UNIT)) * PIECE_UNIT;
      let start = 0;
      while (start < range.length) {
        const length = Math.min(pieceBytes, range.length - start);
        const piece = { ...range, start, length };
        const kept = await this.#sendPiece(key, session, piece, range.length, signal);
        if (typeof kept === "string") return kept;
        start = kept;
      }
      stored = true;
      return "stored";
    } finally {
      if (!stored) await this.#cancelSession(key, session);
    }
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
      const url = this.#url("o", { prefix, maxResults: String(PAGE_SIZE) });
      url.searchParams.set("fields", "items(name,size,md5Hash),nextPageToken");
      if (pageToken !== null) url.searchParams.set("pageToken", pageToken);
      const { bytes } = await this.#requests.run(
        { doing: "list", target: `${this.uri}/${prefix}`, permission: "storage.objects.list" },
        signal,
        (attempt) => this.#api.send({ method: "GET", url }, attempt),
      );
      const page = pageOf(bytes);
      yield page.items.map(objectInfo);
      pageToken = page.nextPageToken;
    } while (pageToken !== null);
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | null> {
    const answer = await this.#find("look at", key, {}, signal);
    return answer === null ? null : objectInfo(objectResource(answer.bytes));
  }

  async read(key: string, signal: AbortSignal): Promise<Uint8Array | null> {
    return (await this.#find("read", key, { alt: "media" }, signal))?.bytes ?? null;
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
        (attempt) => this.#api.send({ method: "POST", url }, attempt),
      );
      token = rewriteOf(bytes);
    } while (token !== null);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const url = this.#url(this.#objectPath(key));
    const request = this.#request("remove", key, "storage.objects.delete");
    await this.#requests.run(request, signal, async (attempt) => {
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

  async #create(
    key: string,
    { signal }: WriteOptions,
    send: (attempt: Attempt) => Promise<unknown>,
  ): Promise<Creation> {
    return await this.#requests.run(
      this.#request("write", key, WRITE),
      signal,
      (attempt) => creation(attempt, isTaken, () => send(attempt)),
    );
  }

  /** The service compares the MD5 with what arrived before the object appears. */
  #insert(
    key: string,
    attempt: Attempt,
    { onlyNew }: WriteOptions,
    { media, length, md5 }: {
      readonly media: Uint8Array | Readable;
      readonly length: number;
      readonly md5: string;
    },
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
      url: this.#url("o", { uploadType: "multipart", ...condition(onlyNew) }, "upload/"),
      headers: { "content-type": `multipart/related; boundary=${boundary}` },
      body: [head, media, tail],
      contentLength: head.length + length + tail.length,
    }, attempt);
  }

  /** null: the name is taken. */
  async #openSession(
    key: string,
    md5: string,
    length: number,
    { onlyNew, signal }: WriteOptions,
  ): Promise<URL | null> {
    const metadata = Buffer.from(JSON.stringify({ name: key, md5Hash: md5 }));
    const url = this.#url("o", { uploadType: "resumable", ...condition(onlyNew) }, "upload/");
    return await this.#requests.run(
      this.#request("write", key, WRITE),
      signal,
      async (attempt) => {
        try {
          const { headers } = await this.#api.send({
            method: "POST",
            url,
            headers: {
              "content-type": "application/json; charset=UTF-8",
              "x-upload-content-type": CONTENT_TYPE,
              "x-upload-content-length": String(length),
            },
            body: [metadata],
            contentLength: metadata.length,
          }, attempt);
          return new URL(String(headers.location));
        } catch (error) {
          if (isTaken(error)) return null;
          throw error;
        }
      },
    );
  }

  /** Where the next piece starts: a service may keep less of a piece than it was sent. */
  #sendPiece(
    key: string,
    session: URL,
    piece: FileRange,
    total: number,
    signal: AbortSignal,
  ): Promise<number | Creation> {
    const end = piece.start + piece.length;
    return this.#requests.run(this.#request("write", key, WRITE), signal, async (attempt) => {
      let next = total;
      const creating = await creation(attempt, isTaken, async () => {
        const { status, headers } = await this.#api.send({
          method: "PUT",
          url: session,
          headers: { "content-range": `bytes ${piece.start}-${end - 1}/${total}` },
          body: [attempt.body(piece)],
          contentLength: piece.length,
        }, attempt);
        if (status !== 308) return;
        const kept = /^bytes=0-(\d+)$/.exec(String(headers.range))?.[1];
        next = kept === undefined ? 0 : Number(kept) + 1;
      });
      return creating === "stored" ? next : creating;
    });
  }

  async #cancelSession(key: string, session: URL): Promise<void> {
    try {
      await this.#requests.run(
        this.#request("cancel the upload of", key, WRITE),
        AbortSignal.timeout(CLEAN_UP_MS),
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
    signal: AbortSignal,
  ): Promise<ApiAnswer | null> {
    const url = this.#url(this.#objectPath(key), query);
    const request = this.#request(doing, key, "storage.objects.get and storage.objects.list");
    return await this.#requests.run(request, signal, async (attempt) => {
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

/** Generation 0: no object of that name. */
function condition(onlyNew: boolean): Record<string, string> {
  return onlyNew ? { ifGenerationMatch: "0" } : {};
}
