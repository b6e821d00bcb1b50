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
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import type { ObjectInfo } from "../../../core/ports/destination.ts";
import { type FileRange, rangeMd5 } from "../kit/file_body.ts";
import type { ObjectStore } from "../kit/object_store.ts";
import { partRanges, sendAll, type UploadLimits } from "../kit/part_upload.ts";
import { encodePath } from "../kit/prefix.ts";
import { ResponseCut } from "../kit/request_errors.ts";
import type { Request } from "../kit/request.ts";
import type { Requests } from "../kit/requests.ts";
import { isMissingObject } from "./errors.ts";

/** Limits of the protocol. */
const MAX_PARTS = 10_000;
const MAX_COPY_BYTES = 5 * 1024 ** 3;
const COPY_PART_BYTES = 512 * 1024 ** 2;

/** The store assembles or copies on its own before it answers. */
const SERVER_WORK_MS = 15 * 60_000;

interface UploadedPart {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

export class S3Store implements ObjectStore {
  readonly kind = "s3";
  readonly uri: string;
  readonly limits: UploadLimits;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #requests: Requests;

  constructor(client: S3Client, bucket: string, requests: Requests, limits: UploadLimits) {
    this.#client = client;
    this.#bucket = bucket;
    this.#requests = requests;
    this.limits = limits;
    this.uri = `s3://${bucket}`;
  }

  async putSingle(range: FileRange, key: string, md5: string): Promise<void> {
    await this.#requests.run(
      this.#request("write", key, "s3:PutObject"),
      ({ body, signal }) =>
        this.#client.send(
          new PutObjectCommand({
            ...this.#object(key),
            Body: range.length === 0 ? new Uint8Array(0) : body(range),
            ContentLength: range.length,
            ContentMD5: md5,
          }),
          { abortSignal: signal },
        ),
    );
  }

  async putBytes(bytes: Uint8Array, key: string): Promise<void> {
    await this.#requests.run(
      this.#request("write", key, "s3:PutObject"),
      ({ signal }) =>
        this.#client.send(
          new PutObjectCommand({
            ...this.#object(key),
            Body: bytes,
            ContentMD5: createHash("md5").update(bytes).digest("base64"),
          }),
          { abortSignal: signal },
        ),
    );
  }

  async putLarge({ file, length }: FileRange, key: string, _md5: string): Promise<void> {
    await this.#multipart(key, (uploadId) => {
      const ranges = partRanges(file, length, this.limits.partBytes, MAX_PARTS);
      return sendAll(
        ranges,
        this.limits.concurrency,
        (range, i) => this.#uploadPart(key, uploadId, i + 1, range),
      );
    });
  }

  async *pages(prefix: string): AsyncIterable<readonly ObjectInfo[]> {
    let token: string | undefined;
    do {
      const page = await this.#requests.run(
        { doing: "list", target: `${this.uri}/${prefix}`, permission: "s3:ListBucket" },
        ({ signal }) =>
          this.#client.send(
            new ListObjectsV2Command({
              Bucket: this.#bucket,
              Prefix: prefix,
              ContinuationToken: token,
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

  async head(key: string): Promise<ObjectInfo | null> {
    const request = this.#request("look at", key, "s3:GetObject and s3:ListBucket");
    return await this.#requests.run(request, async ({ signal }) => {
      try {
        const found = await this.#client.send(new HeadObjectCommand(this.#object(key)), {
          abortSignal: signal,
        });
        // Under a customer's key an ETag is no MD5 and looks like one.
        const foreign = (found.ServerSideEncryption ?? "AES256") !== "AES256" ||
          found.SSECustomerAlgorithm !== undefined;
        const md5 = foreign ? undefined : md5OfETag(found.ETag);
        return { key, sizeBytes: found.ContentLength ?? 0, md5 };
      } catch (error) {
        if (isMissingObject(error)) return null;
        throw error;
      }
    });
  }

  async read(key: string): Promise<Uint8Array | null> {
    const request = this.#request("read", key, "s3:GetObject and s3:ListBucket");
    return await this.#requests.run(request, async ({ signal }) => {
      try {
        const { Body, ContentLength } = await this.#client.send(
          new GetObjectCommand(this.#object(key)),
          { abortSignal: signal },
        );
        const bytes = await Body?.transformToByteArray() ?? new Uint8Array(0);
        if (bytes.length !== (ContentLength ?? bytes.length)) throw new ResponseCut();
        return bytes;
      } catch (error) {
        if (isMissingObject(error)) return null;
        throw error;
      }
    });
  }

  async copy(from: ObjectInfo, to: string): Promise<void> {
    const source = encodePath(`${this.#bucket}/${from.key}`);
    if (from.sizeBytes > MAX_COPY_BYTES) return await this.#copyInParts(from, source, to);
    const request = {
      ...this.#request("copy to", to, "s3:GetObject and s3:PutObject"),
      idleMs: SERVER_WORK_MS,
    };
    await this.#requests.run(request, ({ signal }) =>
      this.#client.send(
        new CopyObjectCommand({ ...this.#object(to), CopySource: source }),
        { abortSignal: signal },
      ));
  }

  async remove(key: string): Promise<void> {
    await this.#requests.run(
      this.#request("remove", key, "s3:DeleteObject"),
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

  /** The object appears with the last request; on a failure the parts are removed, which would cost. */
  async #multipart(
    key: string,
    send: (uploadId: string) => Promise<UploadedPart[]>,
  ): Promise<void> {
    const request = this.#request("write", key, "s3:PutObject");
    const { UploadId } = await this.#requests.run(request, ({ signal }) =>
      this.#client.send(
        new CreateMultipartUploadCommand(this.#object(key)),
        { abortSignal: signal },
      ));
    if (UploadId === undefined) throw new Error("the store opened an upload without an id");
    try {
      const parts = await send(UploadId);
      const complete = new CompleteMultipartUploadCommand({
        ...this.#object(key),
        UploadId,
        MultipartUpload: { Parts: parts },
      });
      await this.#requests.run(
        { ...request, idleMs: SERVER_WORK_MS },
        ({ signal }) => this.#client.send(complete, { abortSignal: signal }),
      );
    } catch (error) {
      await this.#abort(key, UploadId);
      throw error;
    }
  }

  async #abort(key: string, UploadId: string): Promise<void> {
    const request = this.#request("abort the upload of", key, "s3:AbortMultipartUpload");
    try {
      await this.#requests.run(request, ({ signal }) =>
        this.#client.send(
          new AbortMultipartUploadCommand({ ...this.#object(key), UploadId }),
          { abortSignal: signal },
        ));
    } catch {
      // The failure that led here is the one to report; a lifecycle rule removes what stays.
    }
  }

  async #uploadPart(
    key: string,
    UploadId: string,
    PartNumber: number,
    range: FileRange,
  ): Promise<UploadedPart> {
    const md5 = await rangeMd5(range);
    const request = this.#request("write", key, "s3:PutObject");
    const { ETag } = await this.#requests.run(request, ({ body, signal }) =>
      this.#client.send(
        new UploadPartCommand({
          ...this.#object(key),
          UploadId,
          PartNumber,
          Body: body(range),
          ContentLength: range.length,
          ContentMD5: md5,
        }),
        { abortSignal: signal },
      ));
    return { PartNumber, ETag };
  }

  async #copyInParts(from: ObjectInfo, source: string, to: string): Promise<void> {
    const request = {
      ...this.#request("copy to", to, "s3:GetObject and s3:PutObject"),
      idleMs: SERVER_WORK_MS,
    };
    await this.#multipart(to, (UploadId) => {
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
