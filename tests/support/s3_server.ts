/**
 * s3rver as a process of its own: its protocol and its check of access keys, over `S3Storage`.
 * Usage: s3_server.ts FOLDER BUCKET CONDITIONS GRANT; prints its port. GET /-/uploads lists uploads that are
 * open. With the grant `put`, keys may put objects and nothing else; with `kms`, objects are said to be under
 * a key of AWS KMS. Buckets are named in the path, or as BUCKET.s3.store.example.
 */
import nodeCrypto from "node:crypto";
import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import S3rver from "s3rver";
import { type Conditions, Refusal, S3Storage } from "./s3_storage.ts";

/** s3rver encrypts the tokens of its pages with DES, which the runtime does not have. */
function plainTokens(): void {
  const plain = () => ({
    update: (data: string | Uint8Array) => Buffer.from(data),
    final: () => Buffer.alloc(0),
  });
  Object.assign(nodeCrypto, { createCipheriv: plain, createDecipheriv: plain });
}

interface Context {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly req: IncomingMessage;
  status: number;
  type: string;
  body: unknown;
  set(name: string, value: string): void;
}

const [folder, bucket, conditions, grant] = Deno.args;
plainTokens();
const storage = new S3Storage(folder, bucket, conditions as Conditions);
const server = new S3rver({
  port: 0,
  address: "127.0.0.1",
  silent: true,
  directory: folder,
  serviceEndpoint: "store.example",
  configureBuckets: [],
});
server.store = server.context.store = storage;
/** s3rver makes an InternalError of errors that are not its own. */
function refuse(ctx: Context, status: number, code: string, message: string): void {
  ctx.status = status;
  ctx.type = "application/xml";
  ctx.body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

async function answer(ctx: Context, next: () => Promise<void>): Promise<void> {
  const { uploadId } = ctx.query;
  if (ctx.path === "/-/uploads") {
    ctx.body = storage.openUploads().join("\n");
  } else if (grant === "put" && ctx.method !== "PUT" && ctx.method !== "POST") {
    refuse(ctx, 403, "AccessDenied", "Access Denied");
  } else if (ctx.method === "DELETE" && uploadId !== undefined) {
    storage.abortUpload(uploadId);
    ctx.status = 204;
  } else if (conditions === "refused" && ctx.req.headers["if-none-match"] !== undefined) {
    const message = "A header you provided implies functionality that is not implemented";
    refuse(ctx, 501, "NotImplemented", message);
  } else {
    if (ctx.method === "POST" && uploadId !== undefined) storage.checkUpload(uploadId, ctx.req);
    await next();
    if (grant === "kms") ctx.set("x-amz-server-side-encryption", "aws:kms");
  }
}

server.middleware.splice(-1, 0, async (ctx: Context, next: () => Promise<void>) => {
  try {
    await answer(ctx, next);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(ctx, error.status, error.code, error.code);
  }
});
const { port } = await server.run();
console.log(port);
