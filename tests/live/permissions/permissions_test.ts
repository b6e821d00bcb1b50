/** `rivet permissions`: what it prints is enough to run the configuration, and nothing of it is too much. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AZURITE_KEY, startAzurite } from "../../support/azurite.ts";
import { onMysql } from "../../support/mariadb.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { endOf } from "../../support/pulse.ts";
import { type CliResult, MAIN, partFiles, rivet, withConfig } from "../../support/rivet.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";

const DEMO = new URL("../../../fixtures/demo/", import.meta.url);

type Env = Record<string, string>;

async function onPostgres(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await work(database);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
}

/** What `rivet permissions` prints, one flag each. */
async function flagsOf(dir: string, env: Env, ...more: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await rivet(["permissions", "-c", "rivet.yaml", ...more], {
    cwd: dir,
    env,
  });
  equal(code, 0, stderr);
  equal(stderr, "");
  return stdout.trim().split("\n");
}

/** Runs `rivet ARGS` with these flags and no others. */
async function under(
  flags: readonly string[],
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Env },
): Promise<CliResult> {
  const { code, stdout, stderr } = await endOf(
    new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, "--no-check", MAIN, ...args, "-c", "rivet.yaml"],
      cwd,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Each flag by its name, `--allow-net`. */
function nameOf(flag: string): string {
  return flag.split("=")[0];
}

Deno.test("the demo runs under exactly the printed flags, and fails without any of them", () =>
  onPostgres(async (database) => {
    for (const file of ["schema.sql", "seed.sql"]) {
      await database.sql(await Deno.readTextFile(new URL(file, DEMO)));
    }
    const yaml = await Deno.readTextFile(fileURLToPath(new URL("rivet.yaml", DEMO)));
    await withConfig(yaml, async (dir) => {
      const at = { cwd: dir, env: { DATABASE_URL: database.url } };
      const flags = await flagsOf(dir, at.env);
      deepEqual(flags.map(nameOf), [
        "--no-prompt",
        ...["--allow-net", "--allow-read", "--allow-write", "--allow-sys", "--allow-env"],
        "--ignore-env",
      ]);
      const whole = await under(flags, ["run", "--validate"], at);
      equal(whole.code, 0, whole.stderr);
      ok((await partFiles(join(dir, "output", "orders"), "parquet")).length > 0);
      // What looks at the state and at the places needs no more.
      for (const args of [["check"], ["doctor", "--write-probe"], ["state", "show"]]) {
        const looked = await under(flags, args, at);
        equal(looked.code, 0, `${args.join(" ")}\n${looked.stdout}${looked.stderr}`);
      }

      const run = ["run", "-e", "users", "--force"];
      for (const flag of flags.slice(1)) {
        const { code, stderr } = await under(flags.filter((other) => other !== flag), run, at);
        ok(code !== 0, `it runs without ${flag}`);
        // Without a variable's permission it is as if it were not set.
        const said = flag.startsWith("--allow-env=")
          ? /DATABASE_URL, which is not set/
          : new RegExp(`hint: Start Rivet with ${nameOf(flag).replace("--ignore", "--allow")}=`);
        match(stderr, said, flag);
      }
    });
  }));

/** Values of a flag, without those that hold `part`. */
function without(flags: readonly string[], name: string, part: string): string[] {
  return flags.map((flag) => {
    if (nameOf(flag) !== name) return flag;
    const kept = flag.slice(name.length + 1).split(",").filter((value) => !value.includes(part));
    return `${name}=${kept.join(",")}`;
  });
}

Deno.test("of a flag every value is needed: the destination, the state, the program's own files", () =>
  onPostgres(async (database) => {
    const yaml = `source: {type: postgres, url: "${database.url}", tls: {mode: disable}}
exports:
  - {name: one, query: "SELECT 1 AS id", destination: {type: local, path: "./out/{export}/{date}"}}
`;
    await withConfig(yaml, async (dir) => {
      const flags = await flagsOf(dir, {});
      const at = { cwd: dir, env: {} };
      const cases: readonly (readonly [string, string, RegExp])[] = [
        ["--allow-write", "/out", /Start Rivet with --allow-write=.*out\/one/],
        ["--allow-write", ".rivet_state", /Start Rivet with --allow-write=.*\.rivet_state\.db/],
        ["--allow-read", join(MAIN, ".."), /Start Rivet with --allow-read=.*, its own files/],
        ["--allow-read", "rivet.yaml", /Start Rivet with --allow-read=rivet\.yaml/],
      ];
      equal((await under(flags, ["run"], at)).code, 0);
      // Its folder is there now: what was needed to make it is needed no longer.
      const later = await flagsOf(dir, {});
      for (const [name, part, said] of cases) {
        const { code, stderr } = await under(without(later, name, part), ["run"], at);
        ok(code !== 0, `it runs without ${part}`);
        match(stderr, said);
      }
      match((await under(later, ["run", "--quiet"], at)).stdout, /rows: +1\n/);
    });
  }));

Deno.test("from MySQL to an S3 store, in processes of their own, under the printed flags", () =>
  onMysql(async (database) => {
    await database.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    const store = await startS3();
    try {
      const { endpoint, bucket } = store.config("");
      const export_ = (name: string) =>
        `  - {name: ${name}, table: t, destination: {type: s3, bucket: ${bucket}, ` +
        `prefix: "${name}/", endpoint: "${endpoint}", access_key_env: S3_KEY_ID, ` +
        `secret_key_env: S3_SECRET}}\n`;
      const yaml = `source: {type: mysql, url: "${database.url}", tls: {mode: disable}}\n` +
        `exports:\n${export_("a")}${export_("b")}`;
      await withConfig(yaml, async (dir) => {
        const at = { cwd: dir, env: S3_ENV };
        const flags = await flagsOf(dir, S3_ENV, "--parallel-export-processes");
        const args = ["run", "--parallel-export-processes", "--json"];
        const { code, stdout, stderr } = await under(flags, args, at);
        equal(code, 0, stderr);
        equal(JSON.parse(stdout).total_rows, 4);
        const refused = await under(
          without(flags, "--allow-net", new URL(endpoint ?? "").host),
          args,
          at,
        );
        equal(refused.code, 1);
        match(refused.stderr, /Requires net access to "127\.0\.0\.1:\d+"/);
      });
    } finally {
      await store.stop();
    }
  }));

Deno.test("to an Azure container with the state in PostgreSQL, under the printed flags", () =>
  onPostgres(async (database) => {
    const store = await startAzurite();
    try {
      const { endpoint, bucket, account_name } = store.config("");
      const yaml = `source: {type: postgres, url: "${database.url}", tls: {mode: disable}}
exports:
  - name: one
    query: SELECT 1 AS id
    destination: {type: azure, bucket: ${bucket}, prefix: "p/", endpoint: "${endpoint}",
      account_name: ${account_name}, account_key_env: AZURE_KEY}
`;
      await withConfig(yaml, async (dir) => {
        const env = { AZURE_KEY: AZURITE_KEY, RIVET_STATE_URL: database.url };
        const at = { cwd: dir, env };
        const flags = await flagsOf(dir, env);
        ok(!flags.join().includes(".rivet_state"), "a file of the state that is in a database");
        const { code, stderr } = await under(flags, ["run"], at);
        equal(code, 0, stderr);
        const store = without(flags, "--allow-net", new URL(endpoint ?? "").host);
        const refused = await under(store, ["run"], at);
        ok(refused.code !== 0);
        match(refused.stderr, /hint: Start Rivet with --allow-net=127\.0\.0\.1:\d+/);
      });
    } finally {
      await store.stop();
    }
  }));
