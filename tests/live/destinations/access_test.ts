/** Ways to an object store beside the usual ones: without credentials, by a profile, by the host's name. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openAzure } from "../../../adapters/destinations/azure/mod.ts";
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import { openS3 } from "../../../adapters/destinations/s3/mod.ts";
import type { DestinationError } from "../../../core/base/errors.ts";
import { putFile } from "../../conformance/destination.ts";
import { AZURE_CONTAINER, AZURITE_ACCOUNT, startAzurite } from "../../support/azurite.ts";
import { LOOK, WRITE } from "../../support/destinations.ts";
import { withEnv } from "../../support/env.ts";
import { startFaultProxy } from "../../support/fault_proxy.ts";
import { startForwardProxy } from "../../support/forward_proxy.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../../support/s3.ts";

const BODY = new Uint8Array(5000).map((_, i) => i);

async function assertUsable(destination: ObjectDestination): Promise<void> {
  await destination.probe(WRITE);
  await putFile(destination, "a b/part", BODY);
  assert.deepEqual(await destination.read("a b/part"), BODY);
  const keys: string[] = [];
  for await (const { key } of destination.list("")) keys.push(key);
  assert.deepEqual(keys, ["a b/part"]);
}

Deno.test("s3, allow_anonymous: everything works, and no request is signed", async () => {
  const server = await startS3();
  const proxy = startFaultProxy(server.port);
  const { bucket, endpoint } = { ...server.config("", proxy.endpoint), endpoint: proxy.endpoint };
  const open = (anonymous: boolean) =>
    openS3(
      anonymous
        ? { type: "s3", bucket, prefix: "open", endpoint, allow_anonymous: true }
        : server.config("signed", endpoint),
      (name) => S3_ENV[name],
    );
  const signed = () =>
    proxy.heads.filter((head) => /^(authorization|x-amz-security-token):/im.test(head));
  const anonymous = await open(true);
  const usual = await open(false);
  try {
    await assertUsable(anonymous);
    assert.ok(proxy.heads.length > 0);
    assert.deepEqual(signed(), []);
    await usual.probe(LOOK);
    assert.equal(signed().length, 1);
  } finally {
    await anonymous.close();
    await usual.close();
    await proxy.stop();
    await server.stop();
  }
});

Deno.test("azure, allow_anonymous: a public container is read, and a write is refused", async () => {
  const server = await startAzurite();
  const proxy = startFaultProxy(server.port);
  await server.service.getContainerClient(AZURE_CONTAINER).setAccessPolicy("container");
  const usual = await server.open("out");
  const anonymous = await openAzure({
    type: "azure",
    bucket: AZURE_CONTAINER,
    prefix: "out",
    endpoint: `${proxy.endpoint}/${AZURITE_ACCOUNT}`,
    allow_anonymous: true,
  }, () => undefined);
  try {
    await putFile(usual, "part", BODY);
    await anonymous.probe(LOOK);
    assert.deepEqual(await anonymous.read("part"), BODY);
    assert.deepEqual(proxy.heads.filter((head) => /^authorization:/im.test(head)), []);
    await assert.rejects(putFile(anonymous, "other", BODY), (error: DestinationError) => {
      assert.equal(error.code, "DESTINATION_AUTH", error.message);
      return true;
    });
  } finally {
    await anonymous.close();
    await usual.close();
    await proxy.stop();
    await server.stop();
  }
});

Deno.test("s3, path_style: false with an endpoint names the bucket in the host's name", async () => {
  const server = await startS3();
  // No such host is there: the proxy takes the place of DNS.
  const proxy = startForwardProxy("user:secret", server.port);
  const env: Record<string, string> = {
    ...S3_ENV,
    HTTP_PROXY: `http://user:secret@127.0.0.1:${proxy.port}`,
  };
  const config = server.config("out", "http://s3.store.example");
  const destination = await openS3({ ...config, path_style: false }, (name) => env[name]);
  try {
    await assertUsable(destination);
    assert.ok(proxy.requests.length > 0);
    for (const request of proxy.requests) {
      assert.match(
        request,
        new RegExp(`^[A-Z]+ http://${S3_BUCKET}\\.s3\\.store\\.example/(out|\\?)`),
      );
    }
  } finally {
    await destination.close();
    await proxy.stop();
    await server.stop();
  }
});

Deno.test("s3, aws_profile takes keys and region from that profile alone", async () => {
  const server = await startS3();
  const folder = await Deno.makeTempDir({ prefix: "rivet-aws-" });
  const [credentials, settings] = [join(folder, "credentials"), join(folder, "config")];
  const keys = (id: string, secret: string) =>
    `aws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;
  await Deno.writeTextFile(
    credentials,
    `[default]\n${keys("AKIAOTHER", "other")}\n[exports]\n${
      keys(S3_ENV.S3_KEY_ID, S3_ENV.S3_SECRET)
    }`,
  );
  await Deno.writeTextFile(settings, "[profile exports]\nregion = eu-central-1\n");
  const env = {
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_CONFIG_FILE: settings,
    // It is not what the profile says.
    AWS_ACCESS_KEY_ID: "AKIAANOTHER",
    AWS_SECRET_ACCESS_KEY: "another",
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const open = (aws_profile: string) =>
    openS3({
      type: "s3",
      bucket: S3_BUCKET,
      prefix: "out",
      endpoint: server.endpoint,
      aws_profile,
    }, () => undefined);
  try {
    await withEnv(env, async () => {
      const destination = await open("exports");
      await assertUsable(destination);
      await destination.close();
      const other = await open("default");
      await assert.rejects(other.probe(LOOK), {
        code: "DESTINATION_AUTH",
        message: /InvalidAccessKeyId/,
      });
      await other.close();
      await assert.rejects(open("absent"), {
        code: "DESTINATION_AUTH",
        message: /^cannot find credentials in the AWS profile 'absent' for s3:/,
      });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
    await server.stop();
  }
});
