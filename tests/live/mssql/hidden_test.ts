/** Columns that `SELECT *` leaves out: exported behind the others, and good enough to cut a table by. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";
import { PASSWORD, withServer } from "../../support/tds/connect.ts";
import { databaseRules, type TableDefinition } from "../../support/tds/sql/database.ts";
import type { Rule } from "../../support/tds/server.ts";
import { error } from "../../support/tds/tokens.ts";

const ROWS = 30;

const prices: TableDefinition = {
  columns: [
    { name: "id", type: "int" },
    { name: "valid_from", type: "datetime2(6)", hidden: true },
    { name: "price", type: "decimal(10,2)" },
  ],
  rows: Array.from({ length: ROWS }, (_, i) => [
    String(i + 1),
    `2024-01-${String(i % 28 + 1).padStart(2, "0")} 10:00:00.000001`,
    `${i}.50`,
  ]),
  primaryKey: "id",
};

/** Every way to read that cuts or orders the table. */
const MODES: Readonly<Record<string, string>> = {
  whole: "mode: full",
  pages: "mode: full, tuning: {batch_size: 7}",
  days: "mode: chunked, chunk_column: valid_from, chunk_by_days: 5",
  cursor: "mode: incremental, cursor_column: valid_from",
};

const config = (port: number) =>
  `source: {type: mssql, url: "sqlserver://reader:${PASSWORD}@127.0.0.1:${port}/shop?trustServerCertificate=true"}
exports:
${
    Object.entries(MODES).map(([name, mode]) =>
      `  - {name: ${name}, table: prices, ${mode}, destination: {type: local, path: ./${name}}}\n`
    ).join("")
  }`;

/** The columns and the count of rows of every export. */
async function exported(rules: readonly Rule[]): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  await withServer(rules, (server) =>
    withConfig(config(server.port), async (dir) => {
      for (const { exportName, error } of (await runConfig(dir)).exports) {
        assert.equal(error?.message, undefined, exportName);
        const files = join(dir, exportName, "*.parquet");
        const rows = await queryDuckdb(`SELECT * FROM read_parquet('${files}')`);
        found[exportName] = [Object.keys(rows[0]), rows.length];
      }
    }));
  return found;
}

const everywhere = (columns: readonly string[]) =>
  Object.fromEntries(Object.keys(MODES).map((name) => [name, [columns, ROWS]]));

Deno.test("mssql: hidden columns are exported behind the others", async () => {
  const found = await exported(databaseRules({ prices }));
  assert.deepEqual(found, everywhere(["id", "price", "valid_from"]));
});

Deno.test("mssql: a server that knows no hidden columns has none", async () => {
  const reply = () => [error(207, "Invalid column name 'is_hidden'.")];
  const plain = { ...prices, columns: prices.columns.map(({ name, type }) => ({ name, type })) };
  const found = await exported([{ sql: "is_hidden", reply }, ...databaseRules({ prices: plain })]);
  assert.deepEqual(found, everywhere(["id", "valid_from", "price"]));
});
