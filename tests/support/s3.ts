/** An S3 server for tests: s3rver, and destinations in a bucket of it. */
import { fileURLToPath } from "node:url";
import { openS3, type S3Config } from "../../adapters/destinations/s3/mod.ts";
import type { StoreOptions } from "../../adapters/destinations/kit/store_options.ts";
import type { ObjectDestination } from "../../adapters/destinations/kit/object_store.ts";
import type { TlsFront } from "./tls_front.ts";
import type { Conditions } from "./s3_storage.ts";
import { startChildServer } from "./child_server.ts";

const SERVER = fileURLToPath(new URL("./s3_server.ts", import.meta.url));
export const S3_BUCKET = "exports";

/** The credentials that s3rver knows. */
export const S3_ENV: Record<string, string> = { S3_KEY_ID: "S3RVER", S3_SECRET: "S3RVER" };

export interface S3Server {
  readonly port: number;
  readonly endpoint: string;
  config(prefix: string, endpoint?: string): S3Config;
  open(prefix: string, options?: StoreOptions, endpoint?: string): Promise<ObjectDestination>;
  /** Over TLS that ends in front of the server. */
  openSecure(
    prefix: string,
    front: TlsFront,
    options?: StoreOptions,
    env?: Record<string, string>,
  ): Promise<ObjectDestination>;
  /** Keys of uploads in parts that were begun and neither completed nor aborted. */
  openUploads(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startS3(
  conditions: Conditions = "heeded",
  grant: "all" | "put" | "kms" = "all",
): Promise<S3Server> {
  const server = await startChildServer(
    (folder) => [SERVER, folder, S3_BUCKET, conditions, grant],
    /(\d+)\s/,
  );
  const own = `http://127.0.0.1:${server.port}`;
  const config = (prefix: string, endpoint = own): S3Config => ({
    type: "s3",
    bucket: S3_BUCKET,
    prefix,
    endpoint,
    access_key_env: "S3_KEY_ID",
    secret_key_env: "S3_SECRET",
  });
  return {
    port: server.port,
    endpoint: own,
    config,
    open: (prefix, options, endpoint) =>
      openS3(config(prefix, endpoint), (name) => S3_ENV[name], options),
    openSecure: (prefix, { endpoint, caFile }, options, env = {}) =>
      openS3(
        { ...config(prefix, endpoint), ca_file: caFile },
        (name) => S3_ENV[name] ?? env[name],
        options,
      ),
    openUploads: async () => {
      const text = await (await fetch(`${own}/-/uploads`)).text();
      return text.split("\n").filter((key) => key !== "");
    },
    stop: server.stop,
  };
}
