/** What `type: azure` needs: the account, and whoever gives a token for it. */
import { type EnvLookup, type Needs, type NeedsOf, together } from "../../../core/ports/needs.ts";
import { fromEnvironment } from "../kit/environment.ts";
import { storeNeeds } from "../kit/needs.ts";
import { accountUrl, type AzureConfig } from "./place.ts";

const LOGIN = "https://login.microsoftonline.com";
const INSTANCE = "http://169.254.169.254";
/** Asked in turn by the default chain, each another program. */
const PROGRAMS = "credentials from `az`, `azd` or PowerShell need --allow-run for that program";

/** What exports to Azure reach: the account, and whoever signs for the credentials. */
export const azureNeeds: NeedsOf<AzureConfig> = (config, env) => {
  const { account_key_env, sas_token_env, connection_string_env: connection } = config;
  const identity = connection === undefined && config.allow_anonymous !== true &&
    sas_token_env === undefined && account_key_env === undefined;
  const store = connection === undefined
    ? accountUrl(config)
    : connectionUrl(fromEnvironment(env, "connection_string_env", connection));
  const chain = identity ? identityNeeds(env) : { urls: [], needs: {} };
  return together(
    storeNeeds({ urls: [store, ...chain.urls], caFile: config.ca_file }, env),
    {
      env: [account_key_env, sas_token_env, connection].filter((name) => name !== undefined),
      sys: ["osRelease"],
    },
    chain.needs,
  );
};

/** `BlobEndpoint`, or what stands for it. */
function connectionUrl(text: string): string {
  const parts = new Map(
    text.split(";").map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), pair.slice(at + 1)];
    }),
  );
  const { DefaultEndpointsProtocol = "https", EndpointSuffix = "core.windows.net" } = Object
    .fromEntries(parts);
  return parts.get("BlobEndpoint") ??
    `${DefaultEndpointsProtocol}://${parts.get("AccountName")}.blob.${EndpointSuffix}`;
}

/** Environment, workload identity, managed identity. */
function identityNeeds(env: EnvLookup): { readonly urls: string[]; readonly needs: Needs } {
  const files = ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_CERTIFICATE_PATH"].map(env);
  const own = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"].map(env);
  const managed = own.filter((url) => url !== undefined);
  return {
    urls: [
      env("AZURE_AUTHORITY_HOST") ?? LOGIN,
      ...(managed.length > 0 ? managed : [INSTANCE]),
    ],
    needs: {
      read: files.filter((file) => file !== undefined),
      env: ["AZURE_*", "IDENTITY_*", "MSI_*", "IMDS_*", "AAD_*"],
      notes: [PROGRAMS],
    },
  };
}
