/** `type: gcs`: credentials and the bucket's client. */
import { GoogleAuth } from "google-auth-library";
import type { DestinationConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import { ObjectDestination } from "../kit/object_store.ts";
import { UPLOAD_LIMITS } from "../kit/part_upload.ts";
import { REQUEST_SETTINGS, Requests, UNSTOPPED } from "../kit/requests.ts";
import type { StoreOptions } from "../kit/store_options.ts";
import { GCS_WORDS, gcsFacts } from "./errors.ts";
import { type Authorize, GcsApi } from "./api.ts";
import { GcsStore } from "./store.ts";

export type GcsConfig = Extract<DestinationConfig, { type: "gcs" }>;

const GOOGLE = "https://storage.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";

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
  const { bucket, endpoint = GOOGLE, credentials_file, prefix } = config;
  const requests = new Requests(GCS_WORDS, gcsFacts, options.requests ?? REQUEST_SETTINGS);
  const emulated = credentials_file === undefined && /^http:/i.test(endpoint);
  const authorize = emulated
    ? () => Promise.resolve({})
    : await findCredentials(bucket, credentials_file, requests);
  const store = new GcsStore(
    new GcsApi(authorize),
    { endpoint, bucket },
    requests,
    {
      limits: options.limits ?? UPLOAD_LIMITS,
      // What answers at another address may not know them.
      heedsConditions: config.endpoint === undefined ? true : null,
    },
  );
  return new ObjectDestination(store, prefix);
}

async function findCredentials(
  bucket: string,
  file: string | undefined,
  requests: Requests,
): Promise<Authorize> {
  if (file !== undefined) await checkCredentials(file);
  const auth = new GoogleAuth({ scopes: [SCOPE], keyFilename: file });
  const request = {
    doing: "find credentials for",
    target: `gs://${bucket}`,
    permission: "storage.objects.create",
  };
  await requests.run(request, UNSTOPPED, () => auth.getClient());
  return async (url) => Object.fromEntries(await auth.getRequestHeaders(url));
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
