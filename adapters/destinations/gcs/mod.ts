/** `type: gcs`: credentials and the bucket's client. */
import type { DestinationConfig } from "../../../core/config/schema.ts";
import type { Env } from "../kit/environment.ts";
import { openHttp } from "../kit/http/open.ts";
import { ObjectDestination } from "../kit/object_store.ts";
import { UPLOAD_LIMITS } from "../kit/part_upload.ts";
import { REQUEST_SETTINGS, Requests } from "../kit/requests.ts";
import { normalizedPrefix } from "../kit/prefix.ts";
import { Renewed } from "../kit/renewed.ts";
import type { StoreOptions } from "../kit/store_options.ts";
import { GCS_WORDS, gcsFacts } from "./errors.ts";
import { GcsApi } from "./api.ts";
import { findCredentials } from "./credentials.ts";
import { GcsStore } from "./store.ts";

export type GcsConfig = Extract<DestinationConfig, { type: "gcs" }>;

const GOOGLE = "https://storage.googleapis.com";

/**
 * Credentials are found here, before anything is read from a source: `credentials_file`, else a
 * token that a catalog hands out, else the Application Default Credentials. An `endpoint` over plain http without a file is taken for an
 * emulator and gets none.
 * @throws ConfigError when `credentials_file` cannot be read or holds no credentials.
 * @throws DestinationError DESTINATION_AUTH when there are no default credentials.
 */
export async function openGcs(
  config: GcsConfig,
  env: Env,
  options: StoreOptions = {},
): Promise<ObjectDestination> {
  const { bucket, endpoint = GOOGLE, credentials_file, prefix } = config;
  const requests = new Requests(GCS_WORDS, gcsFacts, options.requests ?? REQUEST_SETTINGS);
  const client = await openHttp(config, env);
  const uri = `gs://${bucket}/${normalizedPrefix(prefix)}`;
  const granted = credentials_file !== undefined || config.allow_anonymous === true
    ? null
    : await Renewed.ask("gcs", options.grants ?? null, uri);
  const emulated = credentials_file === undefined && /^http:/i.test(endpoint);
  const authorize = granted !== null
    ? async () => ({ authorization: `Bearer ${(await granted.current()).token}` })
    : config.allow_anonymous === true || emulated
    ? () => Promise.resolve({})
    : await findCredentials(bucket, credentials_file, requests, client);
  const store = new GcsStore(new GcsApi(client, authorize), { endpoint, bucket }, requests, {
    limits: options.limits ?? UPLOAD_LIMITS,
    // What answers at another address may not know them.
    heedsConditions: config.endpoint === undefined ? true : null,
  });
  return new ObjectDestination(store, prefix);
}
