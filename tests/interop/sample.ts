/** What `docs/reading.md` reads: its own configurations, run against a table of known rows. */
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { parse, stringify } from "yaml";
import { type Block, blocks } from "../support/markdown.ts";
import { rivet } from "../support/rivet.ts";

/** Rows of `orders`. Row n is of `FIRST` plus n half days; every tenth has no time, every third no note. */
export const ROWS = 300;
const FIRST = "2026-01-30 07:15:30";

const PAGE = fileURLToPath(new URL("../../docs/reading.md", import.meta.url));

/** The page's fenced blocks. */
export async function pageBlocks(): Promise<Block[]> {
  return blocks({ path: "docs/reading.md", text: await Deno.readTextFile(PAGE) });
}

/** Columns of one value that is easily skipped, and the values in order; null is NULL. */
export const ONE_COLUMN: Readonly<Record<string, readonly (string | number | null)[]>> = {
  one_int: [1, null, 2, null],
  one_text: ["a", null, "", " ", "b"],
};

function oneColumn(name: string): Record<string, unknown> {
  const values = ONE_COLUMN[name];
  const literal = (value: string | number | null) =>
    value === null ? "NULL" : typeof value === "number" ? String(value) : `'${value}'`;
  const rows = values.map((value, i) => `(${i}, ${literal(value)})`).join(", ");
  return {
    name,
    query: `SELECT v FROM (VALUES ${rows}) AS t (i, v) ORDER BY i`,
    format: "csv",
    ...(name === "one_text" ? { csv: { null: "\\N" } } : {}),
    destination: { type: "local", path: `./output/${name}` },
  };
}

/**
 * Runs the page's exports in `dir`, so that they lie in `dir/output`.
 * @param url of a PostgreSQL whose database gets a schema for the time being.
 */
export async function writeSample(dir: string, url: string): Promise<void> {
  const schema = `reading_${crypto.randomUUID().slice(0, 8)}`;
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(`
      CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.orders AS SELECT g AS id, (g * 1.25)::numeric(10, 2) AS amount,
        CASE g % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'note ' || g END AS note,
        CASE WHEN g % 10 = 0 THEN NULL
          ELSE timestamp '${FIRST}' + g * interval '12 hours' END AS created_at
        FROM generate_series(1, ${ROWS}) g`);
    const written = (await pageBlocks()).filter(({ language }) => language === "yaml")
      .flatMap(({ text }) => parse(text).exports);
    const config = {
      source: { type: "postgres", url, tls: { mode: "disable" } },
      exports: [
        ...written.map((entry) => ({ ...entry, table: `${schema}.orders` })),
        ...Object.keys(ONE_COLUMN).map(oneColumn),
      ],
    };
    await Deno.writeTextFile(`${dir}/rivet.yaml`, stringify(config));
    const { code, stdout, stderr } = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir });
    if (code !== 0) throw new Error(`rivet run ended with ${code}\n${stdout}\n${stderr}`);
  } finally {
    await sql.unsafe(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await sql.end();
  }
}
