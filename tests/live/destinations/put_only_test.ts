/**
 * Keys that may put objects and nothing else (`s3:PutObject`): exports work, and what needs to look at
 * the destination says before anything is read that it cannot.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { DestinationError } from "../../../core/base/errors.ts";
import { putFile } from "../../conformance/destination.ts";
import { startFaultProxy } from "../../support/fault_proxy.ts";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";
import { IN_PIECES } from "./limits.ts";

const WRITE = { write: true, list: false, compare: false };

Deno.test("s3, a key that may only put: files of every size are put, the rest says why not", async () => {
  const server = await startS3("heeded", "put");
  const destination = await server.open("out", IN_PIECES);
  try {
    const access = await destination.probe({ ...WRITE, list: true });
    assert.deepEqual(access.refused.map(({ what }) => what), ["list", "remove"]);
    assert.match(access.refused[0].hint, /s3:ListBucket/);
    assert.equal(access.createOnly, true);
    // The probe's object stays, and is in nobody's way.
    assert.equal((await destination.probe(WRITE)).createOnly, true);
    await putFile(destination, "small", new Uint8Array(1000));
    await putFile(destination, "large", new Uint8Array(2_000_000));
    await destination.replace(new Uint8Array(10), "manifest.json");
    const file = join(await destination.stagingDir(), "again");
    await Deno.writeFile(file, new Uint8Array(1000));
    assert.equal(await destination.put({ file, md5: "" }, "small"), "taken");
    const refusals: [() => Promise<unknown>, RegExp][] = [
      [() => destination.head("small"), /s3:GetObject and s3:ListBucket/],
      [() => destination.read("small"), /s3:GetObject and s3:ListBucket/],
      [() => destination.list("")[Symbol.asyncIterator]().next(), /s3:ListBucket/],
      [() => destination.move("small", "other"), /s3:GetObject/],
    ];
    for (const [call, permission] of refusals) {
      await assert.rejects(call, (error: DestinationError) => {
        assert.equal(error.code, "DESTINATION_AUTH", error.message);
        assert.match(error.message, /AccessDenied/);
        assert.match(error.hint ?? "", permission);
        return true;
      });
    }
  } finally {
    await destination.close();
    await server.stop();
  }
});

Deno.test("s3, a key that may only put: a part whose answer got lost gets another name", async () => {
  const server = await startS3("heeded", "put");
  const proxy = startFaultProxy(server.port);
  const destination = await server.open("out", undefined, proxy.endpoint);
  try {
    const body = new Uint8Array(1000).fill(1);
    const md5 = createHash("md5").update(body).digest("base64");
    const file = join(await destination.stagingDir(), "part");
    await Deno.writeFile(file, body);
    proxy.break(/^PUT .*part-1/, { kind: "lose_answer" });
    assert.equal(await destination.put({ file, md5 }, "part-1"), "taken");
    assert.equal(await destination.put({ file, md5 }, "part-2"), "stored");
  } finally {
    await destination.close();
    await proxy.stop();
    await server.stop();
  }
});

Deno.test("s3, a key that may only put, and a store without conditions: parts are put", async () => {
  for (const conditions of ["ignored", "refused"] as const) {
    const server = await startS3(conditions, "put");
    const destination = await server.open("out");
    try {
      assert.equal((await destination.probe(WRITE)).createOnly, false);
      await putFile(destination, "part", new Uint8Array(1000));
    } finally {
      await destination.close();
      await server.stop();
    }
  }
});

Deno.test("runs with a key that may only put: exported, what cannot be is said first", async (t) => {
  const postgres = await testPostgres();
  const database = await createDatabase(postgres);
  const server = await startS3("heeded", "put");
  const yaml = (more = "") => `
source: { type: postgres, url: "${database.url}", tls: { mode: disable } }
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_size: 50
    chunk_checkpoint: true
    destination:
      { type: s3, bucket: exports, prefix: out, endpoint: "${server.endpoint}",
        access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET${more} }
`;
  const cli = async (args: string[], more?: string) =>
    await withConfig(
      yaml(more),
      (cwd) => rivet([...args, "-c", "rivet.yaml"], { cwd, env: S3_ENV }),
    );
  const refusedFor = async (why: RegExp, ...args: string[]) => {
    const { code, stdout, stderr } = await cli(args);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout + stderr, why);
    assert.match(stdout + stderr, /s3:ListBucket/);
  };
  try {
    await database.sql(
      "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 100)",
    );
    await t.step("run", async () => {
      const { code, stdout, stderr } = await cli(["run"]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /rows: +100/);
    });
    await t.step("run, probe: false", async () => {
      const { code, stdout, stderr } = await cli(["run"], ", probe: false");
      assert.equal(code, 0, stdout + stderr);
    });
    await t.step(
      "run --validate",
      () => refusedFor(/cannot be listed, and --validate/, "run", "--validate"),
    );
    await t.step("validate", () => refusedFor(/cannot list .*Nothing was compared/s, "validate"));
    await t.step("doctor", async () => {
      const { stdout } = await cli(["doctor", "--write-probe"]);
      assert.match(
        stdout,
        /cannot be listed: --validate, 'rivet validate' and --resume do not work/,
      );
      assert.match(stdout, /nothing can be removed/);
    });
  } finally {
    await server.stop();
    await database.drop();
    await postgres.stop();
  }
});
