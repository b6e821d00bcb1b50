import assert from "node:assert/strict";
import { openS3, type S3Config } from "../../../../adapters/destinations/s3/mod.ts";
import { redact } from "../../../../core/base/redact.ts";
import { withEnv } from "../../../support/env.ts";

const CONFIG: S3Config = { type: "s3", bucket: "b", prefix: "/a//b/", region: "eu-central-1" };
const KEYS = { access_key_env: "KEY", secret_key_env: "SECRET" };

/** An AWS default chain that finds nothing on this machine. */
const NOTHING: Record<string, string | undefined> = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_CONFIG_FILE: "/no/such/file",
  AWS_SHARED_CREDENTIALS_FILE: "/no/such/file",
};

const env = (values: Record<string, string>) => (name: string) => values[name];

Deno.test("s3: a key variable that is not set is a configuration error that names it", async () => {
  await assert.rejects(openS3({ ...CONFIG, ...KEYS }, env({ KEY: "AKIA" })), {
    name: "ConfigError",
    message: "destination.secret_key_env: the environment variable SECRET is not set",
  });
  await assert.rejects(openS3({ ...CONFIG, ...KEYS }, env({ KEY: " ", SECRET: "s" })), {
    message: "destination.access_key_env: the environment variable KEY is not set",
  });
  const temporary = { ...CONFIG, ...KEYS, session_token_env: "TOKEN" };
  await assert.rejects(openS3(temporary, env({ KEY: "AKIA", SECRET: "s" })), {
    message: "destination.session_token_env: the environment variable TOKEN is not set",
  });
});

Deno.test("s3: without a region or an endpoint nothing is opened", () =>
  withEnv(NOTHING, async () => {
    const config: S3Config = { ...CONFIG, ...KEYS, region: undefined };
    await assert.rejects(openS3(config, env({ KEY: "AKIA", SECRET: "secret-one" })), {
      name: "ConfigError",
      message: "destination.region: no region for bucket b",
    });
  }));

Deno.test("s3: a default chain without credentials is found out at once", () =>
  withEnv(NOTHING, async () => {
    await assert.rejects(openS3(CONFIG, env({})), {
      name: "DestinationError",
      code: "DESTINATION_AUTH",
      category: "auth",
      message: /^cannot find credentials for s3:\/\/b: /,
    });
  }));

Deno.test("s3: the default chain takes the environment's keys, and hides them", () =>
  withEnv(
    { ...NOTHING, AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "chain/secret+value" },
    async () => {
      const destination = await openS3(CONFIG, env({}));
      assert.equal(destination.uri, "s3://b/a/b");
      assert.equal(redact("x chain/secret+value y"), "x REDACTED y");
      await destination.close();
    },
  ));

Deno.test("s3: secrets from variables are hidden in every output", async () => {
  const values = { KEY: "AKIA", SECRET: "own/secret+value", TOKEN: "session-token" };
  const config = { ...CONFIG, ...KEYS, session_token_env: "TOKEN", prefix: "" };
  const destination = await openS3(config, env(values));
  assert.equal(destination.uri, "s3://b");
  assert.equal(redact("own/secret+value session-token"), "REDACTED REDACTED");
  assert.deepEqual(destination.capabilities, {
    kind: "s3",
    commit: "upload",
    retrySafe: true,
    md5: "listed",
    pieces: { aboveBytes: 64 * 1024 ** 2, bytes: 16 * 1024 ** 2 },
  });
  await destination.close();
});
