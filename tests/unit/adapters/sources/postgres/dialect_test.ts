import assert from "node:assert/strict";
import { parseRowDescription } from "../../../../../adapters/sources/postgres/describe_fields.ts";
import { dialect, tableParts } from "../../../../../adapters/sources/postgres/dialect.ts";
import { detectPooler } from "../../../../../adapters/sources/postgres/pooler.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { beginSql } from "../../../../../adapters/sources/postgres/source.ts";

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
  const sql = beginSql("REPEATABLE READ", { statementTimeoutS: 300, lockTimeoutS: 0 });
  assert.match(sql, /^BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; /);
  for (const setting of ["statement_timeout = 300000", "lock_timeout = 0", "TimeZone = 'UTC'"]) {
    assert.ok(sql.includes(`SET LOCAL ${setting}`), setting);
  }
});

Deno.test("row description: fields with their modifiers", () => {
  const field = (name: string, type: number, modifier: number) => [
    ...new TextEncoder().encode(name),
    0,
    ...[0, 0, 4, 210, 0, 7, 0, 0, type >> 8, type & 255, 0, 8],
    ...[modifier >>> 24, (modifier >>> 16) & 255, (modifier >>> 8) & 255, modifier & 255, 0, 0],
  ];
  const body = [0, 2, ...field("größe", 1700, 655_366), ...field("", 25, -1)];
  const message = ["T".charCodeAt(0), 0, 0, 0, body.length + 4, ...body];
  const ready = ["Z".charCodeAt(0), 0, 0, 0, 5, "T".charCodeAt(0)];
  assert.deepEqual(parseRowDescription(Uint8Array.from([...message, ...ready])), [
    { name: "größe", table: 1234, attribute: 7, type: 1700, modifier: 655_366 },
    { name: "", table: 1234, attribute: 7, type: 25, modifier: -1 },
  ]);
  assert.deepEqual(parseRowDescription(Uint8Array.from(ready)), []);
});
