/** icebird over HTTP, from a test's S3 server. */
import { icebergRead } from "icebird";
import { S3_BUCKET, type S3Server } from "./s3.ts";

/** As the reader has it. */
export type TableMetadata = Parameters<typeof icebergRead>[0]["metadata"];

/** Where the reader looks for the bucket. */
const AMAZON = `https://${S3_BUCKET}.s3.amazonaws.com/`;

/** Rows of the table below the prefix, as the reader finds it by its address. @param metadata of a catalog's table */
export async function readIcebergOnS3(
  { endpoint }: S3Server,
  prefix: string,
  metadata?: TableMetadata,
): Promise<Record<string, unknown>[]> {
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(AMAZON)) return real(input, init);
    return real(`${endpoint}/${S3_BUCKET}/${url.slice(AMAZON.length)}`, init);
  };
  try {
    return await icebergRead({ tableUrl: `${AMAZON}${prefix}`, metadata });
  } finally {
    globalThis.fetch = real;
  }
}
