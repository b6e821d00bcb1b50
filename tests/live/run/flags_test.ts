/** Flags and words that users of the documented tool bring along, on a real database. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

const CONFIG = `
source: {type: postgres, url_env: SHOP_URL, tls: {mode: disable}}
exports:
  - {name: cut, table: orders, mode: chunked, chunk_size: 10, chunk_checkpoint: true, destination: {type: local, path: ./cut}}
  - {name: whole, table: orders, on_schema_drift: fail, destination: {type: local, path: ./whole}}
`;

type Rivet = (
  ...args: string[]
) => Promise<{ code: number; out: string; warned: string[]; err: string }>;

type Body = (rivet: Rivet, dir: string, sql: (text: string) => Promise<unknown>) => Promise<void>;

async function onShop(body: Body): Promise<void> {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(`CREATE TABLE orders (id int PRIMARY KEY);
        INSERT INTO orders SELECT generate_series(1, 20)`);
      await withConfig(CONFIG, (dir) =>
        body(
          async (...args) => {
            const env = { SHOP_URL: database.url, RIVET_LOG: "warn" };
            const { code, stdout, stderr } = await rivet(args, { cwd: dir, env });
            const warned = stderr.split("\n").filter((line) => line.startsWith("WARN "));
            return { code, out: stdout, warned, err: stderr };
          },
          dir,
          database.sql,
        ));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
}

const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

Deno.test("looking makes no state; init counts and names what it was given", () =>
  onShop(async (rivet, dir) => {
    for (const command of ["metrics", "doctor", "check"]) {
      assert.equal((await rivet(command, "-c", "rivet.yaml")).code, 0, command);
    }
    assert.deepEqual(names(dir), ["rivet.yaml"]);
    const one = await rivet("init", "--source-env", "SHOP_URL", "-o", "one.yaml");
    assert.match(one.err, /wrote one\.yaml: 1 export \(1 full\)/);
    const none = await rivet("init", "--source-env", "NO_SUCH_URL");
    assert.equal(none.code, 2);
    assert.match(none.err, /NO_SUCH_URL, which is not set/);
  }));

Deno.test("--force says where it changes nothing, and is quiet where it does", () =>
  onShop(async (rivet) => {
    const plain = await rivet("run", "-c", "rivet.yaml", "--force");
    assert.equal(plain.code, 0, plain.err);
    assert.match(plain.warned.join("\n"), /^WARN --force has no effect without --resume: [^\n]*$/);
    const complete = await rivet("run", "-c", "rivet.yaml", "-e", "cut", "--resume", "--force");
    assert.deepEqual([complete.code, complete.warned], [0, []], complete.err);
    const nothing = await rivet(
      ...["run", "-c", "rivet.yaml", "-e", "whole", "--resume-or-run", "--force"],
    );
    assert.equal(nothing.code, 0, nothing.err);
    assert.match(
      nothing.warned.join("\n"),
      /^WARN --force has no effect: no export that is resumed/,
    );
    assert.equal((await rivet("plan", "-c", "rivet.yaml", "-e", "cut", "-o", "plan.json")).code, 0);
    const fresh = await rivet("apply", "plan.json", "--force");
    assert.equal(fresh.code, 0, fresh.err);
    assert.match(fresh.warned.join("\n"), /^WARN --force has no effect: no plan is too old/);
    const waves = await rivet("apply", "rivet.yaml", "--force");
    assert.match(waves.warned.join("\n"), /^WARN --force has no effect without --resume/);
  }));

Deno.test("both ways to run exports in parallel: processes win, with a WARN", () =>
  onShop(async (rivet) => {
    const both = ["--parallel-exports", "--parallel-export-processes"];
    const run = await rivet("run", "-c", "rivet.yaml", ...both, "--json");
    assert.equal(run.code, 0, run.err);
    assert.deepEqual(run.warned, ["WARN --parallel-export-processes wins over --parallel-exports"]);
    assert.equal(JSON.parse(run.out).succeeded, 2);
  }));

Deno.test("plan says no drift; validate and journal take the same run ids", () =>
  onShop(async (rivet) => {
    assert.match((await rivet("plan", "-c", "rivet.yaml")).out, /Schema {5}: first run/);
    assert.equal((await rivet("run", "-c", "rivet.yaml", "-e", "cut")).code, 0);
    const { out } = await rivet("plan", "-c", "rivet.yaml", "--no-annotate");
    assert.match(out, /Schema {5}: no drift/);
    assert.match(out, /Priority {3}: /);
    assert.match(out, /Campaign {3}:\n/);
    const metrics = await rivet("metrics", "-c", "rivet.yaml", "-e", "cut", "--json");
    const [{ run_id: id }] = JSON.parse(metrics.out) as { run_id: string }[];
    for (const wanted of [id, id.replace(/\.\d{3}$/, "")]) {
      const arguments_ = ["-c", "rivet.yaml", "-e", "cut", "--run-id", wanted];
      const validated = await rivet("validate", ...arguments_);
      assert.equal(validated.code, 0, validated.err);
      assert.ok(validated.out.includes(id), validated.out);
      assert.ok((await rivet("journal", ...arguments_)).out.includes(id), wanted);
    }
  }));

Deno.test("a hint never suggests what was typed", () =>
  onShop(async (rivet) => {
    for (
      const args of [["run", "-l5"], ["run", "-c", "rivet.yaml", "-e", "cut", "-l5"], ["state"]]
    ) {
      const { code, err } = await rivet(...args);
      assert.equal(code, 2, args.join(" "));
      for (const [, word] of err.matchAll(/Did you mean `([^`]+)`/g)) {
        assert.ok(!args.some((arg) => arg.startsWith(word)), `${args.join(" ")}: ${word}`);
      }
    }
    assert.match((await rivet("run", "--exprot", "cut")).err, /Did you mean `--export`\?/);
  }));

Deno.test("check and plan say what a run would make of a changed schema", () =>
  onShop(async (rivet, _dir, sql) => {
    assert.equal((await rivet("run", "-c", "rivet.yaml")).code, 0);
    await sql("ALTER TABLE orders ADD note text");
    const check = await rivet("check", "-c", "rivet.yaml", "--json");
    assert.equal(check.code, 1);
    const [cut, whole] = check.out.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual([cut.error, whole.error.code], [null, "SCHEMA_DRIFT"]);
    assert.match(cut.warnings.join(), /the schema changed since the last run: added note text/);
    const plan = await rivet("plan", "-c", "rivet.yaml", "-e", "cut");
    assert.match(plan.out, /Schema {5}: DRIFT \(on_schema_drift: warn\)\n {4}• added note text/);
    assert.equal((await rivet("run", "-c", "rivet.yaml", "-e", "whole")).code, 4);
  }));
