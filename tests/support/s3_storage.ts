/**
 * What s3rver keeps objects in, with S3's own guarantees, which its file store lacks: an object appears
 * when all of its bytes have arrived and match their MD5, a replaced one is read old or new, listings
 * are in order, and an upload in parts has an ETag of its own form and can be aborted.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { compareKeys } from "../../adapters/destinations/kit/keys.ts";

interface StoredObject {
  readonly file: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: Date;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, StoredObject>;
}

interface ListOptions {
  readonly prefix?: string;
  readonly startAfter?: string;
  readonly maxKeys?: number;
}

/** `code` is S3's. */
export class Refusal extends Error {
  readonly code: string;
  readonly detail = {};
  readonly status: number;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** What a compatible store makes of `If-None-Match: *` on a write; many ignore it. */
export type Conditions = "heeded" | "ignored" | "refused";

export class S3Storage {
  readonly #folder: string;
  readonly #bucket: string;
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  readonly #conditions: Conditions;

  constructor(folder: string, bucket: string, conditions: Conditions) {
    this.#conditions = conditions;
    this.#folder = folder;
    this.#bucket = bucket;
  }

  getBucket(name: string): Promise<unknown> {
    return Promise.resolve(name === this.#bucket ? { name, creationDate: new Date(0) } : null);
  }

  putBucket(name: string): Promise<unknown> {
    return this.getBucket(name);
  }

  getSubresource(): Promise<null> {
    return Promise.resolve(null);
  }

  existsObject(_bucket: string, key: string): Promise<boolean> {
    return Promise.resolve(this.#objects.has(key));
  }

  listObjects(_bucket: string, { prefix = "", startAfter = "", maxKeys = 1000 }: ListOptions) {
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && compareKeys(key, startAfter) > 0)
      .sort(compareKeys);
    const objects = keys.slice(0, maxKeys).map((key) => this.#described(key, null));
    return Promise.resolve({ objects, commonPrefixes: [], isTruncated: keys.length > maxKeys });
  }

  getObject(_bucket: string, key: string): Promise<unknown> {
    const object = this.#objects.get(key);
    if (object === undefined) return Promise.resolve(null);
    return Promise.resolve(this.#described(key, createReadStream(object.file)));
  }

  async putObject(object: { key: string; content: IncomingMessage }) {
    this.#checkCondition(object.key, object.content);
    const stored = await this.#receive(object.content);
    this.#checkCondition(object.key, object.content);
    this.#objects.set(object.key, stored);
    return { size: stored.size, md5: stored.etag };
  }

  copyObject(_from: string, fromKey: string, _to: string, toKey: string): Promise<unknown> {
    const object = this.#objects.get(fromKey);
    if (object === undefined) throw new Refusal(404, "NoSuchKey");
    this.#objects.set(toKey, { ...object, modified: new Date() });
    return Promise.resolve(this.#described(toKey, null).metadata);
  }

  deleteObject(_bucket: string, key: string): Promise<void> {
    this.#objects.delete(key);
    return Promise.resolve();
  }

  initiateUpload(_bucket: string, key: string, uploadId: string): Promise<void> {
    this.#uploads.set(uploadId, { key, parts: new Map() });
    return Promise.resolve();
  }

  async putPart(_bucket: string, uploadId: string, part: string, content: IncomingMessage) {
    const stored = await this.#receive(content);
    this.#upload(uploadId).parts.set(Number(part), stored);
    return { size: stored.size, md5: stored.etag };
  }

  /** To be called with the request that completes an upload, before it does. */
  checkUpload(uploadId: string, request: IncomingMessage): void {
    this.#checkCondition(this.#upload(uploadId).key, request);
  }

  async putObjectMultipart(
    _bucket: string,
    uploadId: string,
    parts: readonly { readonly number: number; readonly etag: string }[],
  ) {
    const upload = this.#upload(uploadId);
    const file = this.#newFile();
    const whole = await Deno.open(file, { write: true, createNew: true });
    const hash = createHash("md5");
    let size = 0;
    for (const { number, etag } of parts) {
      const part = upload.parts.get(number);
      if (part === undefined || part.etag !== etag) throw new Refusal(400, "InvalidPart");
      hash.update(part.etag, "hex");
      size += part.size;
      await (await Deno.open(part.file)).readable.pipeTo(whole.writable, { preventClose: true });
    }
    whole.close();
    const etag = `${hash.digest("hex")}-${parts.length}`;
    this.#objects.set(upload.key, { file, size, etag, modified: new Date() });
    this.#uploads.delete(uploadId);
    return { size, md5: etag };
  }

  abortUpload(uploadId: string): void {
    this.#upload(uploadId);
    this.#uploads.delete(uploadId);
  }

  /** Of objects that were begun in parts, and neither completed nor aborted. */
  openUploads(): string[] {
    return [...this.#uploads.values()].map((upload) => upload.key);
  }

  #checkCondition(key: string, { headers }: IncomingMessage): void {
    if (this.#conditions !== "heeded" || headers["if-none-match"] !== "*") return;
    if (this.#objects.has(key)) throw new Refusal(412, "PreconditionFailed");
  }

  #upload(uploadId: string): Upload {
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined) throw new Refusal(404, "NoSuchUpload");
    return upload;
  }

  #newFile(): string {
    return join(this.#folder, crypto.randomUUID());
  }

  async #receive(body: IncomingMessage): Promise<StoredObject> {
    const file = this.#newFile();
    const out = await Deno.open(file, { write: true, createNew: true });
    const hash = createHash("md5");
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        hash.update(chunk);
        size += chunk.length;
        for (let at = 0; at < chunk.length;) at += await out.write(chunk.subarray(at));
      }
    } finally {
      out.close();
    }
    const { "content-length": length, "content-md5": wanted } = body.headers;
    if (length !== undefined && Number(length) !== size) throw new Refusal(400, "IncompleteBody");
    const digest = hash.digest();
    if (wanted !== undefined && wanted !== digest.toString("base64")) {
      throw new Refusal(400, "BadDigest");
    }
    return { file, size, etag: digest.toString("hex"), modified: new Date() };
  }

  #described(key: string, content: Readable | null) {
    const object = this.#objects.get(key);
    if (object === undefined) throw new Refusal(404, "NoSuchKey");
    const { size, modified, etag } = object;
    return {
      key,
      content,
      size,
      lastModifiedDate: modified,
      metadata: {
        etag: JSON.stringify(etag),
        "content-length": size,
        "content-type": "binary/octet-stream",
        "last-modified": modified.toUTCString(),
      },
    };
  }
}
