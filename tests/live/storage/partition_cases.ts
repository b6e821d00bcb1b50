/** `chunk_by: partitions` on a server that is handed in, through the command line and in this process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Source } from "../../../core/ports/source.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { type CliResult, rivet, withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

export interface PartitionServer {
  readonly type: "postgres" | "mysql";
  readonly url: string;
  sql(text: string): Promise<unknown>;
}

const CONFIG = (type: string, fields: string) =>
  `source: {type: ${type}, url_env: PARTS_URL, tls: {mode: disable}}
exports:
  - name: parts
    table: parts
    mode: chunked
    chunk_by: partitions
    ${fields}
    tuning: {profile: fast, max_retries: 0}
    destination: {type: local, path: ./out}
`;

/** A configuration over the server's table `parts (id, note)`, and what is done with it. */
export interface Bench {
  readonly dir: string;
  /** `rivet ARGS`. */
  run(...args: string[]): Promise<CliResult>;
  /** Within this process; `afterFirst` runs when the first chunk has been read. */
  runHere(afterFirst?: () => Promise<unknown>): ReturnType<typeof runConfig>;
  /** `id` of every row that the manifest's files hold, ascending. */
  ids(): Promise<number[]>;
}

export async function onBench(
  server: PartitionServer,
  fields: string,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  await withConfig(CONFIG(server.type, fields), async (dir) => {
    Deno.env.set("PARTS_URL", server.url);
    await work({
      dir,
      run: (...args) => rivet(args, { cwd: dir, env: { PARTS_URL: server.url } }),
      runHere: (afterFirst) =>
        runConfig(dir, {}, (deps) => ({
          ...deps,
          source: async (type) => {
            const factory = await deps.source(type);
            return {
              ...factory,
              connect: async (o) => after(await factory.connect(o), afterFirst),
            };
          },
        })),
      async ids() {
        const manifest = JSON.parse(await Deno.readTextFile(join(dir, "out", "manifest.json")));
        const files = (manifest.parts as { path: string; status: string }[])
          .filter(({ status }) => status === "committed")
          .map(({ path }) => `'${join(dir, "out", path)}'`);
        if (files.length === 0) return [];
        const rows = await queryDuckdb(
          `SELECT id FROM read_parquet([${files.join(", ")}]) ORDER BY id`,
        );
        return rows.map(({ id }) => Number(id));
      },
    });
  });
}

function after(inner: Source, work: (() => Promise<unknown>) | undefined): Source {
  let pending = work;
  return new Proxy(inner, {
    get(object, key) {
      const value = Reflect.get(object, key, object);
      if (key !== "read") return typeof value === "function" ? value.bind(object) : value;
      return async function* (...args: Parameters<Source["read"]>) {
        yield* object.read(...args);
        const now = pending;
        pending = undefined;
        await now?.();
      };
    },
  });
}

/** A plan, then `change`, then apply: refused, naming what has come or gone. */
export async function refusedAfter(
  server: PartitionServer,
  change: string,
  message: RegExp,
): Promise<void> {
  await onBench(server, "", async ({ run, dir }) => {
    const planned = await run(..."plan -c rivet.yaml --format json -o plan.json".split(" "));
    assert.equal(planned.code, 0, planned.stderr);
    await server.sql(change);
    const applied = await run("apply", "plan.json", "--json-errors");
    assert.equal(applied.code, 1, applied.stderr);
    assert.match(applied.stderr, message);
    assert.match(applied.stderr, /partitions are not those that were planned/);
    const parts = await Array.fromAsync(Deno.readDir(join(dir, "out"))).catch(() => []);
    assert.deepEqual(parts.filter(({ name }) => name.endsWith(".parquet")), []);
  });
}

/** A table `parts` of at least three partitions with these ids: run, reconcile, repair, plan and apply. */
export async function wholeLife(
  t: Deno.TestContext,
  server: PartitionServer,
  ids: readonly number[],
  partitions: number,
): Promise<void> {
  await t.step("run, reconcile, repair", async () => {
    await onBench(server, "chunk_checkpoint: true\n    reconcile: checksum", async (bench) => {
      const ran = await bench.run("run", "-c", "rivet.yaml");
      assert.equal(ran.code, 0, ran.stderr);
      assert.deepEqual(await bench.ids(), ids);
      const reconcile = ["reconcile", "-c", "rivet.yaml", "-e", "parts", "--format", "json"];
      const clean = JSON.parse((await bench.run(...reconcile)).stdout);
      assert.deepEqual(
        [clean.summary.total_partitions, clean.summary.matches],
        [partitions, partitions],
      );
      await server.sql(`UPDATE parts SET note = 'changed' WHERE id = ${ids[0]}`);
      await server.sql(`DELETE FROM parts WHERE id = ${ids.at(-1)}`);
      const found = await bench.run(...reconcile);
      assert.equal(found.code, 1, found.stderr);
      assert.equal(JSON.parse(found.stdout).summary.mismatches, 2, found.stdout);
      await Deno.writeTextFile(join(bench.dir, "report.json"), found.stdout);
      const repair = "repair -c rivet.yaml -e parts --report report.json --execute";
      const repaired = await bench.run(...repair.split(" "));
      assert.equal(repaired.code, 0, repaired.stderr);
      assert.deepEqual(await bench.ids(), ids.slice(0, -1));
      assert.equal((await bench.run(...reconcile)).code, 0);
      await server.sql(`INSERT INTO parts (id, note) VALUES (${ids.at(-1)}, 'back')`);
    });
  });
  await t.step("check, plan, apply", async () => {
    await onBench(server, "parallel: 2", async (bench) => {
      const check = await bench.run("check", "-c", "rivet.yaml");
      assert.equal(check.code, 0, check.stderr);
      assert.match(check.stdout, /chunked-parallel\(partition, each, p=2\)/);
      const planned = await bench.run(..."plan -c rivet.yaml --format json -o p.json".split(" "));
      assert.equal(planned.code, 0, planned.stderr);
      const applied = await bench.run("apply", "p.json");
      assert.equal(applied.code, 0, applied.stderr);
      assert.deepEqual(await bench.ids(), ids);
    });
  });
  await t.step("a chunk that cannot be read, then --resume", async () => {
    await onBench(server, "chunk_checkpoint: true", async (bench) => {
      const broken = await bench.runHere(() => Promise.reject(new Error("pulled the plug")));
      assert.equal(broken.exports[0].status, "failed");
      const resumed = await bench.run("run", "-c", "rivet.yaml", "--resume");
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.deepEqual(await bench.ids(), ids);
    });
  });
}
