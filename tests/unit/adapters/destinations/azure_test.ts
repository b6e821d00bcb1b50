import assert from "node:assert/strict";
import { type AzureConfig, openAzure } from "../../../../adapters/destinations/azure/mod.ts";
import { redact } from "../../../../core/base/redact.ts";

const CONFIG: AzureConfig = { type: "azure", container: "c", prefix: "p" };
const KEY = btoa("an account key of some bytes");

const env = (values: Record<string, string>) => (name: string) => values[name];

Deno.test("azure: a variable that is not set is a configuration error that names it", async () => {
  const configs: AzureConfig[] = [
    { ...CONFIG, account_name: "a", account_key_env: "VALUE" },
    { ...CONFIG, account_name: "a", sas_token_env: "VALUE" },
    { ...CONFIG, connection_string_env: "VALUE" },
  ];
  for (const config of configs) {
    await assert.rejects(openAzure(config, env({})), {
      name: "ConfigError",
      message: /^destination\.\w+_env: the environment variable VALUE is not set$/,
    });
  }
});

Deno.test("azure: an account's key opens its own address, and is hidden", async () => {
  const config: AzureConfig = { ...CONFIG, account_name: "acct", account_key_env: "VALUE" };
  const destination = await openAzure(config, env({ VALUE: KEY }));
  assert.equal(destination.uri, "https://acct.blob.core.windows.net/c/p");
  assert.equal(redact(`key ${KEY}`), "key REDACTED");
  await destination.close();
});

Deno.test("azure: a SAS token is no part of the address, and is hidden in both spellings", async () => {
  const config: AzureConfig = { ...CONFIG, endpoint: "https://x.example/", sas_token_env: "VALUE" };
  const token = "?sv=2024-01-01&sp=rwl&sig=abc%2Fdef%3Dghi";
  const destination = await openAzure(config, env({ VALUE: token }));
  assert.equal(destination.uri, "https://x.example/c/p");
  assert.doesNotMatch(redact(`failed: ${token} and abc/def=ghi`), /abc/);
  await destination.close();
});

Deno.test("azure: a connection string names account and address; a broken one is said", async () => {
  const config: AzureConfig = { ...CONFIG, connection_string_env: "VALUE" };
  const value = `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${
    btoa("another account key")
  };EndpointSuffix=core.windows.net`;
  const destination = await openAzure(config, env({ VALUE: value }));
  assert.equal(destination.uri, "https://acct.blob.core.windows.net/c/p");
  assert.doesNotMatch(redact(value), new RegExp(btoa("another account key")));
  await destination.close();
  await assert.rejects(openAzure(config, env({ VALUE: "AccountName" })), {
    name: "ConfigError",
    message: "destination.connection_string_env: VALUE holds no connection string",
  });
});
