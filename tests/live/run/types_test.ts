/**
 * The whole way of every type: server, run, file, three readers that we did not write. Each value must be
 * what the server itself prints for it, with every codec.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { PARQUET_READERS, readCsv, type ReadFile, textRows } from "../../support/readers.ts";
import { partFiles, rivet, withConfig } from "../../support/rivet.ts";

const FIXTURE = new URL("../../../fixtures/types/postgres.sql", import.meta.url);
const CODECS = ["zstd", "snappy", "gzip", "lz4", "none"];

function config(url: string): string {
  const exports = CODECS.map((codec) =>
    `  - name: ${codec}
    table: type_matrix
    compression: ${codec}
    destination: {type: local, path: ./${codec}}
`
  );
  return `source:
  type: postgres
  url: "${url}"
  tls: {mode: disable}
exports:
${exports.join("")}  - name: csv
    table: type_matrix
    format: csv
    destination: {type: local, path: ./csv}
`;
}

const AS_PRINTED: readonly string[] = ["c_char", "c_inet"];

/** As the server's output function writes it; a cast of `inet` to text adds a mask, one of `char(n)` trims. */
function printed(name: string): string {
  // Money is exported as the decimal that it is; its own text has a currency sign and separators.
  if (name === "c_money") return `"${name}"::numeric(19,2)::text`;
  return AS_PRINTED.includes(name)
    ? `CASE WHEN "${name}" IS NOT NULL THEN format('%s', "${name}") END`
    : `"${name}"::text`;
}

/** What a reader itself cannot show exactly: the values are checked through the other two. */
function shownInexactly(reader: string, file: ReadFile, column: number): boolean {
  const type = file.columns[column].type;
  const inner = type.kind === "list" ? type.element : type;
  // DuckDB's decimals end at 38 digits; it reads wider ones as DOUBLE.
  return reader === "duckdb" && inner.kind === "float" ||
    reader === "duckdb" && inner.kind === "decimal" && inner.precision > 38;
}

Deno.test("every type, every codec: three readers see what the server prints", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(await Deno.readTextFile(FIXTURE));
    const names = (await db.sql(
      "SELECT attname FROM pg_attribute WHERE attrelid = 'type_matrix'::regclass AND attnum > 0 ORDER BY attnum",
    )).map(([name]) => name as string);
    const select = names.map(printed).join(", ");
    const expected = await db.sql(`SELECT ${select} FROM type_matrix m ORDER BY m.id`);
    await withConfig(config(db.url), async (dir) => {
      const run = await rivet(["run", "-c", "rivet.yaml", "--validate"], { cwd: dir });
      assert.equal(run.code, 0, run.stdout + run.stderr);
      for (const codec of CODECS) {
        const [path] = await partFiles(join(dir, codec), "parquet");
        for (const [reader, read] of Object.entries(PARQUET_READERS)) {
          await t.step(`${codec}: ${reader}`, async () => {
            assertSame(reader, await read(path), names, expected);
          });
        }
      }
      await t.step("csv: as many rows and columns, text as it is", async () => {
        const [path] = await partFiles(join(dir, "csv"), "csv");
        const { columns, rows } = await readCsv(path);
        assert.deepEqual(columns, names);
        const at = names.indexOf("c_text");
        const texts = (list: readonly (string | null)[][]) => list.map((row) => row[at]).sort();
        assert.deepEqual(texts(rows), texts(expected));
      });
    });
  } finally {
    await db.drop();
    await server.stop();
  }
});

function assertSame(
  reader: string,
  file: ReadFile,
  names: readonly string[],
  expected: readonly (string | null)[][],
): void {
  assert.deepEqual(file.columns.map((c) => c.name), names);
  const rows = textRows(file).sort((a, b) => Number(a[0]) - Number(b[0]));
  assert.equal(rows.length, expected.length);
  const differences: string[] = [];
  for (const [c, name] of names.entries()) {
    if (shownInexactly(reader, file, c)) continue;
    for (const [r, row] of rows.entries()) {
      if (row[c] === expected[r][c]) continue;
      differences.push(`${name}, row ${row[0]}: ${row[c]} instead of ${expected[r][c]}`);
    }
  }
  assert.deepEqual(differences, []);
}
