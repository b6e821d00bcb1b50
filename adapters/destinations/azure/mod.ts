/** `type: azure`: the account, its credentials and the container's client. */
import {
  AnonymousCredential,
  BlobServiceClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { azureContainer } from "../../../core/config/azure_container.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import { type Env, fromEnvironment } from "../kit/environment.ts";
import type { HttpClient } from "../kit/http/client.ts";
import { openHttp } from "../kit/http/open.ts";
import { ObjectDestination } from "../kit/object_store.ts";
import { UPLOAD_LIMITS } from "../kit/part_upload.ts";
import { REQUEST_SETTINGS, Requests } from "../kit/requests.ts";
import { normalizedPrefix } from "../kit/prefix.ts";
import { Renewed } from "../kit/renewed.ts";
import type { StoreOptions } from "../kit/store_options.ts";
import { AZURE_WORDS, azureFacts } from "./errors.ts";
import { storageClient } from "./http.ts";
import { accountUrl, type AzureConfig } from "./place.ts";
import { AzureStore } from "./store.ts";

export type { AzureConfig };

/**
 * Credentials are found here, before anything is read from a source: those the configuration names,
 * else a signature that a catalog hands out, else the default Azure identity chain.
 * @throws ConfigError for a variable that is not set or holds no credential.
 * @throws DestinationError DESTINATION_AUTH when the chain finds no identity.
 */
export async function openAzure(
  config: AzureConfig,
  env: Env,
  options: StoreOptions = {},
): Promise<ObjectDestination> {
  const requests = new Requests(AZURE_WORDS, azureFacts, options.requests ?? REQUEST_SETTINGS);
  const http = await openHttp(config, env);
  const granted = namesCredentials(config)
    ? null
    : await Renewed.ask("azure", options.grants ?? null, uriOf(config));
  const service = granted === null
    ? await openService(config, env, requests, http)
    : signedService(config, granted, http);
  const container = service.getContainerClient(azureContainer(config));
  const store = new AzureStore(container, requests, {
    close: () => http.close(),
    limits: options.limits ?? UPLOAD_LIMITS,
    // What answers at another address may not know them.
    heedsConditions: config.endpoint === undefined ? true : null,
  });
  return new ObjectDestination(store, config.prefix);
}

function namesCredentials(config: AzureConfig): boolean {
  const { account_key_env, sas_token_env, connection_string_env, allow_anonymous } = config;
  const named = [account_key_env, sas_token_env, connection_string_env];
  return allow_anonymous === true || named.some((name) => name !== undefined);
}

function uriOf(config: AzureConfig): string {
  const { prefix } = config;
  return `${accountUrl(config)}/${azureContainer(config)}/${normalizedPrefix(prefix)}`;
}

/** Every request carries the signature that holds when it is sent. */
function signedService(
  config: AzureConfig,
  granted: Renewed<"azure">,
  http: HttpClient,
): BlobServiceClient {
  const plain = storageClient(http);
  const httpClient: typeof plain = {
    async sendRequest(request) {
      const { token } = await granted.current();
      const bare = request.url;
      request.url = `${bare}${bare.includes("?") ? "&" : "?"}${token}`;
      try {
        return await plain.sendRequest(request);
      } finally {
        request.url = bare;
      }
    },
  };
  const pipeline = { retryOptions: { maxTries: 1 }, httpClient };
  return new BlobServiceClient(accountUrl(config), new AnonymousCredential(), pipeline);
}

async function openService(
  config: AzureConfig,
  env: Env,
  requests: Requests,
  http: HttpClient,
): Promise<BlobServiceClient> {
  // `Requests` tries again.
  const pipeline = { retryOptions: { maxTries: 1 }, httpClient: storageClient(http) };
  const { account_key_env, sas_token_env, connection_string_env } = config;
  if (connection_string_env !== undefined) {
    return fromConnectionString(
      fromEnvironment(env, "connection_string_env", connection_string_env),
      connection_string_env,
      pipeline,
    );
  }
  const url = accountUrl(config);
  if (config.allow_anonymous === true) {
    return new BlobServiceClient(url, new AnonymousCredential(), pipeline);
  }
  if (sas_token_env !== undefined) {
    const token = sasToken(fromEnvironment(env, "sas_token_env", sas_token_env));
    return new BlobServiceClient(`${url}?${token}`, new AnonymousCredential(), pipeline);
  }
  if (account_key_env !== undefined) {
    const key = fromEnvironment(env, "account_key_env", account_key_env);
    const credential = new StorageSharedKeyCredential(config.account_name ?? "", key);
    return new BlobServiceClient(url, credential, pipeline);
  }
  const { findIdentity }: typeof import("./identity.ts") = await import("./identity.ts" as string);
  const credential = await findIdentity(url, requests, http);
  return new BlobServiceClient(url, credential, pipeline);
}

/** Without its "?", and hidden: the signature in both of its spellings. */
function sasToken(value: string): string {
  const token = value.replace(/^\?/, "");
  registerSecret(token);
  registerSecret(new URLSearchParams(token).get("sig") ?? undefined);
  return token;
}

function fromConnectionString(
  value: string,
  variable: string,
  pipeline: StoragePipelineOptions,
): BlobServiceClient {
  for (const pair of value.split(";")) {
    const [, name, secret] = /^([^=]+)=(.*)$/.exec(pair.trim()) ?? [];
    if (name === "AccountKey") registerSecret(secret);
    if (name === "SharedAccessSignature") sasToken(secret);
  }
  try {
    return BlobServiceClient.fromConnectionString(value, pipeline);
  } catch (cause) {
    throw new ConfigError(
      `destination.connection_string_env: ${variable} holds no connection string`,
      [],
      { hint: "Copy it whole from the storage account's access keys.", cause },
    );
  }
}
