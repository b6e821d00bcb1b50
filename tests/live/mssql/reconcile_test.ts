/** `rivet reconcile --checksum` and `rivet repair` against a scripted server that evaluates statements. */
import assert from "node:assert/strict";
import { rivet, withConfig } from "../../support/rivet.ts";
import { PASSWORD, withServer } from "../../support/tds/connect.ts";
import { databaseRules } from "../../support/tds/sql/database.ts";
import type { TdsServer } from "../../support/tds/server.ts";
import { AS_A_REAL_SERVER } from "../../support/tds/traits.ts";

const config = (server: TdsServer, columns: string): string => `
source:
  type: mssql
  url: "sqlserver://reader:\${DB_PASS}@127.0.0.1:${server.port}/shop?trustServerCertificate=true"
  tuning: { profile: fast }
exports:
  - name: orders
    query: SELECT ${columns} FROM dbo.orders
    mode: chunked
    chunk_column: id
    chunk_size: 40
    chunk_checkpoint: true
    reconcile: checksum
    format: parquet
    destination: { type: local, path: ./out }
`;

const orders = () => ({
  columns: [
    { name: "id", type: "int" },
    { name: "name", type: "varchar(20) COLLATE Cyrillic_General_CI_AS" },
    { name: "price", type: "money" },
    { name: "at", type: "datetimeoffset(7)" },
    { name: "ratio", type: "float" },
  ],
  rows: Array.from({ length: 100 }, (_, i) => [
    String(i + 1),
    i % 7 === 0 ? null : `заказ ${i}`,
    `${i}.0001`,
    `2024-01-31T10:00:00.${String(i).padStart(6, "0")}+0${i % 10}:00`,
    "0.5",
  ]),
  primaryKey: "id",
});

Deno.test("mssql reconcile: checksums match, find a changed value, and match again after the repair", async () => {
  const table = orders();
  await withServer(
    databaseRules({ orders: table }),
    (server) =>
      withConfig(config(server, "id, name, price, at"), async (cwd) => {
        const call = async (args: readonly string[], code: number) => {
          const result = await rivet([...args, "-c", "rivet.yaml"], {
            cwd,
            env: { DB_PASS: PASSWORD },
          });
          assert.equal(result.code, code, result.stdout + result.stderr);
          return result.stdout + result.stderr;
        };
        await call(["run"], 0);
        await call(["reconcile", "-e", "orders", "--checksum"], 0);
        table.rows[50][2] = "50.0002";
        assert.match(
          await call(["reconcile", "-e", "orders", "--checksum"], 1),
          /chunk 1 \[41\.\.80\]/,
        );
        await call(["repair", "-e", "orders", "--execute"], 0);
      }),
    { traits: AS_A_REAL_SERVER },
  );
});

Deno.test("mssql reconcile: a column without a checksum stops check and run before a row is read", async () => {
  await withServer(
    databaseRules({ orders: orders() }),
    (server) =>
      withConfig(config(server, "id, ratio"), async (cwd) => {
        for (const command of ["check", "plan", "run"]) {
          const { code, stdout, stderr } = await rivet([command, "-c", "rivet.yaml"], {
            cwd,
            env: { DB_PASS: PASSWORD },
          });
          assert.notEqual(code, 0, `${command} ${stdout}${stderr}`);
          assert.match(
            (stdout + stderr).replace(/\s+/g, " "),
            /no checksum is known on SQL Server for column "ratio"/,
            `${command}: ${stdout}${stderr}`,
          );
        }
        assert.ok(
          server.asked.every((sql) => !/SELECT _rivet\.\[id\], _rivet\.\[ratio\]/.test(sql)),
        );
      }),
  );
});
