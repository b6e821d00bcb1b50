/** What `check` says of a bucket that is not there and of credentials that are wrong, on real servers. */
import assert from "node:assert/strict";
import { openAzure } from "../../../adapters/destinations/azure/mod.ts";
import { openGcs } from "../../../adapters/destinations/gcs/mod.ts";
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import { openS3 } from "../../../adapters/destinations/s3/mod.ts";
import { DestinationError } from "../../../core/base/errors.ts";
import { putFile } from "../../conformance/destination.ts";
import { LOOK, WRITE } from "../../support/destinations.ts";
import { azureEnv, AZURITE_KEY, startAzurite } from "../../support/azurite.ts";
import { startGcsDouble } from "../../support/gcs_double.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";

/** The same verdict for listing, for a write probe and for a part, without a retry. */
async function assertRefused(
  opening: Promise<ObjectDestination>,
  code: string,
  hint: RegExp,
): Promise<void> {
  const destination = await opening;
  const attempts = [
    () => destination.probe(LOOK),
    () => destination.probe(WRITE),
    () => putFile(destination, "part", new Uint8Array(100)),
  ];
  try {
    for (const attempt of attempts) {
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof DestinationError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.hint ?? "", hint);
        return true;
      });
    }
  } finally {
    await destination.close();
  }
}

Deno.test("check on s3: bucket not found, auth error", async () => {
  const server = await startS3();
  const env = (name: string) => S3_ENV[name];
  try {
    await assertRefused(
      openS3({ ...server.config(""), bucket: "elsewhere" }, env),
      "DESTINATION_NOT_FOUND",
      /Create the bucket/,
    );
    await assertRefused(
      openS3(server.config(""), (name) => name === "S3_KEY_ID" ? "AKIAUNKNOWN" : env(name)),
      "DESTINATION_AUTH",
      /access_key_env/,
    );
  } finally {
    await server.stop();
  }
});

Deno.test("a refused look-up on s3 says what is wrong with the credentials", async () => {
  const server = await startS3();
  const env = (name: string) => name === "S3_KEY_ID" ? "AKIAUNKNOWN" : S3_ENV[name];
  const destination = await openS3(server.config(""), env);
  try {
    await assert.rejects(destination.head("part"), (error: DestinationError) => {
      assert.equal(error.code, "DESTINATION_AUTH");
      assert.match(error.message, /InvalidAccessKeyId/);
      assert.match(error.hint ?? "", /access_key_env/);
      return true;
    });
  } finally {
    await destination.close();
    await server.stop();
  }
});

Deno.test("check on azure: container not found, auth error", async () => {
  const server = await startAzurite();
  try {
    await assertRefused(
      openAzure({ ...server.config(""), bucket: "elsewhere" }, azureEnv(AZURITE_KEY)),
      "DESTINATION_NOT_FOUND",
      /Create the container/,
    );
    await assertRefused(
      openAzure(server.config(""), azureEnv(btoa("another key of this account"))),
      "DESTINATION_AUTH",
      // The answer is AuthorizationFailure, which a storage firewall gives too.
      /^Check the account's name and its key.* firewall/,
    );
  } finally {
    await server.stop();
  }
});

Deno.test("check on gcs: bucket not found", async () => {
  const server = startGcsDouble();
  try {
    await assertRefused(
      openGcs({ ...server.config(""), bucket: "elsewhere" }, () => undefined),
      "DESTINATION_NOT_FOUND",
      /Create the bucket/,
    );
  } finally {
    await server.stop();
  }
});
