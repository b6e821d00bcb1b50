/** `verify: content` where a store's MD5s are none of the content: refused while planning, and why. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";

Deno.test("verify: content under SSE-KMS is refused by check, plan and run, with the reason", async (t) => {
  const postgres = await testPostgres();
  const database = await createDatabase(postgres);
  const [kms, plain] = await Promise.all([startS3("heeded", "kms"), startS3()]);
  const yaml = (endpoint: string, verify: string) => `
source: { type: postgres, url: "${database.url}", tls: { mode: disable } }
exports:
  - name: orders
    table: orders
    verify: ${verify}
    destination:
      { type: s3, bucket: exports, prefix: out, endpoint: "${endpoint}",
        access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET }
`;
  const cli = async (endpoint: string, verify: string, command: string) =>
    await withConfig(
      yaml(endpoint, verify),
      (cwd) => rivet([command, "-c", "rivet.yaml"], { cwd, env: S3_ENV }),
    );
  try {
    await database.sql("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)");
    for (const command of ["check", "plan", "run"]) {
      await t.step(command, async () => {
        const { code, stdout, stderr } = await cli(kms.endpoint, "content", command);
        assert.equal(code, 2, stdout + stderr);
        assert.match(
          (stdout + stderr).replace(/\s+/g, " "),
          /verify: content compares MD5s, and under aws:kms s3:\/\/exports\/out lists none of the content/,
        );
      });
    }
    await t.step("sizes alone are compared there", async () => {
      const { code, stdout, stderr } = await cli(kms.endpoint, "size", "plan");
      assert.equal(code, 0, stdout + stderr);
    });
    await t.step("content elsewhere", async () => {
      const { code, stdout, stderr } = await cli(plain.endpoint, "content", "check");
      assert.equal(code, 0, stdout + stderr);
    });
  } finally {
    await Promise.all([kms.stop(), plain.stop()]);
    await database.drop();
    await postgres.stop();
  }
});
