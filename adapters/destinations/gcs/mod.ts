/** `type: gcs`: credentials and the bucket's client. */
import { IdempotencyStrategy, Storage } from "@google-cloud/storage";
import { setMaxListeners } from "node:events";
import type { DestinationConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/errors.ts";
import { registerSecret } from "../../../core/redact.ts";
import { ObjectDestination } from "../object_store.ts";
import { UPLOAD_LIMITS } from "../part_upload.ts";
import { REQUEST_SETTINGS, Requests } from "../requests.ts";
import type { StoreOptions } from "../store_options.ts";
import { GCS_WORDS, gcsFacts } from "./errors.ts";
import { GcsStore } from "./store.ts";

export type GcsConfig = Extract<DestinationConfig, { type: "gcs" }>;

/** Emulators know no projects; the SDK asks for one when it does not authenticate. */
const EMULATED_PROJECT = "rivet";

/** The SDK's upload streams listen to each other more often than the runtime finds normal, and warns. */
const STREAM_LISTENERS = 50;
setMaxListeners(STREAM_LISTENERS);

/**
 * Credentials are found here, before anything is read from a source: `credentials_file`, else the
 * Application Default Credentials. An `endpoint` over plain http without a file is taken for an
 * emulator and gets none.
 * @throws ConfigError when `credentials_file` cannot be read or holds no credentials.
 * @throws DestinationError DESTINATION_AUTH when there are no default credentials.
 */
export async function openGcs(
  config: GcsConfig,
  options: StoreOptions = {},
): Promise<ObjectDestination> {
  const { bucket, endpoint, credentials_file, prefix } = config;
  if (credentials_file !== undefined) await checkCredentials(credentials_file);
  const emulated = credentials_file === undefined && /^http:/i.test(endpoint ?? "");
  const storage = new Storage({
    ...(endpoint === undefined
      ? {}
      : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: !emulated }),
    ...(emulated ? { projectId: EMULATED_PROJECT } : {}),
    ...(credentials_file === undefined ? {} : { keyFilename: credentials_file }),
    // `Requests` tries again.
    retryOptions: {
      autoRetry: false,
      maxRetries: 0,
      idempotencyStrategy: IdempotencyStrategy.RetryNever,
    },
  });
  const requests = new Requests(GCS_WORDS, gcsFacts, options.requests ?? REQUEST_SETTINGS);
  if (!emulated) await findCredentials(storage, bucket, requests);
  const store = new GcsStore(storage.bucket(bucket), requests, options.limits ?? UPLOAD_LIMITS);
  return new ObjectDestination(store, prefix);
}

async function findCredentials(
  storage: Storage,
  bucket: string,
  requests: Requests,
): Promise<void> {
  const request = {
    doing: "find credentials for",
    target: `gs://${bucket}`,
    permission: "storage.objects.create",
  };
  await requests.run(request, () => storage.authClient.getClient());
}

async function checkCredentials(file: string): Promise<void> {
  const problem = (what: string, cause?: unknown) =>
    new ConfigError(`destination.credentials_file: ${file} ${what}`, [], {
      hint: "Point it at the JSON key of a service account.",
      cause,
    });
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw problem("cannot be read", cause);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw problem("is not JSON", cause);
  }
  if (typeof content !== "object" || content === null || !("type" in content)) {
    throw problem("holds no credentials: it has no `type`");
  }
  for (const [name, value] of Object.entries(content)) {
    if (/^(private_key|refresh_token|client_secret)$/.test(name) && typeof value === "string") {
      registerSecret(value);
    }
  }
}
