/** The destination is asked before the source is read: here nobody listens where the source should be. */
import assert from "node:assert/strict";
import { AZURITE_ACCOUNT, AZURITE_KEY, startAzurite } from "../../support/azurite.ts";
import { startGcsDouble } from "../../support/gcs_double.ts";
import { rivet, withConfig } from "../../support/rivet.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";

interface Refusing {
  readonly destination: string;
  readonly env: Record<string, string>;
  readonly code: string;
}

async function assertRefused({ destination, env, code }: Refusing): Promise<void> {
  const yaml = `
source: { type: postgres, url: "postgres://nobody:x@127.0.0.1:1/none" }
exports:
  - { name: orders, table: orders, destination: ${destination}, tuning: { max_retries: 0 } }
`;
  await withConfig(yaml, async (cwd) => {
    const result = await rivet(["run", "-c", "rivet.yaml", "--json-errors", "--quiet"], {
      cwd,
      env: { ...env },
    });
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, new RegExp(code));
    assert.doesNotMatch(result.stderr, /SOURCE_/);
  });
}

Deno.test("a missing bucket or a wrong key ends a run before the source is asked", async (t) => {
  const [s3, azure] = await Promise.all([startS3(), startAzurite()]);
  const gcs = startGcsDouble();
  const s3Of = (bucket: string) =>
    `{type: s3, bucket: ${bucket}, endpoint: "${s3.endpoint}", access_key_env: S3_KEY_ID, ` +
    "secret_key_env: S3_SECRET}";
  const azureOf = (container: string) =>
    `{type: azure, container: ${container}, endpoint: "${azure.endpoint}", ` +
    `account_name: ${AZURITE_ACCOUNT}, account_key_env: AZURE_KEY}`;
  const wrongKey = btoa("another key of this account");
  const cases: Record<string, Refusing> = {
    "s3, no bucket": { destination: s3Of("nowhere"), env: S3_ENV, code: "DESTINATION_NOT_FOUND" },
    "s3, wrong key": {
      destination: s3Of("exports"),
      env: { ...S3_ENV, S3_KEY_ID: "AKIAUNKNOWN" },
      code: "DESTINATION_AUTH",
    },
    "azure, no container": {
      destination: azureOf("nowhere"),
      env: { AZURE_KEY: AZURITE_KEY },
      code: "DESTINATION_NOT_FOUND",
    },
    "azure, wrong key": {
      destination: azureOf("exports"),
      env: { AZURE_KEY: wrongKey },
      code: "DESTINATION_AUTH",
    },
    "gcs, no bucket": {
      destination: `{type: gcs, bucket: nowhere, endpoint: "${gcs.endpoint}"}`,
      env: {},
      code: "DESTINATION_NOT_FOUND",
    },
    "local, a file in the way": {
      destination: "{type: local, path: rivet.yaml}",
      env: {},
      code: "DESTINATION_UNWRITABLE",
    },
  };
  try {
    for (const [name, refusing] of Object.entries(cases)) {
      await t.step(name, () => assertRefused(refusing));
    }
  } finally {
    await Promise.all([s3.stop(), azure.stop(), gcs.stop()]);
  }
});
