import assert from "node:assert/strict";
import { join } from "node:path";
import nodePostgres from "postgres";
import { postgresTables } from "./tables.ts";
import { startDemoServer } from "../../../fixtures/demo/server.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { firstRun, inFolder, type ScaffoldExport } from "./first_run.ts";

const schema = (name: string) =>
  Deno.readTextFile(new URL(`../../../fixtures/schemas/${name}.sql`, import.meta.url));

async function withPagila(body: (database: TestDatabase) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(await schema("pagila_like"));
      await body(database);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
}

function modesOf(exports: readonly ScaffoldExport[]): Record<string, string> {
  return Object.fromEntries(exports.map((e) => [e.name, e.mode]));
}

Deno.test("a new user: every table of the demo database, with no edit", async () => {
  const server = await startDemoServer();
  try {
    await firstRun(server.url, async ({ exports, rows }) => {
      const client = nodePostgres(server.url, { max: 1 });
      const expected = new Map<string, number>();
      try {
        for (const [name, count] of await postgresTables((sql) => client.unsafe(sql).values())) {
          expected.set(name, count);
        }
      } finally {
        await client.end();
      }
      assert.equal(expected.size, 18);
      assert.deepEqual(rows, expected);
      const large = exports.filter((e) => e.mode !== "full");
      assert.deepEqual(modesOf(large), { order_items: "chunked", orders: "chunked" });
      assert.equal(large.every((e) => e.chunk_checkpoint === true), true);
    });
  } finally {
    await server.stop();
  }
});

for (const format of ["delta", "iceberg"] as const) {
  Deno.test(`a new user: tables of ${format}, with what their types need, and no edit`, async () => {
    const server = await testPostgres();
    const database = await createDatabase(server);
    try {
      await database.sql(
        "CREATE TABLE kinds (id uuid PRIMARY KEY, at time, ids uuid[], wide numeric(50,2), span interval, " +
          "j jsonb, added timestamptz); INSERT INTO kinds VALUES (gen_random_uuid(), '23:59:59.5', " +
          "ARRAY[gen_random_uuid()], 1.25, '1 day', '{}', now()); CREATE TABLE none (id int PRIMARY KEY)",
      );
      await firstRun(database.url, async ({ exports, rows, folder }) => {
        assert.deepEqual([...rows], [["kinds", 1], ["none", 0]]);
        assert.deepEqual(exports.map(({ table_format }) => table_format), [
          { type: format },
          { type: format },
        ]);
        const log = format === "delta" ? "_delta_log" : "metadata";
        assert.ok((await Deno.stat(join(folder, "output/kinds", log))).isDirectory);
      }, ["--table-format", format]);
    } finally {
      await database.drop();
      await server.stop();
    }
  });
}

Deno.test("a new user: every table and view of a real-looking PostgreSQL schema", () =>
  withPagila(async ({ url, sql }) => {
    await firstRun(url, async ({ yaml, exports, notes, rows, folder }) => {
      for (const e of exports) {
        const from = e.query ??
          `SELECT * FROM ${e.table?.startsWith('"') ? e.table : `"${e.table}"`}`;
        const [[count]] = await sql(`SELECT count(*) FROM (${from}) AS t`);
        assert.equal(rows.get(e.name), Number(count), e.name);
      }
      assert.equal(exports.length, 23);
      assert.deepEqual(
        modesOf(exports.filter((e) => e.mode !== "full")),
        { device: "chunked", inventory: "chunked", page_view: "incremental", rental: "chunked" },
      );
      const named = (name: string) => exports.find((e) => e.name === name);
      assert.equal(named("inventory")?.chunk_column, "inventory_id");
      // Keys far apart, and keys that are no numbers.
      assert.equal(named("rental")?.chunk_by_key, "rental_id");
      assert.equal(named("device")?.chunk_by_key, "device_id");
      assert.equal(named("page_view")?.incremental_cursor_mode, "coalesce");
      assert.equal(named("page_view")?.cursor_fallback_column, "created_at");
      assert.deepEqual(named("film")?.columns, {
        rental_rate: "decimal(7,2)",
        replacement_cost: "decimal(38,18)",
        previous_prices: "list<decimal(7,2)>",
        scores: "list<decimal(38,18)>",
        fulltext: "text",
        aspect: "text",
        shown: "text",
      });
      assert.match(yaml, /replacement_cost: decimal\(38,18\) # REVIEW: /);
      assert.match(yaml, /# left out: never_filled: /);
      assert.match(notes, /note: film: review .* replacement_cost, scores/);
      assert.deepEqual(named("audit")?.meta_columns, { exported_at: true, row_hash: false });
      assert.equal(yaml.includes(url), false);

      // A second run has nothing new to read incrementally, and reads the rest again.
      const again = await inFolder(folder, url)("run", "-c", "rivet.yaml", "--json", "-q");
      assert.equal(again.code, 0, again.stderr);
      const report: { exports: { export_name: string; status: string }[] } = JSON.parse(
        again.stdout,
      );
      assert.deepEqual(
        report.exports.filter((e) => e.status !== "success"),
        report.exports.filter((e) => e.export_name === "page_view"),
      );
      assert.equal(report.exports.find((e) => e.export_name === "page_view")?.status, "skipped");
    });
  }));

Deno.test("a mode that is asked for is used where a table has a column for it", () =>
  withPagila(async ({ url }) => {
    const flags = ["--mode", "incremental", "--include", "*e*", "--exclude", "film*"];
    await firstRun(url, ({ exports, rows }) => {
      assert.equal(exports.some((e) => e.name.startsWith("film")), false);
      const by = (name: string) => exports.find((e) => e.name === name);
      assert.equal(by("customer")?.cursor_column, "updated_at");
      assert.equal(by("customer")?.cursor_fallback_column, "created_at");
      assert.equal(by("rental")?.cursor_column, "updated_at");
      // Times that are no write times, and no times at all.
      assert.equal(by("reading")?.mode, "full");
      assert.equal(by("customer_list")?.mode, "full");
      assert.equal(rows.get("customer"), 3000);
      return Promise.resolve();
    }, flags);
  }));

Deno.test("what init refuses, and what it says", () =>
  withPagila(async ({ url, sql }) => {
    const folder = await Deno.makeTempDir({ prefix: "rivet-init-" });
    const run = inFolder(folder, url);
    const env = ["--source-env", "DATABASE_URL"];
    try {
      const refuse = async (args: string[], code: number, message: RegExp) => {
        const result = await run("init", ...args);
        assert.equal(result.code, code, result.stderr);
        assert.match(result.stderr, message);
        assert.equal(result.stdout, "");
      };
      await Deno.writeTextFile(join(folder, "mine.yaml"), "precious");
      await refuse([...env, "-o", "mine.yaml"], 2, /mine\.yaml already exists, and is not/);
      assert.equal(await Deno.readTextFile(join(folder, "mine.yaml")), "precious");
      await refuse([], 2, /no source: one of --source-env/);
      await refuse([...env, "--source-file", "x"], 2, /exclude each other/);
      await refuse(["--source-env", "NOPE"], 2, /NOPE, which is not set/);
      await refuse([...env, "--s3-bucket", "a", "--gcs-bucket", "b"], 2, /exclude each other/);
      await refuse([...env, "--tls", "require", "--tls-ca", "x.pem"], 2, /would be ignored/);
      await refuse(
        [...env, "--table", "inventroy"],
        1,
        /no table 'inventroy'; did you mean "inventory"/,
      );
      await refuse(
        [...env, "--schema", "pubic"],
        1,
        /'pubic' holds no tables; did you mean "public"/,
      );
      await refuse([...env, "--include", "filmm"], 2, /leave none of the .* did you mean "film"/);
      await refuse(["--source", "oracle://u:p@h/d"], 2, /starts with oracle:\/\//);

      await sql("CREATE SCHEMA other; CREATE TABLE other.one (id int PRIMARY KEY)");
      const other = await run("init", ...env, "--schema", "other");
      assert.match(other.stdout, /^ {4}table: other\.one$/m);
      assert.doesNotMatch(other.stdout, /inventory/);
      const one = await run("init", ...env, "--table", "other.one", "--s3-bucket", "lake");
      assert.match(one.stdout, /type: s3\n {6}bucket: lake\n {6}prefix: "\{export\}\/"/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));

Deno.test("a URL with a password enters no file and no output", () =>
  withPagila(async ({ url }) => {
    const folder = await Deno.makeTempDir({ prefix: "rivet-init-" });
    try {
      const secret = new URL(url);
      secret.password = secret.password === "" ? "hunter2-but-longer" : secret.password;
      const run = inFolder(folder, url);
      const init = await run("init", "--source", secret.href, "--table", "actor", "-o", "a.yaml");
      assert.equal(init.code, 0, init.stderr);
      assert.match(init.stderr, /export DATABASE_URL=\.\.\./);
      const yaml = await Deno.readTextFile(join(folder, "a.yaml"));
      assert.match(yaml, /url_env: DATABASE_URL/);
      assert.equal((yaml + init.stderr + init.stdout).includes(secret.password), false);

      await Deno.mkdir(join(folder, "conf"));
      await Deno.writeTextFile(join(folder, "conf", "url"), `${secret.href}\n`);
      const path = join("conf", "b.yaml");
      const file = await run("init", "--source-file", "conf/url", "--table", "actor", "-o", path);
      assert.equal(file.code, 0, file.stderr);
      assert.match(await Deno.readTextFile(join(folder, path)), /url_file: \.\/url /);
      const check = await run("check", "-c", path);
      assert.equal(check.code, 0, check.stderr);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));

Deno.test("names in the database are data: they read no variable and move no cursor", async () => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  const folder = await Deno.makeTempDir({ prefix: "rivet-init-" });
  try {
    await database.sql(
      `CREATE TABLE "\${DATABASE_URL}" (id int PRIMARY KEY, "\${HOME}" numeric, "esc\x1b[2J" text);
       CREATE TABLE "cut \x1b]0;mine\x07" (id int);
       INSERT INTO "\${DATABASE_URL}" VALUES (1, 2.5, 'x')`,
    );
    const run = inFolder(folder, database.url);
    let printed = "";
    for (
      const args of [
        ["init", "--source-env", "DATABASE_URL", "-o", "rivet.yaml"],
        ["check", "-c", "rivet.yaml", "--type-report"],
        ["run", "-c", "rivet.yaml"],
        ["metrics", "-c", "rivet.yaml"],
      ]
    ) {
      const { code, stdout, stderr } = await run(...args);
      assert.equal(code, 0, stderr);
      printed += stdout + stderr;
    }
    const yaml = await Deno.readTextFile(join(folder, "rivet.yaml"));
    assert.match(yaml, /table: "\$\$\{DATABASE_URL\}"/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(printed + yaml, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await database.drop();
    await server.stop();
  }
});

Deno.test("the discovery artifact has the documented fields", () =>
  withPagila(async ({ url }) => {
    const folder = await Deno.makeTempDir({ prefix: "rivet-init-" });
    try {
      const run = inFolder(folder, url);
      const args = ["init", "--source-env", "DATABASE_URL", "--discover", "-o", "discovery.json"];
      assert.equal((await run(...args)).code, 0);
      const found = JSON.parse(await Deno.readTextFile(join(folder, "discovery.json")));
      assert.deepEqual([found.source_type, found.scope], ["postgres", "public"]);
      const view = found.tables.find((t: { table: string }) => t.table === "page_view");
      assert.deepEqual(
        { ...view, total_bytes: null, row_estimate: null },
        {
          schema: "public",
          table: "page_view",
          row_estimate: null,
          total_bytes: null,
          suggested_mode: "incremental",
          cursor_candidates: [
            {
              column: "updated_at",
              data_type: "timestamp with time zone",
              is_nullable: true,
              is_primary_key: false,
              score: 80,
              reasons: ["type_timestamp", "name_update_time"],
            },
            {
              column: "created_at",
              data_type: "timestamp with time zone",
              is_nullable: false,
              is_primary_key: false,
              score: 65,
              reasons: ["type_timestamp", "name_create_time", "not_null"],
            },
          ],
          suggested_cursor_fallback_column: "created_at",
          chunk_candidates: [],
          notes: [
            "no single-column key to cut it by",
            "updated_at is nullable; coalesce with created_at",
          ],
        },
      );
      assert.ok(view.total_bytes > 1_000_000 && Math.abs(view.row_estimate - 120_000) < 6_000);
      const rental = found.tables.find((t: { table: string }) => t.table === "rental");
      assert.deepEqual(rental.chunk_candidates, [
        { column: "rental_id", data_type: "bigint", is_primary_key: true, score: 100 },
      ]);
      assert.deepEqual(found.left_out, [{
        schema: "public",
        table: "never_filled",
        reason: "the materialized view was never filled",
      }]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));
