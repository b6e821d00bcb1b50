/** Runs that tell an OpenLineage receiver of themselves, over HTTP, held against the published schemas. */
import assert from "node:assert/strict";
import { createMysqlDatabase, mysqlTest, testMysql } from "../support/mariadb.ts";
import { assertOpenLineage, type LineageDouble, lineageDouble } from "../support/openlineage.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { endOf } from "../support/pulse.ts";
import { MAIN, rivet, withConfig } from "../support/rivet.ts";
import { onSessions, serverHasSessions, stateDatabase } from "./state/state_database.ts";

const PARENT = "airflow/shop.nightly/0198c2d0-5d6a-7a51-9d0a-4f6a1d0f3c11";
const ROOT = "airflow/shop/0198c2d0-5d6a-7a51-9d0a-4f6a1d0f3c00";

interface Place {
  readonly url: string;
  readonly database: string;
  readonly sql: (text: string) => Promise<unknown>;
  readonly hook: LineageDouble;
}

async function withPlace(body: (place: Place) => Promise<void>, status?: number | null) {
  const server = await testPostgres();
  const db = await createDatabase(server);
  const hook = lineageDouble(status);
  try {
    await db.sql("CREATE SCHEMA shop; CREATE TABLE shop.orders (id int8 PRIMARY KEY, note text)");
    await db.sql("CREATE TABLE items (order_id int8, price numeric(9,2))");
    await db.sql("INSERT INTO shop.orders VALUES (1, 'a'), (2, NULL)");
    await db.sql("INSERT INTO items VALUES (1, 9.50)");
    const database = new URL(db.url).pathname.slice(1);
    await body({ url: db.url, database, sql: (text) => db.sql(text), hook });
    for (const event of hook.events) await assertOpenLineage(event);
  } finally {
    await hook.close();
    await db.drop();
    await server.stop();
  }
}

const yaml = (url: string, hook: string, exports: string, more = "") => `
source: {type: postgres, url: "${url}", tls: {mode: disable}, tuning: {profile: fast, max_retries: 0}}
lineage: {url: "${hook}", namespace: shop${more}}
exports:
${exports}`;

const entry = (name: string, what: string, path = "./out/{export}/{date}") =>
  `  - {name: ${name}, ${what}, destination: {type: local, path: "${path}"}}\n`;

const QUERY = 'query: "SELECT o.id, sum(i.price)::numeric(12,2) AS total FROM shop.orders o ' +
  'LEFT JOIN items AS i ON i.order_id = o.id GROUP BY o.id"';
const GATES = "quality: {row_count_min: 1, null_ratio_max: {note: 0.5}, unique_columns: [id]}";

Deno.test("a run tells of its beginning and its end, with datasets that other tools know", async () => {
  await withPlace(async ({ url, database, hook }) => {
    const exports = entry("orders", `table: shop.orders, ${GATES}`) + entry("totals", QUERY);
    await withConfig(yaml(url, hook.url, exports, ", api_key_env: KEY"), async (dir) => {
      const env = {
        KEY: "k3y-0f-the-r3ceiver",
        OPENLINEAGE_PARENT_ID: PARENT,
        OPENLINEAGE_ROOT_PARENT_ID: ROOT,
      };
      const { code, stderr } = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env });
      assert.equal(code, 0, stderr);
      assert.deepEqual(
        hook.events.map(({ eventType, job }) => `${eventType} ${job.namespace}.${job.name}`),
        ["START", "COMPLETE"].map((type) => `${type} shop.orders`)
          .concat(["START", "COMPLETE"].map((type) => `${type} shop.totals`)),
      );
      assert.deepEqual(
        [...new Set(hook.requests)],
        ["POST /api/v1/lineage Bearer k3y-0f-the-r3ceiver"],
      );
      const [start, orders, , totals] = hook.events;
      assert.equal(start.run.runId, orders.run.runId);
      assert.deepEqual(orders.run.facets.parent.job, {
        namespace: "airflow",
        name: "shop.nightly",
      });
      assert.equal(orders.run.facets.parent.root.job.name, "shop");
      const server = `postgres://${new URL(url).host}`;
      const [input] = orders.inputs;
      assert.deepEqual([input.namespace, input.name], [server, `${database}.shop.orders`]);
      assert.equal(input.inputFacets?.inputStatistics.rowCount, 2);
      assert.deepEqual(
        input.inputFacets?.dataQualityAssertions.assertions
          .map((a: Record<string, unknown>) => [a.assertion, a.column, a.success, a.actual]),
        [
          ["row_count_min", undefined, true, "2"],
          ["null_ratio_max", "note", true, "0.5"],
          ["unique_columns", "id", true, "0"],
        ],
      );
      const [output] = orders.outputs;
      const real = await Deno.realPath(dir);
      assert.ok([`${dir}/out/orders`, `${real}/out/orders`].includes(output.name), output.name);
      assert.equal(output.namespace, "file");
      const { rowCount, fileCount, size } = output.outputFacets?.outputStatistics ?? {};
      assert.deepEqual([rowCount, fileCount], [2, 1]);
      assert.ok(size > 0);
      assert.deepEqual(
        output.facets.schema.fields.map((f: Record<string, unknown>) => [f.name, f.type]),
        [["id", "int64"], ["note", "text"]],
      );
      assert.equal(output.facets.columnLineage.fields.note.inputFields[0].field, "note");
      assert.deepEqual(
        totals.inputs.map(({ name }) => name),
        [`${database}.shop.orders`, `${database}.public.items`],
      );
      assert.match(totals.job.facets.sql.query, /^SELECT o\.id, sum/);
    });
  });
});

Deno.test("a run that fails says why, without a secret; one that cannot begin as well", async () => {
  await withPlace(async ({ url, hook }) => {
    const gate = "table: shop.orders, quality: {null_ratio_max: {note: 0.1}}";
    const exports = entry("bad", `query: "SELECT 1/0 AS n, 'k3y-0f-the-s0urce' AS k"`) +
      entry("gate", gate) + entry("missing", "table: nowhere");
    const more = ", api_key_env: KEY";
    await withConfig(yaml(url, hook.url, exports, more), async (dir) => {
      const env = { KEY: "k3y-0f-the-s0urce" };
      assert.equal((await rivet(["run", "-c", "rivet.yaml"], { cwd: dir, env })).code, 1);
      const ends = hook.events.filter(({ eventType }) => eventType === "FAIL");
      assert.deepEqual(ends.map(({ job }) => job.name), ["bad", "gate", "missing"]);
      const messages = ends.map(({ run }) => run.facets.errorMessage.message);
      assert.match(messages[0], /^SOURCE_QUERY: .*division by zero/);
      assert.match(messages[1], /^QUALITY_FAILED: /);
      assert.match(messages[2], /^SOURCE_OBJECT_NOT_FOUND: /);
      const [assertion] = ends[1].inputs[0].inputFacets?.dataQualityAssertions.assertions ?? [];
      assert.deepEqual([assertion.success, assertion.actual], [false, "0.5"]);
      assert.deepEqual(ends[1].outputs[0].outputFacets, {}, "what was written is no data");
      assert.match(ends[0].job.facets.sql.query, /REDACTED/);
      assert.ok(!JSON.stringify(hook.events).includes("k3y-0f"));
      const starts = hook.events.filter(({ eventType }) => eventType === "START");
      assert.deepEqual(starts.map(({ run }) => run.runId), ends.map(({ run }) => run.runId));
    });
  });
});

Deno.test("a run that is stopped is aborted", async () => {
  await withPlace(async ({ url, hook }) => {
    const slow = 'query: "SELECT id, pg_sleep(60)::text AS s FROM shop.orders"';
    await withConfig(yaml(url, hook.url, entry("slow", slow)), async (dir) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", MAIN, "run", "-c", "rivet.yaml"],
        cwd: dir,
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await hook.came("START");
      child.kill("SIGINT");
      assert.equal((await endOf(child)).code, 130);
      assert.deepEqual(hook.events.map(({ eventType }) => eventType), ["START", "ABORT"]);
    });
  });
});

Deno.test("a receiver that fails, is silent or away changes nothing but the log", async () => {
  const exports = ["a", "b", "c"].map((name) => entry(name, "table: items")).join("");
  for (const [status, message] of [[500, /HTTP 500/], [null, /no answer within 1 s/]] as const) {
    await withPlace(async ({ url, hook }) => {
      await withConfig(yaml(url, hook.url, exports, ", timeout_s: 1"), async (dir) => {
        const { code, stderr } = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir });
        assert.equal(code, 0, stderr);
        assert.match(stderr, /WARN lineage: START of a was not taken: OpenLineage at 127/);
        assert.match(stderr, message);
        assert.match(stderr, /WARN lineage: nothing more is sent for a minute/);
        // Both events of the first export, and nothing of the others: nobody waits for those.
        assert.deepEqual([...new Set(hook.events.map(({ job }) => job.name))], ["a"]);
      });
    }, status);
  }
});

const CHUNKED =
  "table: shop.orders, mode: chunked, chunk_column: id, chunk_size: 1, format: csv, " +
  "chunk_checkpoint: true";

onSessions(await serverHasSessions(), "lineage of tasks", () => {
  Deno.test("tasks of one plan are one run, which the finish ends; a repair is another", async () => {
    const state = await stateDatabase();
    try {
      await withPlace(async ({ url, sql, hook }) => {
        const text = yaml(url, hook.url, entry("orders", CHUNKED))
          .replace(/url: "postgres[^"]*"/, "url_env: SOURCE");
        await withConfig(text, async (dir) => {
          const env = { SOURCE: url, RIVET_STATE_URL: state.url };
          const ok = async (...args: string[]) => {
            const { code, stderr } = await rivet(args, { cwd: dir, env });
            assert.equal(code, 0, stderr);
          };
          await ok("plan", "-c", "rivet.yaml", "--format", "json", "-o", "plan.json");
          await Promise.all([0, 1].map((i) => ok("apply", "plan.json", "--task", `${i}/2`)));
          assert.deepEqual(hook.events.map(({ eventType }) => eventType), ["START"]);
          await ok("apply", "plan.json", "--finish");
          const [start, end, ...more] = hook.events;
          assert.deepEqual([end.eventType, more.length], ["COMPLETE", 0]);
          assert.equal(end.run.runId, start.run.runId);
          assert.equal(end.outputs[0].outputFacets?.outputStatistics.rowCount, 2);
          await sql("DELETE FROM shop.orders WHERE id = 1");
          const report = [
            "-c",
            "rivet.yaml",
            "-e",
            "orders",
            "--format",
            "json",
            "-o",
            "report.json",
          ];
          const { code, stderr } = await rivet(["reconcile", ...report], { cwd: dir, env });
          assert.equal(code, 1, `a row is gone from the source: ${stderr}`);
          await ok(
            ...["repair", "-c", "rivet.yaml", "-e", "orders", "--report", "report.json"],
            "--execute",
          );
          const [begun, repaired] = hook.events.slice(2);
          assert.deepEqual([begun.eventType, repaired.eventType], ["START", "COMPLETE"]);
          assert.equal(repaired.run.runId, begun.run.runId);
          assert.notEqual(repaired.run.runId, end.run.runId);
          assert.equal(repaired.outputs[0].outputFacets?.outputStatistics.rowCount, 1);
        });
      });
    } finally {
      await state.drop();
    }
  });
});

Deno.test("doctor asks the receiver, and permissions name its host", async () => {
  await withPlace(async ({ url, hook }) => {
    await withConfig(yaml(url, hook.url, entry("items", "table: items")), async (dir) => {
      const env = { OPENLINEAGE_API_KEY: "k3y-0f-the-r3ceiver" };
      const doctor = await rivet(["doctor", "-c", "rivet.yaml"], { cwd: dir, env });
      assert.equal(doctor.code, 0, doctor.stdout);
      assert.match(doctor.stdout, /\[OK\] +Lineage \(127\.0\.0\.1:\d+\)/);
      assert.deepEqual(hook.requests, ["GET /api/v1/lineage Bearer k3y-0f-the-r3ceiver"]);
      const permissions = await rivet(["permissions", "-c", "rivet.yaml"], { cwd: dir, env });
      assert.ok(permissions.stdout.includes(new URL(hook.url).host), permissions.stdout);
      assert.match(permissions.stdout, /OPENLINEAGE_\*/);
    });
  });
});

mysqlTest("MySQL's tables are named as OpenLineage names them", async () => {
  const server = await testMysql();
  const db = await createMysqlDatabase(server);
  const hook = lineageDouble();
  try {
    await db.sql("CREATE TABLE orders (id bigint PRIMARY KEY)");
    await db.sql("INSERT INTO orders VALUES (1), (2)");
    const text = yaml(db.url, hook.url, entry("o", 'query: "SELECT * FROM `orders` x, orders y"'))
      .replace("type: postgres", "type: mysql").replace("SELECT *", "SELECT x.id");
    await withConfig(text, async (dir) => {
      const { code, stderr } = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir });
      assert.equal(code, 0, stderr);
      const { inputs } = hook.events[1];
      const { host, pathname } = new URL(db.url);
      assert.deepEqual(
        inputs.map(({ namespace, name }) => [namespace, name]),
        [[`mysql://${host}`, `${pathname.slice(1)}.orders`]],
      );
      for (const event of hook.events) await assertOpenLineage(event);
    });
  } finally {
    await hook.close();
    await db.drop();
    await server.stop();
  }
});
