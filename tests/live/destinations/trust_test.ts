/** Each way to trust a store's private authority that the documents name, in a process of its own. */
import assert from "node:assert/strict";
import { rivet, withConfig } from "../../support/rivet.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";
import { startTlsFront } from "../../support/tls_front.ts";

/** The destination is asked first: whoever gets as far as the source trusts the store. */
const TRUSTED = "SOURCE_UNREACHABLE";

async function outcome(
  endpoint: string,
  extra: string,
  env: Record<string, string>,
): Promise<{ code: string; hint: string }> {
  const yaml = `
source: { type: postgres, url: "postgres://nobody:x@127.0.0.1:1/none", tls: { mode: disable } }
exports:
  - name: orders
    table: orders
    tuning: { max_retries: 0 }
    destination:
      { type: s3, bucket: exports, prefix: out, endpoint: "${endpoint}",
        access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET${extra} }
`;
  return await withConfig(yaml, async (cwd) => {
    const { stderr } = await rivet(["run", "-c", "rivet.yaml", "--quiet", "--json-errors"], {
      cwd,
      env: { ...S3_ENV, ...env },
    });
    const error = JSON.parse(stderr);
    return { ...error, hint: `${error.hint} (${error.error})` };
  });
}

Deno.test("a private authority is trusted in each way that the documents name, and in no other", async (t) => {
  const server = await startS3();
  const { endpoint, caFile, stop } = await startTlsFront(server.port).then((front) => ({
    endpoint: front.endpoint,
    caFile: front.caFile,
    stop: () => front.stop(),
  }));
  const ways: Record<string, [extra: string, env: Record<string, string>]> = {
    "ca_file": [`, ca_file: "${caFile}"`, {}],
    "AWS_CA_BUNDLE": ["", { AWS_CA_BUNDLE: caFile }],
    "NODE_EXTRA_CA_CERTS": ["", { NODE_EXTRA_CA_CERTS: caFile }],
    // The operating system's, which the test cannot change: OpenSSL's variable stands for it.
    "DENO_TLS_CA_STORE=system": ["", { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: caFile }],
  };
  try {
    for (const [name, [extra, env]] of Object.entries(ways)) {
      await t.step(name, async () => {
        const { code, hint } = await outcome(endpoint, extra, env);
        assert.equal(code, TRUSTED, hint);
      });
    }
    await t.step("none, with the hint of what would", async () => {
      const { code, hint } = await outcome(endpoint, "", {});
      assert.equal(code, "DESTINATION_UNREACHABLE");
      assert.match(hint, /ca_file/);
      assert.match(hint, /DENO_TLS_CA_STORE=system/);
      assert.doesNotMatch(hint, /DENO_CERT/);
    });
  } finally {
    await stop();
    await server.stop();
  }
});
