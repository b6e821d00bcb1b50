/** Runs whose end is told to a webhook, against a real PostgreSQL. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { rivet, withConfig } from "../support/rivet.ts";
import {
  type Answer,
  WEBHOOK_SECRET,
  type WebhookDouble,
  webhookDouble,
} from "../support/webhook.ts";

interface Place {
  readonly url: string;
  readonly sql: (text: string) => Promise<void>;
  readonly hook: WebhookDouble;
}

/** A database with a table `orders` of two rows, and a webhook that answers as told. */
async function withPlace(
  body: (place: Place) => Promise<void>,
  answers?: readonly Answer[],
): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  const hook = webhookDouble(answers);
  try {
    const sql = async (text: string) => {
      await db.sql(text);
    };
    await sql("CREATE TABLE orders (id int8 PRIMARY KEY, note text)");
    await sql("INSERT INTO orders VALUES (1, 'a'), (2, 'b')");
    await body({ url: db.url, sql, hook });
  } finally {
    await hook.close();
    await db.drop();
    await server.stop();
  }
}

const yaml = (url: string, exports: string, on: string) => `
source: {type: postgres, url: "${url}", tls: {mode: disable}, tuning: {profile: fast, max_retries: 0}}
notifications: {slack: {webhook_url_env: RIVET_TEST_HOOK, on: [${on}]}}
exports:
${exports}`;

const entry = (name: string, what: string) =>
  `  - {name: ${name}, ${what}, destination: {type: local, path: "./${name}"}}\n`;

Deno.test("one message per failed export of a run; exports that succeed send none", async () => {
  await withPlace(async ({ url, hook }) => {
    const exports = entry("good", "table: orders") + entry("bad", 'query: "SELECT 1/0 AS n"') +
      entry("missing", "table: nowhere");
    await withConfig(yaml(url, exports, "failure"), async (dir) => {
      const env = { RIVET_TEST_HOOK: hook.url };
      const { code, stderr, stdout } = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env });
      assert.equal(code, 1);
      const texts = hook.messages.map((m) => m.text).sort();
      assert.equal(texts.length, 2, texts.join("\n\n"));
      assert.match(
        texts[0],
        /^\*bad\*: failed\nrun bad_\d{8}T\d{6}\.\d{3}, 0 rows, 0 files, [\d.]+ s\n\*SOURCE_QUERY\* .*division by zero/,
      );
      assert.match(texts[1], /^\*missing\*: failed\n.*\n\*SOURCE_OBJECT_NOT_FOUND\* .*nowhere/);
      assert.ok(!`${stdout}${stderr}${texts}`.includes(WEBHOOK_SECRET));
    });
  });
});

Deno.test("an export that cannot begin is told as well", async () => {
  await withPlace(async ({ url, hook }) => {
    const chunked = 'query: "SELECT id, 1 / (id - 2) AS n FROM orders", mode: chunked, ' +
      "chunk_column: id, chunk_checkpoint: true";
    await withConfig(yaml(url, entry("orders", chunked), "failure"), async (dir) => {
      const env = { RIVET_TEST_HOOK: hook.url };
      const run = () => rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env });
      assert.equal((await run()).code, 1, "it leaves a checkpoint");
      assert.equal((await run()).code, 1, "which the next run does not pass over");
      assert.equal(hook.messages.length, 2);
      assert.match(hook.messages[1].text, /^\*orders\*: failed\n.*\n\*CHECKPOINT_OPEN\* /);
    });
  });
});

Deno.test("a changed schema is told, once", async () => {
  await withPlace(async ({ url, sql, hook }) => {
    await withConfig(
      yaml(url, entry("orders", "table: orders"), "failure, schema_change"),
      async (dir) => {
        const env = { RIVET_TEST_HOOK: hook.url };
        const run = () => rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env });
        assert.equal((await run()).code, 0);
        assert.equal(hook.messages.length, 0);
        await sql("ALTER TABLE orders ADD total int4");
        assert.equal((await run()).code, 0);
        assert.equal((await run()).code, 0);
        assert.equal(hook.messages.length, 1);
        assert.match(
          hook.messages[0].text,
          /^\*orders\*: schema changed\n.*, 2 rows, 1 file, .*\n• schema: added total int4$/,
        );
      },
    );
  });
});

Deno.test("a scan of a large table is degraded, of a small one it is not", async () => {
  await withPlace(async ({ url, sql, hook }) => {
    await sql("CREATE TABLE big AS SELECT generate_series(1, 150000)::int8 AS id");
    await sql("ANALYZE big");
    const exports = entry("big", "table: big") + entry("small", "table: orders");
    await withConfig(yaml(url, exports, "degraded"), async (dir) => {
      const env = { RIVET_TEST_HOOK: hook.url };
      assert.equal((await rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env })).code, 0);
      assert.equal(hook.messages.length, 1);
      assert.match(
        hook.messages[0].text,
        /^\*big\*: degraded\n.*150,000 rows.*\n• verdict DEGRADED: Seq Scan on big$/,
      );
    });
  });
});

Deno.test("a webhook that fails, or is not set, changes nothing but the log", async () => {
  await withPlace(async ({ url, sql, hook }) => {
    await withConfig(yaml(url, entry("orders", "table: orders"), "schema_change"), async (dir) => {
      const run = (env: Record<string, string>) =>
        rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env });
      const unset = await run({});
      assert.equal(unset.code, 0);
      assert.match(unset.stderr, /WARN nobody will be notified: .*RIVET_TEST_HOOK is not set/);
      await sql("ALTER TABLE orders ADD total int4");
      const refused = await run({ RIVET_TEST_HOOK: hook.url });
      assert.equal(refused.code, 0);
      assert.match(refused.stderr, /WARN .*'orders': nobody was notified: Slack: HTTP 404 no_team/);
      assert.ok(!refused.stderr.includes(WEBHOOK_SECRET));
    });
  }, [{ status: 404, body: "no_team" }]);
});
