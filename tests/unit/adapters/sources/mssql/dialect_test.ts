import assert from "node:assert/strict";
import { dialect, tableParts } from "../../../../../adapters/sources/mssql/dialect.ts";
import type { RivetType } from "../../../../../core/types/types.ts";

const timestamp = (utc: boolean): RivetType => ({ kind: "timestamp", unit: "us", utc });
const text: RivetType = { kind: "text" };

Deno.test("identifiers are in brackets, closing ones doubled (CC9)", () => {
  assert.equal(dialect.quote("a]b [c"), "[a]]b [c]");
  assert.equal(dialect.table("orders"), "[orders]");
  assert.equal(dialect.table("dbo.Order Details"), "[dbo].[Order Details]");
  assert.equal(dialect.table("[db.one].dbo.[a]]b]"), "[db.one].[dbo].[a]]b]");
  assert.deepEqual(tableParts('dbo."a.""b"'), ["dbo", 'a."b']);
});

Deno.test("literals are Unicode, and only the quote means anything in them (CC10)", () => {
  assert.equal(dialect.literal("it's \\ 日本"), "N'it''s \\ 日本'");
  assert.equal(dialect.literal("12.50", { kind: "decimal", precision: 4, scale: 2 }), "N'12.50'");
});

Deno.test("dates are unseparated, so that DATEFORMAT does not matter", () => {
  const cases = [
    ["2024-01-31", { kind: "date" }, "N'20240131'"],
    ["2024-01-31 10:00:00.000000", timestamp(false), "N'20240131 10:00:00'"],
    // datetime takes three decimals at most.
    ["2024-01-31 10:00:00.003000", timestamp(false), "N'20240131 10:00:00.003'"],
    ["2024-01-31 10:00:00.123456", timestamp(false), "N'20240131 10:00:00.123456'"],
    ["2024-01-31 10:00:00.100000+00", timestamp(true), "N'20240131 10:00:00.1 +00:00'"],
    ["2024-01-31 10:00:00.0000000 +02:00", timestamp(true), "N'20240131 10:00:00 +02:00'"],
  ] as const;
  for (const [value, type, expected] of cases) assert.equal(dialect.literal(value, type), expected);
});

Deno.test("text that looks like a date stays as it is", () => {
  assert.equal(dialect.literal("2024-01-31", text, "nvarchar(20)"), "N'2024-01-31'");
  assert.equal(dialect.literal("2024-01-31"), "N'2024-01-31'");
});

Deno.test("varchar columns are compared as varchar: in their own order, by their index", () => {
  assert.equal(dialect.literal("a-b", text, "varchar(20)"), "CAST(N'a-b' AS varchar(8000))");
  assert.equal(dialect.literal("a", text, "char(2)"), "CAST(N'a' AS varchar(8000))");
  assert.equal(dialect.literal("a", text, "nchar(2)"), "N'a'");
});

Deno.test("a rowversion cursor compares as binary", () => {
  assert.equal(dialect.literal("00000000000007d1", { kind: "binary" }), "0x00000000000007d1");
});

Deno.test("limits, text and counts", () => {
  assert.equal(
    dialect.limit("SELECT a FROM t ORDER BY a", 5),
    "SELECT a FROM t ORDER BY a OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY",
  );
  assert.equal(dialect.castText("MIN(a)"), "CONVERT(nvarchar(max), MIN(a), 121)");
  // COUNT is an int: a larger table would fail.
  assert.equal(dialect.castText("COUNT(*)"), "CONVERT(nvarchar(max), COUNT_BIG(*), 121)");
});
