/** The cases of the compatibility table, each executed against a real PostgreSQL. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { type CliResult, rivet } from "../support/rivet.ts";
import { type Case, CASES, CONFIGS, FILES } from "./cases.ts";

const TABLES = `
  CREATE TABLE orders (id int8 PRIMARY KEY, user_id int4 NOT NULL, product text, price numeric NOT NULL,
    status text NOT NULL, updated_at timestamptz NOT NULL);
  INSERT INTO orders SELECT i, i % 7, 'p' || i, i * 1.25, 'paid', timestamptz '2026-01-01' + i * interval '1 min'
    FROM generate_series(1, 120) i;
  CREATE TABLE users (id int4 PRIMARY KEY, name text NOT NULL, region text, updated_at timestamptz NOT NULL);
  CREATE INDEX ON users (updated_at);
  INSERT INTO users SELECT i, 'u' || i, 'eu', timestamptz '2026-01-01' + i * interval '1 min'
    FROM generate_series(1, 30) i;
  CREATE TABLE big (id int8 PRIMARY KEY, note text);
  INSERT INTO big SELECT i, 'x' FROM generate_series(1, 150000) i;
  CREATE TABLE typed (id int4 NOT NULL, amount numeric(15,4), created_at timestamptz, metadata jsonb, tags text[]);
  ANALYZE`;

/** `a.b[].c`: every element of a list, which has one, and every key; a missing one is named. */
function missing(value: unknown, path: string): string | null {
  const dot = path.indexOf(".");
  const [step, rest] = dot < 0 ? [path, ""] : [path.slice(0, dot), path.slice(dot + 1)];
  const name = step.replace(/\[\]$/, "");
  const holder: unknown = name === "" ? value : Object(value)[name];
  if (name !== "" && !(name in Object(value))) return path;
  if (!step.endsWith("[]")) return rest === "" ? null : missing(holder, rest);
  assert.ok(Array.isArray(holder) && holder.length > 0, `${path} is no list of anything`);
  return holder.map((item) => rest === "" ? null : missing(item, rest)).find((m) => m !== null) ??
    null;
}

function values(text: string, lines: boolean): unknown[] {
  return (lines ? text.trim().split("\n") : [text]).map((json) => JSON.parse(json));
}

async function check(one: Case, result: CliResult, cwd: string): Promise<void> {
  const { code, stdout, stderr } = result;
  assert.equal(code, one.code, `exit code; stdout: ${stdout}\nstderr: ${stderr}`);
  if (one.out !== undefined) assert.match(stdout, one.out);
  if (one.err !== undefined) assert.match(stderr, one.err);
  if (one.json === undefined) return;
  const text = typeof one.json === "object"
    ? await Deno.readTextFile(join(cwd, one.json.file))
    : one.json === "stderr"
    ? stderr
    : stdout;
  for (const value of values(text, one.json === "lines")) {
    for (const path of one.keys?.split(" ") ?? []) {
      assert.equal(missing(value, path), null, `key ${path} of ${text.slice(0, 2000)}`);
    }
  }
}

async function prepare(cwd: string, url: string): Promise<void> {
  for (const [name, text] of Object.entries({ ...CONFIGS, ...FILES, "url.txt": url })) {
    await Deno.mkdir(dirname(join(cwd, name)), { recursive: true });
    await Deno.writeTextFile(join(cwd, name), text);
  }
}

/** The last run of `orders`, for cases that name one. */
async function lastRun(cwd: string): Promise<string> {
  const { stdout } = await rivet([
    "metrics",
    "-c",
    "rivet.yaml",
    "-e",
    "orders",
    "-l",
    "1",
    "--json",
  ], {
    cwd,
  });
  return JSON.parse(stdout)[0].run_id;
}

Deno.test("every case of the compatibility table ends as it says", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  const cwd = await Deno.makeTempDir({ prefix: "rivet-compat-" });
  try {
    await db.sql(TABLES);
    await prepare(cwd, db.url);
    for (const one of CASES) {
      await t.step(`${one.id}: rivet ${one.run}`, async () => {
        if (one.sql !== undefined) await db.sql(one.sql);
        const run = one.run.includes("$RUN_ID") ? await lastRun(cwd) : "";
        const filled = (text: string) => text.replace("$URL", db.url).replace("$RUN_ID", run);
        const given = Object.entries(one.env ?? {}).map(([name, value]) => [name, filled(value)]);
        const env = { DATABASE_URL: db.url, ...Object.fromEntries(given) };
        await check(one, await rivet(one.run.split(" ").map(filled), { cwd, env }), cwd);
      });
    }
  } finally {
    await db.drop();
    await server.stop();
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("cases have names of their own", () => {
  assert.equal(new Set(CASES.map((one) => one.id)).size, CASES.length);
});
