import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { type GcsConfig, openGcs } from "../../../../adapters/destinations/gcs/mod.ts";
import { redact } from "../../../../core/base/redact.ts";

const CONFIG: GcsConfig = { type: "gcs", bucket: "b", prefix: "p/" };

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-gcs-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("gcs: a credentials file that cannot serve is a configuration error that says why", () =>
  inFolder(async (folder) => {
    const contents: readonly (readonly [string | null, RegExp])[] = [
      [null, /cannot be read$/],
      ["{", /is not JSON$/],
      ["{}", /holds no credentials: it has no `type`$/],
      [
        JSON.stringify({
          type: "service_account",
          client_email: "x@example.iam.gserviceaccount.com",
          private_key: "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n",
        }),
        /holds a damaged `private_key`$/,
      ],
    ];
    for (const [content, message] of contents) {
      const file = join(folder, `${crypto.randomUUID()}.json`);
      if (content !== null) await Deno.writeTextFile(file, content);
      await assert.rejects(openGcs({ ...CONFIG, credentials_file: file }, () => undefined), {
        name: "ConfigError",
        message,
      });
    }
  }));

Deno.test("gcs: a service account's file opens, and its key is hidden", () =>
  inFolder(async (folder) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    const file = join(folder, "key.json");
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        type: "service_account",
        client_email: "x@example.iam.gserviceaccount.com",
        private_key: key,
      }),
    );
    const destination = await openGcs({ ...CONFIG, credentials_file: file }, () => undefined);
    assert.equal(destination.uri, "gs://b/p");
    assert.equal(redact(`<${key}>`), "<REDACTED>");
    await destination.close();
  }));
