/** `rivet check` fails for whatever a run would fail for and that can be known before. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

const TABLES = `
  CREATE TABLE orders (id bigint PRIMARY KEY, kind text, at timestamptz NOT NULL);
  INSERT INTO orders SELECT i, 'k', '2025-01-01' FROM generate_series(1, 100) i;
  CREATE TABLE sparse (id bigint PRIMARY KEY);
  INSERT INTO sparse VALUES (1), (9000000000000);
  ANALYZE`;

const LOCAL = "destination: {type: local, path: ./out}";
const S3 = "type: s3, bucket: b, prefix: p/, region: us-east-1";
const UNREACHABLE = "endpoint: 'http://127.0.0.1:1'";

/** By the export's name: its settings, and the error of its check; null where a run would pass. */
const EXPORTS: Record<string, [string, RegExp | null]> = {
  good: [`table: orders, ${LOCAL}`, null],
  again: ["table: orders, destination: {type: local, path: ./again}", null],
  table: [`table: oders, ${LOCAL}`, /oders/],
  cursor: [
    `table: orders, mode: incremental, cursor_column: att, ${LOCAL}`,
    /'att' is not a column/,
  ],
  partition: [
    "table: orders, partition_by: day, destination: {type: local, path: './out/{partition}'}",
    /day/,
  ],
  override: [`table: orders, columns: {knd: text}, ${LOCAL}`, /knd/],
  hashed: [`table: orders, meta_columns: {row_hash: [id, nope]}, ${LOCAL}`, /nope/],
  quality: [`table: orders, quality: {unique_columns: [nope]}, ${LOCAL}`, /nope/],
  ratio: [`table: orders, quality: {null_ratio_max: {nope: 0.1}}, ${LOCAL}`, /nope/],
  key: [`table: orders, mode: chunked, chunk_by_key: kind, ${LOCAL}`, /NOT NULL and unique/],
  sparse: [`table: sparse, mode: chunked, ${LOCAL}`, /90000000 chunks/],
  no_variable: [
    `table: orders, destination: {${S3}, access_key_env: NO_KEY, secret_key_env: NO_SECRET}`,
    /NO_KEY/,
  ],
  no_file: [
    "table: orders, destination: {type: gcs, bucket: b, credentials_file: gone.json}",
    /gone\.json cannot be read/,
  ],
  no_folder: ["table: orders, destination: {type: local, path: ./rivet.yaml/out}", /rivet\.yaml/],
  far: [
    `table: orders, destination: {${S3}, ${UNREACHABLE}, access_key_env: KEY, secret_key_env: KEY}`,
    null,
  ],
};

const ENV = { KEY: "abc", RIVET_LOG: "warn" };

async function withShop(body: (url: string) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(TABLES);
      await body(database.url);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
}

const config = (source: string, names: readonly string[]) =>
  `source: {type: postgres, ${source}}\nexports:\n` +
  names.map((name) => `  - {name: ${name}, ${EXPORTS[name][0]}}\n`).join("");

Deno.test("check: what a run would fail for is found, export by export", () =>
  withShop((url) =>
    withConfig(config(`url: "${url}", tls: {mode: disable}`, Object.keys(EXPORTS)), async (dir) => {
      const { code, stdout, stderr } = await rivet(["check", "-c", "rivet.yaml", "--json"], {
        cwd: dir,
        env: ENV,
      });
      assert.equal(code, 1, stderr);
      const found = stdout.trim().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(found.map((e) => e.export), Object.keys(EXPORTS));
      for (const { export: name, error } of found) {
        const [, wanted] = EXPORTS[name];
        if (wanted === null) assert.equal(error, null, `${name}: ${error?.message}`);
        else assert.match(error?.message ?? "no error", wanted, name);
      }
      const left = [...Deno.readDirSync(dir)].map(({ name }) => name);
      assert.deepEqual(left, ["rivet.yaml"], "nothing is made, no state either");
    })
  ));

Deno.test("check: --destinations asks over the network, too", () =>
  withShop((url) =>
    withConfig(config(`url: "${url}", tls: {mode: disable}`, ["far", "good"]), async (dir) => {
      const args = ["check", "-c", "rivet.yaml"];
      const { code } = await rivet(args, { cwd: dir, env: ENV });
      assert.equal(code, 0);
      const asked = await rivet([...args, "--destinations"], { cwd: dir, env: ENV });
      assert.equal(asked.code, 1, asked.stderr);
      assert.match(asked.stderr, /1 of 2 exports would fail: 'far'/);
      assert.match(asked.stdout, /Error: +cannot write s3:.*ECONNREFUSED/);
    })
  ));

Deno.test("check: a state that cannot be reached fails it, and variables that are not set do", () =>
  withShop(async (url) => {
    await withConfig(config(`url: "${url}", tls: {mode: disable}`, ["good"]), async (dir) => {
      const env = { ...ENV, RIVET_STATE_URL: "postgres://u@127.0.0.1:1/state" };
      const { code, stderr } = await rivet(["check", "-c", "rivet.yaml"], { cwd: dir, env });
      assert.equal(code, 1);
      assert.match(stderr, /127\.0\.0\.1:1/);
    });
    await withConfig(
      config("url_env: NO_SUCH_URL, tls: {mode: disable}", ["good"]),
      async (dir) => {
        const { code, stderr } = await rivet(["check", "-c", "rivet.yaml"], { cwd: dir, env: ENV });
        assert.ok(code !== 0);
        assert.match(stderr, /NO_SUCH_URL/);
      },
    );
  }));

Deno.test("check and plan: what the connection warns of is said as in run, once", () =>
  withShop((url) =>
    withConfig(
      config("url_env: SHOP_URL", ["good", "again"]),
      async (dir) => {
        const env = { ...ENV, SHOP_URL: url };
        const warnings = async (...args: string[]) => {
          const { code, stderr } = await rivet([...args, "-c", "rivet.yaml"], {
            cwd: dir,
            env,
          });
          assert.equal(code, 0, stderr);
          return stderr.split("\n").filter((line) => /^WARN/.test(line));
        };
        const run = await warnings("run", "--quiet");
        assert.deepEqual(run, []);
        const said = await warnings("run");
        assert.equal(said.filter((line) => /TLS|plaintext/i.test(line)).length, 1, said.join("\n"));
        assert.deepEqual(await warnings("check"), said);
        assert.deepEqual(await warnings("plan", "--no-annotate"), said);
      },
    )
  ));
