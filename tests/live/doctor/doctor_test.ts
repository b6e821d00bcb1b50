import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { type CliResult, rivet, withConfig } from "../../support/rivet.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../../support/s3.ts";

interface Report {
  readonly status: string;
  readonly checks: readonly {
    readonly check: string;
    readonly name: string;
    readonly status: string;
    readonly category: string | null;
    readonly message: string | null;
  }[];
}

async function doctor(cwd: string, ...args: string[]): Promise<CliResult & { report: Report }> {
  const result = await rivet(["doctor", "-c", "rivet.yaml", "--json", ...args], {
    cwd,
    env: { ...S3_ENV, RIVET_LOG: "error" },
  });
  return { ...result, report: JSON.parse(result.stdout) };
}

const s3 = (bucket: string, endpoint: string, key = "S3_KEY_ID") =>
  `{type: s3, bucket: ${bucket}, prefix: "{export}/", endpoint: "${endpoint}", region: us-east-1, ` +
  `access_key_env: ${key}, secret_key_env: S3_SECRET}`;

Deno.test("doctor: everything is well", async () => {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    const yaml = `
source: {type: postgres, url: "${database.url}"}
exports:
  - {name: a, query: SELECT 1 AS one, destination: {type: local, path: "./out/{export}"}}
  - {name: b, query: SELECT 1 AS one, destination: {type: local, path: "./out/{export}"}}
`;
    try {
      await withConfig(yaml, async (cwd) => {
        const { code, stdout } = await rivet(["doctor", "-c", "rivet.yaml"], {
          cwd,
          env: { RIVET_LOG: "error" },
        });
        assert.equal(code, 0, stdout);
        assert.equal(
          stdout.replace(/skew \(-?\d+ ms\)/, "skew (N ms)").replace(cwd, "."),
          [
            "rivet doctor: verifying auth for config 'rivet.yaml'",
            "",
            "[OK]  Config parsed successfully",
            "[WARN] source: TLS is not enforced — credentials and result rows cross the network " +
            "in plaintext.",
            "[OK]  Source auth (Postgres)",
            "[OK]  Clock skew (N ms)",
            "[OK]  Destination Local(./out)",
            `[OK]  State (./.rivet_state.db)`,
            "",
            "All checks passed.",
            "",
          ].join("\n"),
        );
        await assert.rejects(Deno.stat(join(cwd, "out")), Deno.errors.NotFound);
        const { report } = await doctor(cwd, "--write-probe");
        assert.equal(report.status, "ok");
        const left = await Array.fromAsync(Deno.readDir(join(cwd, "out")));
        assert.deepEqual(left, []);
      });
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});

Deno.test("doctor: every failure is found, in its category", async () => {
  const store = await startS3();
  try {
    const yaml = `
source: {type: postgres, url: "postgres://rivet:longer-secret@127.0.0.1:1/x"}
exports:
  - {name: a, table: a, destination: {type: local, path: ./rivet.yaml/below}}
  - {name: b, table: b, destination: ${s3("no-such-bucket", store.endpoint)}}
  - {name: c, table: c, destination: ${s3("other", store.endpoint, "NOT_SET_ANYWHERE")}}
  - {name: d, table: d, destination: ${s3(S3_BUCKET, store.endpoint)}}
`;
    await withConfig(yaml, async (cwd) => {
      const { code, report, stderr, stdout } = await doctor(cwd, "--write-probe");
      assert.equal(code, 1);
      assert.match(stderr, /^error: 4 of 7 checks failed/);
      assert.deepEqual(report.checks.map((c) => [c.name, c.status, c.category]), [
        ["Config parsed successfully", "ok", null],
        ["Source auth (Postgres)", "fail", "connectivity error"],
        ["Destination Local(./rivet.yaml/below)", "fail", "error"],
        ["Destination S3(no-such-bucket)", "fail", "bucket not found"],
        ["Destination S3(other)", "fail", "auth error"],
        [`Destination S3(${S3_BUCKET})`, "ok", null],
        [`State (${join(cwd, ".rivet_state.db")})`, "ok", null],
      ]);
      assert.equal((stdout + stderr).includes("longer-secret"), false);
    });
  } finally {
    await store.stop();
  }
});

Deno.test("doctor: a config that cannot be loaded is the first finding, exit 2", () =>
  withConfig("source: {type: postgress}\n", async (cwd) => {
    const { code, report, stderr } = await doctor(cwd);
    assert.equal(code, 2);
    assert.deepEqual(report.checks.map((c) => [c.check, c.status]), [["config", "fail"]]);
    assert.match(stderr, /postgress/);
  }));
