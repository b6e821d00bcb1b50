import assert from "node:assert/strict";
import { dialect, tableParts } from "../../../../../adapters/sources/postgres/dialect.ts";
import { detectPooler } from "../../../../../adapters/sources/postgres/pooler.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { beginStatements } from "../../../../../adapters/sources/postgres/session.ts";

Deno.test("dialect: identifiers, literals, tables", () => {
  assert.equal(dialect.quote('a"b'), '"a""b"');
  assert.equal(dialect.literal(`it's \\ x`), `E'it''s \\\\ x'`);
  assert.equal(dialect.castText("MIN(x)"), "(MIN(x))::text");
  assert.equal(dialect.limit("SELECT 1 ORDER BY 1", 10), "SELECT 1 ORDER BY 1 LIMIT 10");
  assert.equal(dialect.table("orders"), '"orders"');
  assert.equal(dialect.table("Sales.Orders"), '"Sales"."Orders"');
  assert.equal(dialect.table('sales."odd.name"'), '"sales"."odd.name"');
  assert.deepEqual(tableParts('we"ird'), ['we"ird']);
  assert.deepEqual(tableParts('"a""b"."c"'), ['a"b', "c"]);
});

Deno.test("dialect: literals in the column's own input form, texts that lead back to them", () => {
  const decimal: RivetType = { kind: "decimal", precision: 19, scale: 2 };
  const binary: RivetType = { kind: "binary" };
  const text: RivetType = { kind: "text" };
  assert.equal(dialect.literal("00ff", binary, "bytea"), "E'\\\\x00ff'");
  assert.equal(dialect.literal("\\x00ff", text, "bytea"), "E'\\\\x00ff'");
  assert.equal(dialect.literal('{"\\\\x00"}', text, "bytea[]"), `E'{"\\\\\\\\x00"}'::bytea[]`);
  assert.equal(dialect.literal("12.50", decimal, "money"), "E'12.50'::numeric::money");
  assert.equal(dialect.literal("$12.50", text, "money"), "E'$12.50'");
  assert.equal(dialect.literal("42.0000", decimal, "integer"), "E'42'");
  assert.equal(dialect.literal("b", text, "shop.mood"), "E'b'::shop.mood");
  assert.equal(dialect.castText("x", binary, "bytea"), "encode(x, 'hex')");
  assert.equal(dialect.castText("x", text, "bytea"), "(x)::text");
  assert.equal(dialect.castText("x", decimal, "money"), "(x)::numeric::text");
});

Deno.test("dialect: what cannot be compared with its own text", () => {
  assert.equal(dialect.notComparable?.({ kind: "uuid" }, "uuid"), null);
  assert.equal(dialect.notComparable?.({ kind: "json" }, "text"), null);
  assert.match(dialect.notComparable?.({ kind: "uuid" }, "character varying(9)") ?? "", /uuid/);
  assert.match(dialect.notComparable?.({ kind: "text" }, "record") ?? "", /anonymous/);
});

Deno.test("pooler: two transactions on two server processes", async () => {
  const pids = ["1", "1", "1", "2"];
  const next = () => Promise.resolve(pids.shift() ?? "");
  assert.equal(await detectPooler(next), null);
  assert.match(await detectPooler(next) ?? "", /transaction-mode connection pooler detected/);
});

Deno.test("begin: read-only, with limits and formats set inside the transaction", () => {
  const limits = { statementTimeoutS: 300, lockTimeoutS: 0 };
  const options = { snapshot: null, serverVersion: 15, hiddenRows: false };
  const [begin, set, ...more] = beginStatements("REPEATABLE READ", limits, options);
  assert.equal(begin, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  assert.deepEqual(more, []);
  for (const setting of ["'statement_timeout', '300000'", "'lock_timeout', '0'"]) {
    assert.ok(set.includes(`pg_catalog.set_config(${setting}, true)`), setting);
  }
  assert.ok(set.includes("'row_security', 'off'"));
  assert.ok(!set.includes("transaction_timeout"), "not known before 17");
  const later = beginStatements("READ COMMITTED", limits, {
    snapshot: "1-2",
    serverVersion: 17,
    hiddenRows: true,
  });
  assert.equal(later[1], "SET TRANSACTION SNAPSHOT E'1-2'");
  assert.ok(later[2].includes("'transaction_timeout', '0'"));
  assert.ok(!later[2].includes("row_security"));
});
