/** Manifests in a folder of their own, and those of partitions, through all commands that read or write them. */
import { deepEqual, equal, ok } from "node:assert/strict";
import postgres from "postgres";
import { queryDuckdb } from "../../support/read_duckdb.ts";
import { type CliResult, rivet, withConfig } from "../../support/rivet.ts";

const ROWS = 60;

function succeeded(result: CliResult): CliResult {
  equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return result;
}

async function namesIn(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
}

Deno.test("manifest_dir: run, validate, resume, reconcile, repair of a partitioned export", async () => {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; run `deno task test`");
  const table = `manifest_dir_${crypto.randomUUID().slice(0, 8)}`;
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const yaml = (dir: string) => `
source: { type: postgres, url: "${url}", tls: { mode: disable } }
exports:
  - name: t
    table: ${table}
    mode: chunked
    chunk_size: 30
    chunk_checkpoint: true
    partition_by: at
    destination: { type: local, path: "./out/{partition}"${dir} }
`;
  try {
    await sql.unsafe(
      `CREATE TABLE ${table} (id int PRIMARY KEY, at timestamp); INSERT INTO ${table} ` +
        `SELECT g, timestamp '2026-01-30 07:15:30' + g % 2 * interval '1 day' ` +
        `FROM generate_series(1, ${ROWS}) g`,
    );
    await withConfig(yaml(""), async (dir) => {
      const run = (...args: string[]) => rivet([...args, "-c", "rivet.yaml"], { cwd: dir });
      const out = `${dir}/out`;
      const folder = `${out}/at_day=2026-01-31`;
      const rows = async () => {
        const manifest = JSON.parse(await Deno.readTextFile(`${folder}/_rivet/manifest.json`));
        const paths = manifest.parts.filter((p: { status: string }) => p.status === "committed")
          .map((p: { path: string }) => `'${folder}/${p.path}'`);
        const [{ n }] = await queryDuckdb(
          `SELECT count(*) AS n FROM read_parquet([${paths}]) WHERE "at" = '2026-01-31 07:15:30'`,
        );
        return [Number(n), manifest.row_count];
      };
      // A run from before the setting: its manifests stay where they are, and are found.
      succeeded(await run("run"));
      const before = JSON.parse(await Deno.readTextFile(`${out}/manifest.json`)).run_id;
      await Deno.writeTextFile(`${dir}/rivet.yaml`, yaml(", manifest_dir: _rivet"));
      succeeded(await run("validate", "--run-id", before));
      succeeded(await run("reconcile", "-e", "t"));

      succeeded(await run("run", "--validate"));
      const manifest = JSON.parse(await Deno.readTextFile(`${out}/_rivet/manifest.json`));
      deepEqual((await namesIn(`${out}/_rivet`)).sort(), [
        `manifest-${manifest.run_id}.json`,
        "manifest.json",
      ]);
      deepEqual((await namesIn(`${folder}/_rivet`)).length, 2);
      ok((await namesIn(folder)).includes("_SUCCESS"));
      deepEqual(await rows(), [ROWS / 2, ROWS / 2]);
      const validated = JSON.parse(succeeded(await run("validate", "--json")).stdout).exports[0];
      equal(validated.manifest, `_rivet/manifest-${manifest.run_id}.json`);
      // A folder of a partition is checked like one of a run.
      succeeded(await run("validate", "--prefix", "out/at_day=2026-01-31"));

      equal((await run("run", "--resume")).code, 1);
      await Deno.remove(
        `${folder}/${
          manifest.parts.find((p: { path: string }) => p.path.startsWith("at_day=2026-01-31/")).path
            .slice("at_day=2026-01-31/".length)
        }`,
      );
      equal((await run("validate")).code, 1);
      succeeded(await run("run", "--resume", "--force", "--validate"));
      deepEqual(await rows(), [ROWS / 2, ROWS / 2]);

      await sql.unsafe(`DELETE FROM ${table} WHERE id = 1`);
      equal((await run("reconcile", "-e", "t")).code, 1);
      succeeded(await run("repair", "-e", "t", "--execute"));
      succeeded(await run("validate"));
      deepEqual(await rows(), [ROWS / 2 - 1, ROWS / 2 - 1]);
      succeeded(await run("validate", "--prefix", "out/at_day=2026-01-31"));
    });
  } finally {
    await sql.unsafe(`DROP TABLE IF EXISTS ${table}`);
    await sql.end();
  }
});
