/** The form of rows on MySQL: the SQL that hashes it there, and the bytes that are hashed here. */
import { equal, match, notEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { dialect } from "../../../../../adapters/sources/mysql/dialect.ts";
import { checksumSql } from "../../../../../core/query/checksum.ts";
import { type Column, formatType, type RivetType } from "../../../../../core/types/types.ts";
import { RowChecksum } from "../../../../../core/batch/row_checksum.ts";
import { decodeRows, type Field } from "../../../../support/mysql_packets.ts";

const TEXT: RivetType = { kind: "text" };
const BINARY: RivetType = { kind: "binary" };
const int = (bits: 16 | 32 | 64, signed = true): RivetType => ({ kind: "int", bits, signed });

function column(nativeType: string, type: RivetType): Column {
  return { name: "c", type, nullable: true, nativeType, fidelity: "exact" };
}

function sumOf(
  columns: readonly Column[],
  rows: readonly (readonly Field[])[],
): string {
  const checksum = new RowChecksum();
  const limits = { batchBytes: 1 << 20, batchRows: 2, maxValueBytes: 1 << 20 };
  decodeRows({ columns, ...limits, checksum }, rows);
  return checksum.sum;
}

/** What the server makes of the documented form. */
function hashOf(form: string): string {
  return String(BigInt(`0x${createHash("md5").update(form).digest("hex").slice(0, 15)}`));
}

const md5 = (value: string | Uint8Array) =>
  createHash("md5").update(value).digest("hex").slice(0, 15);
const LONG_TEXT = "größe ".repeat(200);

/** Type, value on the wire, its form. */
const FORMS: readonly (readonly [Column, string | Uint8Array | null, string])[] = [
  [column("int", int(32)), "42", "42;"],
  [column("int", int(32)), "-42", "-42;"],
  [column("int", int(32)), "0", ";"],
  [column("int unsigned", int(64)), "00000000000000000042", "42;"],
  [column("year", int(16)), "0000", ";"],
  [column("decimal(10,2)", { kind: "decimal", precision: 10, scale: 2 }), "0.50", ".50;"],
  [column("decimal(10,2)", { kind: "decimal", precision: 10, scale: 2 }), "-0.50", "-0.50;"],
  [column("double", { kind: "float", bits: 64 }), "-1.5e300", "[-1.5e300]"],
  [column("date", { kind: "date" }), "0099-01-01", "0099-01-01;"],
  [
    column("datetime(6)", { kind: "timestamp", unit: "us", utc: false }),
    "2024-02-29 12:34:56.789012",
    "2024-02-29 12:34:56.789012;",
  ],
  [column("bit(12)", int(16)), Uint8Array.of(0x0a, 0x5f), "A5F;"],
  [column("bit(12)", int(16)), Uint8Array.of(0, 0), ";"],
  [column("bit(1)", { kind: "bool" }), Uint8Array.of(1), "1;"],
  [column("varchar(40)", TEXT), "é N;:", "6:é N;:"],
  [column("varchar(40)", TEXT), "", "0:"],
  [column("varchar(1000)", TEXT), LONG_TEXT, `1600:${LONG_TEXT}`],
  [column("varbinary(20)", BINARY), "ab", "2:ab"],
  [column("text", TEXT), LONG_TEXT, md5(LONG_TEXT)],
  [column("longblob", BINARY), "", md5("")],
  [column("json", { kind: "json" }), "[1]", md5("[1]")],
  [column("point", BINARY), Uint8Array.of(1, 2, 3), md5(Uint8Array.of(1, 2, 3))],
];

Deno.test("mysql checksum: each kind of column has the documented form", () => {
  for (const [c, value, form] of FORMS) {
    const name = `${c.nativeType} as ${formatType(c.type)}`;
    equal(sumOf([c], [[value]]), hashOf(form), name);
    equal(sumOf([c], [[null]]), hashOf("N"), name);
  }
  const columns = FORMS.map(([c]) => c);
  const rows = [FORMS.map(([, value]) => value), FORMS.map(() => null)];
  const forms = [FORMS.map(([, , form]) => form).join(""), "N".repeat(FORMS.length)];
  const sum = forms.reduce((total, form) => total + BigInt(hashOf(form)), 0n);
  equal(sumOf(columns, rows), String(sum));
});

Deno.test("mysql checksum: order does not matter, duplicates and the places of values do", () => {
  const columns = [column("varchar(40)", TEXT), column("varchar(40)", TEXT)];
  const sum = sumOf(columns, [["a", "b"], ["c", null]]);
  equal(sumOf(columns, [["c", null], ["a", "b"]]), sum);
  notEqual(sumOf(columns, [["a", "b"], ["c", ""]]), sum);
  notEqual(sumOf(columns, [["a", "b"], [null, "c"]]), sum);
  notEqual(sumOf(columns, [["a", "b"], ["c", null], ["c", null]]), sum);
  equal(sumOf(columns, [["a", "b"], ["a", "b"]]), String(2n * BigInt(hashOf("1:a1:b"))));
  equal(sumOf(columns, []), "0");
});

Deno.test("mysql checksum: one statement, with the form in SQL and a mark for what cannot be hashed", () => {
  const columns = [
    { ...column("int", int(32)), name: "a`b" },
    { ...column("bit(4)", int(16)), name: "bits" },
    { ...column("varchar(9)", TEXT), name: "t" },
    { ...column("point", TEXT), name: "wkt" },
    { ...column("point", BINARY), name: "wkb" },
    { ...column("blob", BINARY), name: "body" },
    { ...column("date", { kind: "date" }), name: "day" },
  ];
  const sql = checksumSql(dialect, "SELECT 1", columns) ?? "";
  match(sql, /^SELECT CAST\(COUNT\(\*\) AS CHAR\), CAST\(COALESCE\(SUM\(IFNULL\(CAST\(CONV\(/);
  match(sql, /, -10{40}\)\), 0\) AS CHAR\) FROM \(\nSELECT 1\n\) AS _rivet$/);
  const parts = [
    "IF(_rivet.`a``b` IS NULL, 'N', TRIM(LEADING '0' FROM CONCAT(_rivet.`a``b`, ';')))",
    "TRIM(LEADING '0' FROM CONCAT(HEX(_rivet.`bits` + 0), ';'))",
    "CONCAT(OCTET_LENGTH(CAST(CONVERT(_rivet.`t` USING utf8mb4) AS BINARY)), ':', CAST(CONVERT(",
    "LEFT(MD5(CAST(CONVERT(_rivet.`wkt` USING utf8mb4) AS BINARY)), 15)",
    "LEFT(MD5(_rivet.`wkb`), 15)",
    "LEFT(MD5(_rivet.`body`), 15)",
    "CONCAT(_rivet.`day`, ';')",
  ];
  for (const part of parts) equal(sql.includes(part), true, `${part} is not in ${sql}`);
  equal(sql.includes('"'), false, "ANSI_QUOTES would make a name of it");
});

Deno.test("mysql checksum: a type that no description has is an error, not a guess", () => {
  throws(() => dialect.rowChecksum?.([column("vector", TEXT)], "md5"), /"c" of type vector/);
});
