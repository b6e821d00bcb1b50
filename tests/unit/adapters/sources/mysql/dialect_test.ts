import assert from "node:assert/strict";
import { dialect } from "../../../../../adapters/sources/mysql/dialect.ts";
import type { RivetType } from "../../../../../core/types/types.ts";

const text: RivetType = { kind: "text" };
const int64: RivetType = { kind: "int", bits: 64, signed: true };
const instant: RivetType = { kind: "timestamp", unit: "us", utc: true };

Deno.test("dialect: identifiers", () => {
  assert.equal(dialect.quote("a`b"), "`a``b`");
  assert.equal(dialect.table("shop.orders"), "`shop`.`orders`");
  assert.equal(dialect.table("`my.db`.`od``d`"), "`my.db`.`od``d`");
  assert.equal(dialect.limit("SELECT 1", 5), "SELECT 1 LIMIT 5");
});

Deno.test("dialect: string literals", () => {
  assert.equal(dialect.literal("it's \\ a\0b"), "'it''s \\\\ a\\0b'");
  assert.equal(dialect.literal("12"), "'12'");
});

Deno.test("dialect: numbers are compared as numbers, texts as texts", () => {
  const decimal: RivetType = { kind: "decimal", precision: 30, scale: 2 };
  const value = "12345678901234567890.12";
  assert.equal(dialect.literal("9007199254740993", int64, "bigint"), "9007199254740993");
  assert.equal(dialect.literal(value, decimal, "decimal(30,2)"), value);
  assert.equal(dialect.literal("007", text, "varchar(10)"), "'007'");
  // An override changes the file, not how the server compares.
  assert.equal(dialect.literal(value, text, "decimal(30,2)"), value);
  assert.equal(dialect.literal("1; DROP TABLE x", int64, "bigint"), "'1; DROP TABLE x'");
  assert.equal(dialect.literal("0.1", { kind: "float", bits: 64 }, "double"), "1e-1");
});

Deno.test("dialect: an instant has no offset in a session that is in UTC", () => {
  const value = "2024-02-29 01:02:03.000004+00";
  assert.equal(dialect.literal(value, instant, "timestamp(6)"), "'2024-02-29 01:02:03.000004'");
  assert.equal(dialect.literal(value, text, "varchar(40)"), `'${value}'`);
});

Deno.test("dialect: texts that lead back to their literals, and what has none", () => {
  assert.equal(dialect.castText("x", { kind: "binary" }, "varbinary(8)"), "LOWER(HEX(x))");
  assert.equal(
    dialect.castText("x", { kind: "float", bits: 32 }, "float"),
    "CAST(x * 1e0 AS CHAR)",
  );
  assert.equal(dialect.castText("x", int64, "bit(40)"), "CAST(x + 0 AS CHAR)");
  assert.equal(dialect.castText("x", text, "varchar(8)"), "CAST(x AS CHAR)");
  assert.match(dialect.notComparable?.(text, "enum") ?? "", /ordered by number/);
  assert.match(dialect.notComparable?.({ kind: "json" }, "json") ?? "", /own text/);
  assert.match(dialect.notComparable?.({ kind: "uuid" }, "char(36)") ?? "", /order of texts/);
  assert.equal(dialect.notComparable?.({ kind: "uuid" }, "binary(16)"), null);
  assert.equal(dialect.notComparable?.(text, "varchar(9)"), null);
});

Deno.test("dialect: bytes are compared as bytes", () => {
  const uuid: RivetType = { kind: "uuid" };
  const value = "00112233-4455-6677-8899-aabbccddeeff";
  assert.equal(dialect.literal(value, uuid, "binary(16)"), "X'00112233445566778899aabbccddeeff'");
  assert.equal(dialect.literal(value, uuid, "char(36)"), `'${value}'`);
  assert.equal(dialect.literal("ff", { kind: "binary" }, "varbinary(8)"), "X'ff'");
});
