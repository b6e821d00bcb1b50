import assert from "node:assert/strict";
import { dialect, tableParts } from "../../../../../adapters/sources/mssql/dialect.ts";
import { minMaxSql } from "../../../../../core/query/select.ts";
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
  assert.equal(dialect.literal("it's", text, "nvarchar(20)"), "N'it''s'");
});

const decimal = (precision: number, scale: number): RivetType => ({
  kind: "decimal",
  precision,
  scale,
});
const int: RivetType = { kind: "int", bits: 32, signed: true };
const float: RivetType = { kind: "float", bits: 64 };
const binary: RivetType = { kind: "binary" };

/** Value, type, native type, and the literal: of the column's own type, so that no column is converted. */
const LITERALS: readonly (readonly [string, RivetType, string, string])[] = [
  ["true", { kind: "bool" }, "bit", "CAST(N'true' AS bit)"],
  ["255", int, "tinyint", "CAST(N'255' AS tinyint)"],
  ["-5", int, "int", "CAST(N'-5' AS int)"],
  ["9223372036854775807", int, "bigint", "CAST(N'9223372036854775807' AS bigint)"],
  ["7.0000", decimal(19, 4), "int", "CAST(N'7' AS int)"],
  ["12.50", decimal(10, 2), "decimal(10,2)", "CAST(N'12.50' AS decimal(10,2))"],
  ["12.50", decimal(10, 2), "numeric(10,2)", "CAST(N'12.50' AS numeric(10,2))"],
  ["0.1", float, "decimal(10,2)", "CAST(N'0.1' AS float)"],
  ["12.3456", decimal(19, 4), "money", "CAST(N'12.3456' AS money)"],
  ["0.0001", decimal(10, 4), "smallmoney", "CAST(N'0.0001' AS smallmoney)"],
  ["0.30000000000000004", float, "float", "CAST(N'0.30000000000000004' AS float)"],
  ["0.10000000149011612", float, "real", "CAST(N'0.10000000149011612' AS real)"],
  ["2024-01-31", { kind: "date" }, "date", "CAST(N'20240131' AS date)"],
  ["2024-01-31 13:00:00", timestamp(false), "date", "CAST(N'20240131' AS date)"],
  ["2024-01-31", { kind: "date" }, "datetime", "CAST(N'2024-01-31T00:00:00' AS datetime)"],
  ["23:59:59.999900", { kind: "time" }, "time(4)", "CAST(N'23:59:59.9999' AS time(4))"],
  ["10:00:00.000000", { kind: "time" }, "time(0)", "CAST(N'10:00:00' AS time(0))"],
  [
    "2024-01-31 10:00:00.000000",
    timestamp(false),
    "smalldatetime",
    "CAST(N'2024-01-31T10:00:00' AS smalldatetime)",
  ],
  // datetime takes three decimals at most.
  [
    "2024-01-31 10:00:00.003000",
    timestamp(false),
    "datetime",
    "CAST(N'2024-01-31T10:00:00.003' AS datetime)",
  ],
  [
    "2024-01-31 10:00:00.123456",
    timestamp(false),
    "datetime2(6)",
    "CAST(N'2024-01-31T10:00:00.123456' AS datetime2(6))",
  ],
  [
    "2024-01-31 10:00:00.123456700",
    { kind: "timestamp", unit: "ns", utc: false },
    "datetime2(7)",
    "CAST(N'2024-01-31T10:00:00.1234567' AS datetime2(7))",
  ],
  [
    "2024-01-31 10:00:00.100000+00",
    timestamp(true),
    "datetimeoffset(7)",
    "CAST(N'2024-01-31T10:00:00.1+00:00' AS datetimeoffset(7))",
  ],
  [
    "2024-01-31 10:00:00.0000000 +02:00",
    text,
    "datetimeoffset(3)",
    "CAST(N'2024-01-31T10:00:00+02:00' AS datetimeoffset(3))",
  ],
  // As `columns:` may have it: without a zone where the server has one, and the other way round.
  [
    "2024-01-31 10:00:00.000000",
    timestamp(false),
    "datetimeoffset(0)",
    "CAST(N'2024-01-31T10:00:00+00:00' AS datetimeoffset(0))",
  ],
  [
    "2024-01-31 10:00:00.000000+00",
    timestamp(true),
    "datetime2(0)",
    "CAST(N'2024-01-31T10:00:00' AS datetime2(0))",
  ],
  [
    "01234567-89ab-cdef-0123-456789abcdef",
    { kind: "uuid" },
    "uniqueidentifier",
    "CAST(N'01234567-89ab-cdef-0123-456789abcdef' AS uniqueidentifier)",
  ],
  ["/1/2/", text, "hierarchyid", "CAST(N'/1/2/' AS hierarchyid)"],
  ["00ff10", binary, "varbinary(10)", "0x00ff10"],
  ["", binary, "varbinary(10)", "0x"],
  ["00000000000007D1", text, "rowversion", "0x00000000000007D1"],
  ["00000000000007d1", binary, "rowversion", "0x00000000000007d1"],
  ["a日", text, "nchar(2)", "N'a日'"],
  ["2024-01-31", text, "nvarchar(20)", "N'2024-01-31'"],
  ["a-b", text, "varchar(20)", "CAST(N'a-b' AS varchar(8000))"],
  ["é", text, "char(2)", "CAST(N'é' AS varchar(8000))"],
  [
    "Пр",
    text,
    "varchar(20) COLLATE Cyrillic_General_CI_AS",
    "CAST(N'Пр' COLLATE Cyrillic_General_CI_AS AS varchar(8000))",
  ],
  ["ab", text, "varchar(20) COLLATE unknown", "CAST(N'ab' AS varchar(8000))"],
  ["x".repeat(2001), text, "varchar(max)", `CAST(N'${"x".repeat(2001)}' AS varchar(max))`],
];

Deno.test("a literal has the type of the column that it is compared with (CC10)", () => {
  for (const [value, type, native, expected] of LITERALS) {
    assert.equal(dialect.literal(value, type, native), expected);
  }
});

Deno.test("a day that the column's type cannot hold is compared as one that can", () => {
  const cases = [
    ["2079-06-06", "smalldatetime", "CAST(N'2079-06-06T00:00:00' AS smalldatetime)"],
    ["2079-06-07", "smalldatetime", "CAST(N'2079-06-07T00:00:00' AS datetime2(7))"],
    ["1752-12-31", "datetime", "CAST(N'1752-12-31T00:00:00' AS datetime2(7))"],
    ["0001-01-01", "datetime2(3)", "CAST(N'0001-01-01T00:00:00' AS datetime2(3))"],
  ] as const;
  for (const [day, native, expected] of cases) {
    assert.equal(dialect.literal(day, timestamp(false), native), expected);
  }
});

Deno.test("columns whose values do not lead back to their place are no keys", () => {
  assert.match(dialect.notComparable?.(text, "sql_variant") ?? "", /what each value holds/);
  assert.match(dialect.notComparable?.(binary, "varchar(20)") ?? "", /order of texts/);
  assert.match(dialect.notComparable?.({ kind: "uuid" }, "nchar(36)") ?? "", /order of texts/);
  assert.equal(dialect.notComparable?.(text, "varchar(20) COLLATE Greek_CI_AS"), null);
  assert.equal(dialect.notComparable?.(text, "datetimeoffset(7)"), null);
  assert.equal(dialect.notComparable?.(text, "rowversion"), null);
});

Deno.test("a literal without a native type leaves the conversion to the server, but for instants", () => {
  assert.equal(dialect.literal("12.50", decimal(4, 2)), "N'12.50'");
  assert.equal(dialect.literal("2024-01-31"), "N'2024-01-31'");
  assert.equal(dialect.literal("0a0b", binary), "0x0a0b");
  assert.equal(
    dialect.literal("2024-01-31 10:00:00+00", timestamp(true)),
    "CAST(N'2024-01-31T10:00:00+00:00' AS datetimeoffset(7))",
  );
});

Deno.test("a key whose collation nobody knows is refused where that would matter", () => {
  assert.throws(
    () => dialect.literal("Пр", text, "varchar(20) COLLATE unknown"),
    /collation of a key of type varchar[^]*/,
  );
});

/** Native type, the text of a value: exact to the last digit. */
const TEXTS: readonly (readonly [string, string])[] = [
  ["int", "CAST(x AS nvarchar(max))"],
  ["decimal(38,10)", "CAST(x AS nvarchar(max))"],
  ["money", "CONVERT(nvarchar(max), x, 2)"],
  ["smallmoney", "CONVERT(nvarchar(max), x, 2)"],
  ["float", "CONVERT(nvarchar(max), x, 3)"],
  ["real", "CONVERT(nvarchar(max), x, 3)"],
  ["date", "CONVERT(nvarchar(max), x, 121)"],
  ["time(7)", "CONVERT(nvarchar(max), x, 121)"],
  ["datetime2(7)", "CONVERT(nvarchar(max), x, 121)"],
  // The day of an instant is its day in UTC.
  ["datetimeoffset(7)", "CONVERT(nvarchar(max), SWITCHOFFSET(x, 0), 121)"],
  ["rowversion", "CONVERT(nvarchar(max), CAST(x AS varbinary(8)), 2)"],
  ["varbinary(10)", "CONVERT(nvarchar(max), x, 2)"],
  ["varchar(20) COLLATE Cyrillic_General_CI_AS", "CAST(x AS nvarchar(max))"],
  ["uniqueidentifier", "CAST(x AS nvarchar(max))"],
];

Deno.test("text of any type is exact", () => {
  for (const [native, expected] of TEXTS) {
    assert.equal(dialect.castText("x", undefined, native), expected, native);
  }
  assert.equal(dialect.castText("x"), "CONVERT(nvarchar(max), x, 121)");
  // COUNT is an int: a larger table would fail.
  assert.equal(dialect.castText("COUNT(*)"), "CONVERT(nvarchar(max), COUNT_BIG(*), 121)");
});

Deno.test("statements of core: MIN and MAX of instants in UTC", () => {
  const at = { type: timestamp(true), nativeType: "datetimeoffset(7)" };
  assert.match(
    minMaxSql(dialect, "SELECT 1", "at", at),
    /^SELECT CONVERT\(nvarchar\(max\), SWITCHOFFSET\(MIN\(_rivet\.\[at\]\), 0\), 121\), /,
  );
});

Deno.test("limits", () => {
  assert.equal(
    dialect.limit("SELECT a FROM t ORDER BY a", 5),
    "SELECT a FROM t ORDER BY a OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY",
  );
});
