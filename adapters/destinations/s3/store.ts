/** A bucket of Amazon S3 or of a store that speaks its protocol. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import { type FileRange, RangeBody, rangeMd5 } from "../kit/file_body.ts";
import {
  type ByteRange,
  type ObjectStore,
  RANGE_NOT_SATISFIABLE,
  rangeHeader,
  type Upload,
  type WriteOptions,
} from "../kit/object_store.ts";
import { partRanges, sendAll, type UploadLimits } from "../kit/part_upload.ts";
import { encodePath } from "../kit/prefix.ts";
import { ResponseCut } from "../kit/request_errors.ts";
import type { Creation, Request } from "../kit/request.ts";
import { creation, type Requests } from "../kit/requests.ts";
import { isMissingObject, isMissingUpload, isTaken, isUnexplained, s3Facts } from "./errors.ts";

/** Limits of the protocol. */
const MAX_PARTS = 10_000;
const MAX_COPY_BYTES = 5 * 1024 ** 3;
const COPY_PART_BYTES = 512 * 1024 ** 2;

/** The store assembles or copies on its own before it answers. */
const SERVER_WORK_MS = 15 * 60_000;

/** For taking back an upload, at most. */
const CLEAN_UP_MS = 10_000;

interface FoundObject {
  readonly etag: string | undefined;
  readonly sizeBytes: number;
  /** The encryption that makes the ETag no MD5 of the bytes. */
  readonly foreign: string | null;
}

interface UploadedPart {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

export class S3Store implements ObjectStore {
  readonly kind = "s3";
  readonly uri: string;
  readonly limits: UploadLimits;
  readonly heedsConditions: boolean | null;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #requests: Requests;

  constructor(
    client: S3Client,
    bucket: string,
    requests: Requests,
    options: { readonly limits: UploadLimits; readonly heedsConditions: boolean | null },
  ) {
    this.#client = client;
    this.#bucket = bucket;
    this.#requests = requests;
    this.limits = options.limits;
    this.heedsConditions = options.heedsConditions;
    this.uri = `s3://${bucket}`;
  }

  putSingle({ range, key, md5 }: Upload, options: WriteOptions): Promise<Creation> {
    return this.#create(key, options, {
      Body: range.length === 0 ? new Uint8Array(0) : new RangeBody(range),
      ContentLength: range.length,
      ContentMD5: md5,
    });
  }

  putBytes(bytes: Uint8Array, key: string, options: WriteOptions): Promise<Creation> {
    const md5 = createHash("md5").update(bytes).digest("base64");
    return this.#create(key, options, { Body: bytes, ContentMD5: md5 });
  }

  async putLarge(upload: Upload, options: WriteOptions): Promise<Creation> {
    const { range, key } = upload;
    const ranges = this.#ranges(range);
    const md5s = upload.pieceMd5s?.length === ranges.length ? upload.pieceMd5s : null;
    return await this.#multipart(key, options, (uploadId) =>
      sendAll(
        ranges,
        this.limits.concurrency,
        async (piece, i) =>
          await this.#uploadPart(key, uploadId, i + 1, piece, {
            md5: md5s?.[i] ?? await rangeMd5(piece),
            signal: options.signal,
          }),
      ));
  }

  /** An object of several pieces has an ETag of its own form: the MD5 of the pieces' MD5s. */
  async holds({ range, key, md5, pieceMd5s }: Upload, signal: AbortSignal): Promise<boolean> {
    const found = await this.#head(key, signal);
    if (found === null || found.foreign !== null || found.sizeBytes !== range.length) return false;
    if (range.length <= this.limits.singlePutBytes) return md5OfETag(found.etag) === md5;
    const hash = createHash("md5");
    const ranges = this.#ranges(range);
    for (const [i, piece] of ranges.entries()) {
      const known = pieceMd5s?.length === ranges.length ? pieceMd5s[i] : undefined;
      hash.update(known ?? await rangeMd5(piece), "base64");
    }
    return found.etag === `"${hash.digest("hex")}-${ranges.length}"`;
  }

  async *pages(prefix: string, signal: AbortSignal): AsyncIterable<readonly ObjectInfo[]> {
    let token: string | undefined;
    do {
      const page = await this.#requests.run(
        {
          doing: "list",
          target: `${this.uri}/${prefix}`,
          permission: "s3:ListBucket",
          needsBucketOnly: true,
        },
        signal,
        ({ signal }) =>
          this.#client.send(
            new ListObjectsV2Command({
              Bucket: this.#bucket,
              Prefix: prefix,
              ContinuationToken: token,
              MaxKeys: this.limits.pageObjects,
            }),
            { abortSignal: signal },
          ),
      );
      yield (page.Contents ?? []).map(({ Key, Size, ETag }) => ({
        key: Key ?? "",
        sizeBytes: Size ?? 0,
        md5: md5OfETag(ETag),
      }));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | null> {
    const found = await this.#head(key, signal);
    if (found === null) return null;
    // Under a customer's key an ETag is no MD5 and looks like one.
    const md5 = found.foreign === null ? md5OfETag(found.etag) : undefined;
    return { key, sizeBytes: found.sizeBytes, md5 };
  }

  async foreignMd5(key: string, signal: AbortSignal): Promise<string | null> {
    return (await this.#head(key, signal))?.foreign ?? null;
  }

  async read(key: string, signal: AbortSignal, range?: ByteRange): Promise<Uint8Array | null> {
    const request = this.#request("read", key, "s3:GetObject and s3:ListBucket");
    return await this.#requests.run(request, signal, async ({ signal }) => {
      try {
        const { Body, ContentLength } = await this.#client.send(
          new GetObjectCommand({
            ...this.#object(key),
            Range: range === undefined ? undefined : rangeHeader(range),
          }),
          { abortSignal: signal },
        );
        const bytes = await Body?.transformToByteArray() ?? new Uint8Array(0);
        if (bytes.length !== (ContentLength ?? bytes.length)) throw new ResponseCut();
        return bytes;
      } catch (error) {
        if (isMissingObject(error)) return null;
        if (s3Facts(error).status === RANGE_NOT_SATISFIABLE) return new Uint8Array(0);
        throw error;
      }
    });
  }

  async copy(from: ObjectInfo, to: string, signal: AbortSignal): Promise<void> {
    const source = encodePath(`${this.#bucket}/${from.key}`);
    if (from.sizeBytes > MAX_COPY_BYTES) return await this.#copyInParts(from, source, to, signal);
    const request = {
      ...this.#request("copy to", to, "s3:GetObject and s3:PutObject"),
      idleMs: SERVER_WORK_MS,
    };
    await this.#requests.run(request, signal, ({ signal }) =>
      this.#client.send(
        new CopyObjectCommand({ ...this.#object(to), CopySource: source }),
        { abortSignal: signal },
      ));
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await this.#requests.run(
      this.#request("remove", key, "s3:DeleteObject"),
      signal,
      ({ signal }) =>
        this.#client.send(
          new DeleteObjectCommand(this.#object(key)),
          { abortSignal: signal },
        ),
    );
  }

  close(): void {
    this.#client.destroy();
  }

  async #create(
    key: string,
    { onlyNew, signal }: WriteOptions,
    content: Omit<PutObjectCommandInput, "Bucket" | "Key">,
  ): Promise<Creation> {
    const request = { ...this.#request("write", key, "s3:PutObject"), needsBucketOnly: true };
    return await this.#requests.run(request, signal, (attempt) => {
      const input = { ...this.#object(key), ...condition(onlyNew), ...content };
      return creation(
        attempt,
        isTaken,
        () => this.#client.send(new PutObjectCommand(input), { abortSignal: attempt.signal }),
      );
    });
  }

  /** The object appears with the last request; on a failure the parts are removed, which would cost. */
  async #multipart(
    key: string,
    { onlyNew, signal }: WriteOptions,
    send: (uploadId: string) => Promise<UploadedPart[]>,
  ): Promise<Creation> {
    const request = this.#request("write", key, "s3:PutObject");
    const { UploadId } = await this.#requests.run(
      request,
      signal,
      ({ signal }) =>
        this.#client.send(
          new CreateMultipartUploadCommand(this.#object(key)),
          { abortSignal: signal },
        ),
    );
    if (UploadId === undefined) throw new Error("the store opened an upload without an id");
    let stored = false;
    try {
      const parts = await send(UploadId);
      const complete = new CompleteMultipartUploadCommand({
        ...this.#object(key),
        ...condition(onlyNew),
        UploadId,
        MultipartUpload: { Parts: parts },
      });
      const patient = { ...request, idleMs: SERVER_WORK_MS };
      const outcome = await this.#requests.run(patient, signal, (attempt) => {
        // An upload that an attempt with a lost answer has completed is gone.
        const ended = (error: unknown) =>
          isTaken(error) || attempt.number > 1 && isMissingUpload(error);
        return creation(
          attempt,
          ended,
          () => this.#client.send(complete, { abortSignal: attempt.signal }),
        );
      });
      stored = outcome === "stored";
      return outcome;
    } finally {
      if (!stored) await this.#abort(key, UploadId);
    }
  }

  /** Also when the run was stopped: it waits for this, and not for the upload. */
  async #abort(key: string, UploadId: string): Promise<void> {
    const request = this.#request("abort the upload of", key, "s3:AbortMultipartUpload");
    try {
      await this.#requests.run(
        request,
        AbortSignal.timeout(CLEAN_UP_MS),
        ({ signal }) =>
          this.#client.send(
            new AbortMultipartUploadCommand({ ...this.#object(key), UploadId }),
            { abortSignal: signal },
          ),
      );
    } catch {
      // The failure that led here is the one to report; a lifecycle rule removes what stays.
    }
  }

  async #uploadPart(
    key: string,
    UploadId: string,
    PartNumber: number,
    range: FileRange,
    { md5, signal }: { readonly md5: string; readonly signal: AbortSignal },
  ): Promise<UploadedPart> {
    const request = this.#request("write", key, "s3:PutObject");
    const { ETag } = await this.#requests.run(
      request,
      signal,
      ({ signal }) =>
        this.#client.send(
          new UploadPartCommand({
            ...this.#object(key),
            UploadId,
            PartNumber,
            Body: new RangeBody(range),
            ContentLength: range.length,
            ContentMD5: md5,
          }),
          { abortSignal: signal },
        ),
    );
    return { PartNumber, ETag };
  }

  async #head(key: string, signal: AbortSignal): Promise<FoundObject | null> {
    const request = this.#request("look at", key, "s3:GetObject and s3:ListBucket");
    return await this.#requests.run(request, signal, async ({ signal }) => {
      try {
        const found = await this.#client.send(new HeadObjectCommand(this.#object(key)), {
          abortSignal: signal,
        });
        const { ServerSideEncryption: own = "AES256", SSECustomerAlgorithm } = found;
        const foreign = own !== "AES256"
          ? own
          : SSECustomerAlgorithm === undefined
          ? null
          : "SSE-C";
        return { etag: found.ETag, sizeBytes: found.ContentLength ?? 0, foreign };
      } catch (error) {
        if (isMissingObject(error)) return null;
        if (!isUnexplained(error)) throw error;
        // The answer to a HEAD has no body, and says of a wrong secret what it says of a permission.
        await this.#client.send(
          new GetObjectCommand({ ...this.#object(key), Range: "bytes=0-0" }),
          { abortSignal: signal },
        );
        throw error;
      }
    });
  }

  #ranges({ file, length }: FileRange): FileRange[] {
    return partRanges(file, length, this.limits.partBytes, MAX_PARTS);
  }

  async #copyInParts(
    from: ObjectInfo,
    source: string,
    to: string,
    signal: AbortSignal,
  ): Promise<void> {
    const request = {
      ...this.#request("copy to", to, "s3:GetObject and s3:PutObject"),
      idleMs: SERVER_WORK_MS,
    };
    await this.#multipart(to, { onlyNew: false, signal }, (UploadId) => {
      const ranges = partRanges("", from.sizeBytes, COPY_PART_BYTES, MAX_PARTS);
      return sendAll(ranges, this.limits.concurrency, async ({ start, length }, i) => {
        const copy = new UploadPartCopyCommand({
          ...this.#object(to),
          UploadId,
          PartNumber: i + 1,
          CopySource: source,
          CopySourceRange: `bytes=${start}-${start + length - 1}`,
        });
        const { CopyPartResult } = await this.#requests.run(
          request,
          signal,
          ({ signal }) => this.#client.send(copy, { abortSignal: signal }),
        );
        return { PartNumber: i + 1, ETag: CopyPartResult?.ETag };
      });
    });
  }

  #object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: key };
  }

  #request(doing: string, key: string, permission: string): Request {
    return { doing, target: `${this.uri}/${key}`, permission };
  }
}

function condition(onlyNew: boolean): { IfNoneMatch?: "*" } {
  return onlyNew ? { IfNoneMatch: "*" } : {};
}

/** An ETag in the form of an MD5, as base64; those of multipart objects have a suffix and are none. */
function md5OfETag(etag: string | undefined): string | undefined {
  const hex = /^"?([0-9a-f]{32})"?$/i.exec(etag ?? "")?.[1];
  return hex === undefined ? undefined : btoa(String.fromCharCode(...bytesOfHex(hex)));
}

function bytesOfHex(hex: string): number[] {
  return Array.from(
    { length: hex.length / 2 },
    (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}
