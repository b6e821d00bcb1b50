/** CSV exports from end to end: compressed, checked, resumed, repaired; and columns that stand alone. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import postgres from "postgres";
import { queryDuckdb } from "../../support/read_duckdb.ts";
import { type CliResult, partFiles, rivet, withConfig } from "../../support/rivet.ts";

const ROWS = 100;

interface Place {
  readonly dir: string;
  readonly sql: postgres.Sql;
  readonly schema: string;
  run(...args: string[]): Promise<CliResult>;
}

async function withPlace(
  exports: (schema: string) => string,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; run `deno task test`");
  const schema = `rivet_csv_${crypto.randomUUID().slice(0, 8)}`;
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(`CREATE SCHEMA ${schema}`);
    await sql.unsafe(
      `CREATE TABLE ${schema}.t AS SELECT g AS id, nullif(g % 3, 0) AS n, ` +
        `CASE g % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'x' END AS s, ` +
        `timestamp '2026-01-31 07:15:30' AS at FROM generate_series(1, ${ROWS}) g`,
    );
    const yaml = `source: { type: postgres, url: "${url}", tls: { mode: disable } }\nexports:\n`;
    await withConfig(`${yaml}${exports(schema)}`, (dir) =>
      body({
        dir,
        sql,
        schema,
        run: (...args) => rivet([...args, "-c", "rivet.yaml"], { cwd: dir }),
      }));
  } finally {
    await sql.unsafe(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await sql.end();
  }
}

function succeeded(result: CliResult): CliResult {
  equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return result;
}

const CODECS = [["gzip", "csv.gz", false], ["zstd", "csv.zst", true]] as const;

async function count(files: string): Promise<number> {
  const [{ n }] = await queryDuckdb(`SELECT count(DISTINCT id) AS n FROM read_csv('${files}')`);
  return Number(n);
}

/** The way through all commands is the same for both codecs, so one of them goes it. */
for (const [codec, extension, whole] of CODECS) {
  Deno.test(`CSV, ${codec}: ${whole ? "through all commands" : "written, validated"}`, async () => {
    const exports = (schema: string) =>
      `  - { name: t, query: "SELECT * FROM ${schema}.t", mode: chunked, chunk_column: id, ` +
      `chunk_size: 50, chunk_checkpoint: true, format: csv, compression: ${codec}, ` +
      `destination: { type: local, path: ./out } }\n`;
    await withPlace(exports, async ({ dir, sql, schema, run }) => {
      const out = `${dir}/out`;
      succeeded(await run("run", "--validate"));
      const written = await partFiles(out, extension);
      equal(written.length, 2);
      equal(await count(`${out}/*.${extension}`), ROWS);
      const manifest = JSON.parse(await Deno.readTextFile(`${out}/manifest.json`));
      deepEqual([manifest.format, manifest.compression, manifest.row_count], ["csv", codec, ROWS]);
      succeeded(await run("validate"));
      if (!whole) return;
      succeeded(await run("reconcile", "-e", "t"));

      // A part that is gone is written again, compressed as before.
      await Deno.remove(written[0]);
      equal((await run("validate")).code, 1);
      succeeded(await run("run", "--resume", "--force", "--validate"));
      equal(await count(`${out}/*.${extension}`), ROWS);

      await sql.unsafe(`DELETE FROM ${schema}.t WHERE id = 7`);
      equal((await run("reconcile", "-e", "t")).code, 1);
      const repaired = succeeded(await run("repair", "-e", "t", "--execute"));
      ok((await partFiles(out, extension)).length > 2, repaired.stdout);
      succeeded(await run("reconcile", "-e", "t"));
      succeeded(await run("validate"));

      // M6: without a manifest, parts are known by their names.
      for (const { name } of [...Deno.readDirSync(out)]) {
        if (name.startsWith("manifest") || name === "_SUCCESS") await Deno.remove(`${out}/${name}`);
      }
      await Deno.remove(`${dir}/.rivet_state.db`);
      const legacy = succeeded(await run("validate", "--json"));
      const [{ legacy_run, parts }] = JSON.parse(legacy.stdout).exports;
      equal(legacy_run, true);
      equal(parts.length, (await partFiles(out, extension)).length);
    });
  });
}

Deno.test("CSV of one column: readers count every row, or the run refuses", async () => {
  const one = (schema: string, name: string, rest: string) =>
    `  - { name: ${name}, query: "SELECT ${name[0]} FROM ${schema}.t ORDER BY id", format: csv, ` +
    `${rest}destination: { type: local, path: ./${name} } }\n`;
  const exports = (schema: string) =>
    one(schema, "n", "") + one(schema, "s", "") + one(schema, "s_null", 'csv: { null: "\\\\N" }, ');
  await withPlace(exports, async ({ dir, run }) => {
    succeeded(await run("run", "-e", "n", "--validate"));
    const [n] = await partFiles(`${dir}/n`, "csv");
    const rows = await queryDuckdb(`SELECT n FROM read_csv('${n}')`);
    equal(rows.length, ROWS);
    equal(rows.filter((row) => row.n === null).length, 33);
    equal((await Deno.readTextFile(n)).split("\n").indexOf(""), ROWS + 1);

    const refused = await run("run", "-e", "s");
    equal(refused.code, 2, refused.stderr);
    match(refused.stderr, /csv\.null: 's' is the only column/);
    const checked = await run("check", "-e", "s");
    equal(checked.code, 2, checked.stdout + checked.stderr);

    succeeded(await run("run", "-e", "s_null", "--validate"));
    const [s] = await partFiles(`${dir}/s_null`, "csv");
    const lines = (await Deno.readTextFile(s)).split("\n");
    deepEqual(lines.slice(0, 4), ["s", '""', "x", "\\N"]);
    deepEqual(lines.slice(-2), ['""', ""]);
    const texts = await queryDuckdb(
      `SELECT s FROM read_csv('${s}', header = true, columns = {s: 'VARCHAR'}, ` +
        `nullstr = '\\N', allow_quoted_nulls = false)`,
    );
    deepEqual(texts.slice(0, 3).map((row) => row.s), ["", "x", null]);
    equal(texts.length, ROWS);
  });
});
