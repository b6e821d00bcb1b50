/**
 * The part of Cloud Storage's JSON API that destinations use, over a real socket: simple and resumable
 * uploads that check their MD5, paged listings, metadata, media, rewrite, delete, preconditions.
 */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { createCRC32 } from "hash-wasm";
import { compareKeys } from "../../adapters/destinations/kit/keys.ts";
import { type GcsConfig, openGcs } from "../../adapters/destinations/gcs/mod.ts";
import type { ObjectDestination } from "../../adapters/destinations/kit/object_store.ts";
import type { TlsFront } from "./tls_front.ts";
import type { StoreOptions } from "../../adapters/destinations/kit/store_options.ts";

const CRC32C = 0x82f63b78;
/** Rewrites of larger objects take more than one call. */
const REWRITE_BYTES = 32 * 1024;

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly generation: number;
  readonly metadata: Record<string, unknown>;
}

interface Session {
  readonly name: string;
  readonly metadata: Record<string, unknown>;
  readonly generationMatch: string | null;
  received: Uint8Array;
  /** The object's metadata, once the upload is complete. */
  stored: Record<string, unknown> | null;
}

class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export const GCS_BUCKET = "exports";

export interface GcsDouble {
  readonly endpoint: string;
  readonly port: number;
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** What requests were authorized with. */
  readonly authorizations: readonly string[];
  /** The next answers to uploads say this of what was stored. */
  misreport(times: number, said: Readonly<Record<string, string>>): void;
  /** Names of resumable uploads that were begun and not finished. */
  openUploads(): string[];
  config(prefix: string, endpoint?: string): GcsConfig;
  open(prefix: string, options?: StoreOptions, endpoint?: string): Promise<ObjectDestination>;
  /** Over TLS that ends in front of the server. */
  openSecure(
    prefix: string,
    front: TlsFront,
    options?: StoreOptions,
    env?: Record<string, string>,
  ): Promise<ObjectDestination>;
  stop(): Promise<void>;
}

/** @param conditions `ignored`: uploads overwrite whatever they were to find there. */
export function startGcsDouble(conditions: "heeded" | "ignored" = "heeded"): GcsDouble {
  const bucket = new DoubleBucket(conditions === "heeded");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => bucket.answer(request),
  );
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const config = (prefix: string, at = endpoint): GcsConfig => ({
    type: "gcs",
    bucket: GCS_BUCKET,
    prefix,
    endpoint: at,
  });
  return {
    endpoint,
    port: server.addr.port,
    objects: bucket.objects,
    authorizations: bucket.authorizations,
    misreport: (times, said) => void (bucket.lies = { left: times, said }),
    openUploads: () =>
      [...bucket.sessions.values()].filter((s) => s.stored === null).map((s) => s.name),
    config,
    open: (prefix, options, at) => openGcs(config(prefix, at), () => undefined, options),
    openSecure: (prefix, { endpoint, caFile }, options, env = {}) =>
      openGcs(
        { ...config(prefix, endpoint), ca_file: caFile, allow_anonymous: true },
        (name) => env[name],
        options,
      ),
    stop: () => server.shutdown(),
  };
}

class DoubleBucket {
  readonly objects = new Map<string, StoredObject>();
  readonly sessions = new Map<string, Session>();
  lies: { left: number; readonly said: Readonly<Record<string, string>> } = { left: 0, said: {} };
  #generation = 1;
  readonly #heedsConditions: boolean;

  constructor(heedsConditions: boolean) {
    this.#heedsConditions = heedsConditions;
  }

  readonly authorizations: string[] = [];

  async answer(request: Request): Promise<Response> {
    const authorization = request.headers.get("authorization");
    if (authorization !== null) this.authorizations.push(authorization);
    try {
      return await this.#route(request, new URL(request.url));
    } catch (error) {
      // A client that went away in the middle of a body.
      if (!(error instanceof Refusal)) return new Response(String(error), { status: 400 });
      const { status, reason, message } = error;
      return Response.json({
        error: { code: status, message, errors: [{ domain: "global", reason, message }] },
      }, { status });
    }
  }

  async #route(request: Request, url: URL): Promise<Response> {
    const path = url.pathname.split("/").map(decodeURIComponent);
    // /[upload|download/]storage/v1/b/BUCKET/o/OBJECT
    const bucketAt = path.indexOf("b") + 1;
    if (path[bucketAt] !== GCS_BUCKET) {
      throw new Refusal(404, "notFound", "The specified bucket does not exist.");
    }
    if (path[1] === "upload") return await this.#upload(request, url);
    const object = path.slice(bucketAt + 2).join("/");
    const rewrite = /^(.*)\/rewriteTo\/b\/([^/]+)\/o\/(.*)$/s.exec(object);
    if (rewrite !== null) return await this.#rewrite(url, rewrite[1], rewrite[3]);
    if (object === "") return this.#list(url);
    switch (request.method) {
      case "GET":
        return url.searchParams.get("alt") === "media"
          ? this.#media(object, request.headers.get("range"))
          : Response.json(this.#stored(object).metadata);
      case "DELETE":
        this.#stored(object);
        this.objects.delete(object);
        return new Response(null, { status: 204 });
      default:
        throw new Refusal(405, "methodNotAllowed", request.method);
    }
  }

  async #upload(request: Request, url: URL): Promise<Response> {
    const sessionId = url.searchParams.get("upload_id");
    if (sessionId !== null) return await this.#piece(request, sessionId);
    const match = url.searchParams.get("ifGenerationMatch");
    if (url.searchParams.get("uploadType") === "resumable") {
      const metadata = await request.json();
      const id = crypto.randomUUID();
      const scheme = request.headers.get("x-forwarded-proto") ?? "http";
      const name = url.searchParams.get("name") ?? metadata.name;
      this.sessions.set(id, {
        name,
        metadata,
        generationMatch: match,
        received: new Uint8Array(0),
        stored: null,
      });
      return new Response(null, {
        headers: { location: `${scheme}://${url.host}${url.pathname}?upload_id=${id}` },
      });
    }
    const { metadata, media } = parseRelated(
      request.headers.get("content-type") ?? "",
      Buffer.from(await request.arrayBuffer()),
    );
    const name = url.searchParams.get("name") ?? String(metadata.name);
    return this.#answerStored(await this.#store(name, metadata, media, match));
  }

  /** `Content-Range: bytes 0-99/*` and `bytes 100-149/150`; the status query is `bytes *\/150`. */
  async #piece(request: Request, id: string): Promise<Response> {
    const session = this.sessions.get(id);
    if (session === undefined) throw new Refusal(404, "notFound", "No such upload");
    if (request.method === "DELETE") {
      this.sessions.delete(id);
      return new Response(null, { status: 499 });
    }
    const bytes = new Uint8Array(await request.arrayBuffer());
    const range = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(
      request.headers.get("content-range") ?? "bytes 0-*/*",
    );
    if (range === null) throw new Refusal(400, "invalid", "Bad Content-Range");
    if (range[1] !== undefined) {
      const start = Number(range[1]);
      if (start > session.received.length) throw new Refusal(400, "invalid", "A piece is missing");
      session.received = new Uint8Array(
        Buffer.concat([session.received.subarray(0, start), bytes]),
      );
    }
    const open = range[3] === "*" && range[2] !== "*" && request.headers.has("content-range");
    if (open || (range[3] !== "*" && session.received.length < Number(range[3]))) {
      const { length } = session.received;
      return new Response(null, {
        status: 308,
        headers: length === 0 ? {} : { range: `bytes=0-${length - 1}` },
      });
    }
    const { name, metadata, generationMatch, received } = session;
    session.stored ??= await this.#store(name, metadata, received, generationMatch);
    return this.#answerStored(session.stored);
  }

  #answerStored(metadata: Record<string, unknown>): Response {
    const { left, said } = this.lies;
    if (left > 0) this.lies.left--;
    return Response.json(left > 0 ? { ...metadata, ...said } : metadata);
  }

  async #store(
    name: string,
    given: Record<string, unknown>,
    bytes: Uint8Array,
    generationMatch: string | null,
  ): Promise<Record<string, unknown>> {
    const crc = await createCRC32(CRC32C);
    const current = this.objects.get(name)?.generation ?? 0;
    const asked = this.#heedsConditions ? generationMatch : null;
    if (asked !== null && Number(asked) !== current) {
      throw new Refusal(412, "conditionNotMet", "At least one of the pre-conditions did not hold.");
    }
    const md5Hash = createHash("md5").update(bytes).digest("base64");
    if (given.md5Hash !== undefined && given.md5Hash !== md5Hash) {
      throw new Refusal(
        400,
        "invalid",
        `Provided MD5 hash "${given.md5Hash}" doesn't match calculated MD5 hash "${md5Hash}".`,
      );
    }
    const generation = this.#generation++;
    const metadata = {
      kind: "storage#object",
      name,
      bucket: GCS_BUCKET,
      generation: String(generation),
      metageneration: "1",
      size: String(bytes.length),
      md5Hash,
      crc32c: Buffer.from(crc.init().update(bytes).digest("hex"), "hex").toString("base64"),
      contentType: given.contentType,
    };
    this.objects.set(name, { bytes, generation, metadata });
    return metadata;
  }

  #stored(name: string): StoredObject {
    const object = this.objects.get(name);
    if (object !== undefined) return object;
    throw new Refusal(404, "notFound", `No such object: ${GCS_BUCKET}/${name}`);
  }

  #media(name: string, range: string | null): Response {
    const { bytes: stored, metadata } = this.#stored(name);
    const bytes = new Uint8Array(stored);
    const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
    if (asked === null) {
      return new Response(bytes, {
        headers: {
          "content-type": "application/octet-stream",
          "x-goog-hash": `crc32c=${metadata.crc32c},md5=${metadata.md5Hash}`,
          "x-goog-stored-content-length": String(bytes.length),
          "x-goog-stored-content-encoding": "identity",
        },
      });
    }
    const [start, end] = [Number(asked[1]), Number(asked[2]) + 1];
    if (start >= bytes.length) throw new Refusal(416, "requestedRangeNotSatisfiable", "The range");
    return new Response(bytes.subarray(start, end), {
      status: 206,
      headers: {
        "content-range": `bytes ${start}-${Math.min(end, bytes.length) - 1}/${bytes.length}`,
      },
    });
  }

  #list(url: URL): Response {
    const { searchParams } = url;
    const prefix = searchParams.get("prefix") ?? "";
    const after = searchParams.get("pageToken") ?? "";
    const max = Number(searchParams.get("maxResults") ?? 1000);
    const names = [...this.objects.keys()]
      .filter((name) => name.startsWith(prefix) && compareKeys(name, after) > 0)
      .sort(compareKeys);
    const page = names.slice(0, max);
    return Response.json({
      kind: "storage#objects",
      items: page.map((name) => this.#stored(name).metadata),
      ...(names.length > max ? { nextPageToken: page.at(-1) } : {}),
    });
  }

  async #rewrite(url: URL, from: string, to: string): Promise<Response> {
    const { bytes, metadata } = this.#stored(from);
    const size = String(bytes.length);
    if (bytes.length > REWRITE_BYTES && !url.searchParams.has("rewriteToken")) {
      return Response.json({
        kind: "storage#rewriteResponse",
        totalBytesRewritten: String(REWRITE_BYTES),
        objectSize: size,
        done: false,
        rewriteToken: "more",
      });
    }
    const resource = await this.#store(to, { contentType: metadata.contentType }, bytes, null);
    return Response.json({
      kind: "storage#rewriteResponse",
      totalBytesRewritten: size,
      objectSize: size,
      done: true,
      resource,
    });
  }
}

/** `multipart/related`: JSON metadata, then the media. */
function parseRelated(
  contentType: string,
  body: Buffer,
): { metadata: Record<string, unknown>; media: Uint8Array } {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Refusal(400, "badRequest", "no boundary");
  const mark = `--${boundary}`;
  const firstHead = body.indexOf("\r\n\r\n") + 4;
  const secondMark = body.indexOf(`\r\n${mark}`, firstHead);
  const secondHead = body.indexOf("\r\n\r\n", secondMark) + 4;
  const end = body.lastIndexOf(`\r\n${mark}--`);
  if (secondMark < 0 || end < secondHead) throw new Refusal(400, "badRequest", "a cut body");
  return {
    metadata: JSON.parse(body.subarray(firstHead, secondMark).toString()),
    media: new Uint8Array(body.subarray(secondHead, end)),
  };
}
