/** An Azure Blob server for tests: azurite, and destinations in a container of it. */
import { BlobServiceClient } from "@azure/storage-blob";
import { fileURLToPath } from "node:url";
import { type AzureConfig, openAzure } from "../../adapters/destinations/azure/mod.ts";
import type { ObjectDestination } from "../../adapters/destinations/kit/object_store.ts";
import type { StoreOptions } from "../../adapters/destinations/kit/store_options.ts";
import type { TlsFront } from "./tls_front.ts";
import { startChildServer } from "./child_server.ts";

const SERVER = fileURLToPath(new URL("./azurite_server.ts", import.meta.url));
export const AZURE_CONTAINER = "exports";

/** The account that every azurite has, with its published key. */
export const AZURITE_ACCOUNT = "devstoreaccount1";
export const AZURITE_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface AzureServer {
  readonly port: number;
  readonly endpoint: string;
  readonly service: BlobServiceClient;
  config(prefix: string, endpoint?: string): AzureConfig;
  open(prefix: string, options?: StoreOptions, endpoint?: string): Promise<ObjectDestination>;
  /** Over TLS that ends in front of the server. */
  openSecure(
    prefix: string,
    front: TlsFront,
    options?: StoreOptions,
    env?: Record<string, string>,
  ): Promise<ObjectDestination>;
  stop(): Promise<void>;
}

export async function startAzurite(): Promise<AzureServer> {
  const server = await startChildServer(
    () => [
      SERVER,
      ...["--blobPort", "0", "--inMemoryPersistence", "--silent"],
      ...["--skipApiVersionCheck", "--disableTelemetry"],
    ],
    /listens on http:\/\/127\.0\.0\.1:(\d+)/,
  );
  const endpoint = `http://127.0.0.1:${server.port}/${AZURITE_ACCOUNT}`;
  const service = BlobServiceClient.fromConnectionString(connectionString(endpoint));
  await service.getContainerClient(AZURE_CONTAINER).create();
  const config = (prefix: string, at = endpoint): AzureConfig => ({
    type: "azure",
    bucket: AZURE_CONTAINER,
    prefix,
    endpoint: at,
    account_name: AZURITE_ACCOUNT,
    account_key_env: "AZURE_KEY",
  });
  return {
    port: server.port,
    endpoint,
    service,
    config,
    open: (prefix, options, at) => openAzure(config(prefix, at), azureEnv(AZURITE_KEY), options),
    openSecure: (prefix, { endpoint, caFile }, options, env = {}) =>
      openAzure(
        { ...config(prefix, `${endpoint}/${AZURITE_ACCOUNT}`), ca_file: caFile },
        (name) => azureEnv(AZURITE_KEY)(name) ?? env[name],
        options,
      ),
    stop: server.stop,
  };
}

/** The variable that `config` names, with this key. */
export function azureEnv(key: string): (name: string) => string | undefined {
  return (name) => name === "AZURE_KEY" ? key : undefined;
}

export function connectionString(endpoint: string): string {
  return `DefaultEndpointsProtocol=http;AccountName=${AZURITE_ACCOUNT};` +
    `AccountKey=${AZURITE_KEY};BlobEndpoint=${endpoint};`;
}
