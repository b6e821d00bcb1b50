/** The lines of `docs/reading.md` for readers that the test suite has, and what readers make of one column. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ONE_COLUMN, pageBlocks, ROWS, writeSample } from "../../interop/sample.ts";
import { queryDuckdb } from "../../support/read_duckdb.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Of a statement's rows: whether each of the table is there once, with its time. */
const JUDGE = `SELECT count(*)::INT AS n, count(DISTINCT id)::INT AS ids, count(*) FILTER (
  created_at IS NOT DISTINCT FROM CASE WHEN id % 10 <> 0
    THEN TIMESTAMP '2026-01-30 07:15:30' + id * INTERVAL 12 HOUR END)::INT AS times`;

Deno.test("reading: DuckDB and hyparquet read a run by the lines of the page", async (t) => {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; run `deno task test`");
  const dir = await Deno.makeTempDir({ prefix: "rivet-reading-" });
  try {
    await writeSample(dir, url);
    const page = (await pageBlocks()).map((block) => ({
      ...block,
      text: block.text.replaceAll("output/", `${dir}/output/`),
    }));
    const statements = page.filter(({ language }) => language === "sql");
    assert.equal(statements.length, 3);
    for (const { text, place } of statements) {
      await t.step(place, async () => {
        const selects = text.split(";").map((one) => one.trim()).filter((one) => one !== "");
        const before = selects.filter((one) => !one.startsWith("SELECT"));
        for (const select of selects.filter((one) => one.startsWith("SELECT"))) {
          const [found] = await queryDuckdb([...before, `${JUDGE} FROM (${select})`].join(";"));
          assert.deepEqual(found, { n: ROWS, ids: ROWS, times: ROWS }, select);
        }
      });
    }
    const [script, ...others] = page.filter(({ language }) => language === "js");
    assert.equal(others.length, 0);
    await t.step(script.place, async () => {
      // There hyparquet is in the import map.
      const file = await Deno.makeTempFile({
        dir: join(ROOT, "tests"),
        prefix: ".reading-",
        suffix: ".js",
      });
      try {
        await Deno.writeTextFile(file, `${script.text}\nexport { rows };\n`);
        const { rows } = await import(pathToFileURL(file).href);
        assert.equal(new Set(rows.map(({ id }: { id: number }) => id)).size, ROWS);
        assert.equal(rows.length, ROWS);
      } finally {
        await Deno.remove(file);
      }
    });
    for (const [name, values] of Object.entries(ONE_COLUMN)) {
      await t.step(name, async () => {
        const rows = await queryDuckdb(`SELECT * FROM read_csv('${dir}/output/${name}/*.csv')`);
        assert.equal(rows.length, values.length);
      });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
