import assert from "node:assert/strict";
import { locate } from "../../../../../adapters/sources/mssql/locate.ts";

const HERE = { host: "db.example.com", port: 1433, instance: null };

/** The statement that is asked, and where the table is then. */
async function asked(reference: string, settings: Parameters<typeof locate>[1] = HERE) {
  let statement = "";
  const rows = (sql: string) => {
    statement = sql;
    return Promise.resolve([["shop", "dbo", "orders"]]);
  };
  return { location: await locate(rows, settings, reference), statement };
}

Deno.test("SQL Server's tables are named by database, schema and table", async () => {
  const { location, statement } = await asked("[orders]");
  assert.deepEqual(location, { server: "mssql://db.example.com:1433", name: "shop.dbo.orders" });
  assert.match(statement, /^SELECT DB_NAME\(\), OBJECT_SCHEMA_NAME\(OBJECT_ID\(N'\[orders\]'\)/);
});

Deno.test("a table of another database is looked up there", async () => {
  const { statement } = await asked("archive.dbo.orders");
  assert.match(statement, /^SELECT N'archive', .*OBJECT_ID\(N'\[archive\]\.\[dbo\]\.\[orders\]'\)/);
});

Deno.test("a named instance stands for the port that nobody knows", async () => {
  const named = { host: "db", port: null, instance: "SALES" };
  assert.equal((await asked("t", named)).location?.server, "mssql://db\\SALES");
});

Deno.test("a table that is not there, or on a linked server, has no place", async () => {
  const none = () => Promise.resolve([["shop", null, null]]);
  assert.equal(await locate(none, HERE, "nowhere"), null);
  assert.equal((await asked("linked.archive.dbo.orders")).location, null);
});
