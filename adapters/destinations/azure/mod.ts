/** `type: azure`: the account, its credentials and the container's client. */
import {
  AnonymousCredential,
  BlobServiceClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { DestinationConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import { type Env, fromEnvironment } from "../kit/environment.ts";
import { ObjectDestination } from "../kit/object_store.ts";
import { UPLOAD_LIMITS } from "../kit/part_upload.ts";
import { REQUEST_SETTINGS, Requests, UNSTOPPED } from "../kit/requests.ts";
import type { StoreOptions } from "../kit/store_options.ts";
import { AZURE_WORDS, azureFacts } from "./errors.ts";
import { AzureStore } from "./store.ts";

export type AzureConfig = Extract<DestinationConfig, { type: "azure" }>;

/** `Requests` tries again. */
const PIPELINE: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };
const STORAGE_SCOPE = "https://storage.azure.com/.default";

/**
 * Credentials are found here, before anything is read from a source: those the configuration names,
 * else the default Azure identity chain.
 * @throws ConfigError for a variable that is not set or holds no credential.
 * @throws DestinationError DESTINATION_AUTH when the chain finds no identity.
 */
export async function openAzure(
  config: AzureConfig,
  env: Env,
  options: StoreOptions = {},
): Promise<ObjectDestination> {
  const requests = new Requests(AZURE_WORDS, azureFacts, options.requests ?? REQUEST_SETTINGS);
  const service = await openService(config, env, requests);
  const container = service.getContainerClient(config.container);
  const store = new AzureStore(container, requests, {
    limits: options.limits ?? UPLOAD_LIMITS,
    // What answers at another address may not know them.
    heedsConditions: config.endpoint === undefined ? true : null,
  });
  return new ObjectDestination(store, config.prefix);
}

async function openService(
  config: AzureConfig,
  env: Env,
  requests: Requests,
): Promise<BlobServiceClient> {
  const { account_key_env, sas_token_env, connection_string_env } = config;
  if (connection_string_env !== undefined) {
    return fromConnectionString(
      fromEnvironment(env, "connection_string_env", connection_string_env),
      connection_string_env,
    );
  }
  const url = accountUrl(config);
  if (sas_token_env !== undefined) {
    const token = sasToken(fromEnvironment(env, "sas_token_env", sas_token_env));
    return new BlobServiceClient(`${url}?${token}`, new AnonymousCredential(), PIPELINE);
  }
  if (account_key_env !== undefined) {
    const key = fromEnvironment(env, "account_key_env", account_key_env);
    const credential = new StorageSharedKeyCredential(config.account_name ?? "", key);
    return new BlobServiceClient(url, credential, PIPELINE);
  }
  return await fromIdentity(url, requests);
}

function accountUrl({ endpoint, account_name }: AzureConfig): string {
  return endpoint?.replace(/\/+$/, "") ?? `https://${account_name}.blob.core.windows.net`;
}

/** Without its "?", and hidden: the signature in both of its spellings. */
function sasToken(value: string): string {
  const token = value.replace(/^\?/, "");
  registerSecret(token);
  registerSecret(new URLSearchParams(token).get("sig") ?? undefined);
  return token;
}

function fromConnectionString(value: string, variable: string): BlobServiceClient {
  for (const pair of value.split(";")) {
    const [, name, secret] = /^([^=]+)=(.*)$/.exec(pair.trim()) ?? [];
    if (name === "AccountKey") registerSecret(secret);
    if (name === "SharedAccessSignature") sasToken(secret);
  }
  try {
    return BlobServiceClient.fromConnectionString(value, PIPELINE);
  } catch (cause) {
    throw new ConfigError(
      `destination.connection_string_env: ${variable} holds no connection string`,
      [],
      { hint: "Copy it whole from the storage account's access keys.", cause },
    );
  }
}

async function fromIdentity(url: string, requests: Requests): Promise<BlobServiceClient> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const credential = new DefaultAzureCredential();
  const request = { doing: "find an identity for", target: url, permission: "a role" };
  await requests.run(
    request,
    UNSTOPPED,
    ({ signal }) => credential.getToken(STORAGE_SCOPE, { abortSignal: signal }),
  );
  return new BlobServiceClient(url, credential, PIPELINE);
}
