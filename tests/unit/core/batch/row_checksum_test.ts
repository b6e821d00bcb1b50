import { equal, notEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { RowChecksum } from "../../../../core/batch/row_checksum.ts";

const utf8 = new TextEncoder();

function sumOf(rows: readonly string[]): string {
  const checksum = new RowChecksum();
  for (const row of rows) {
    const { written } = utf8.encodeInto(row, checksum.reserve(row.length * 3));
    checksum.add(written);
  }
  return checksum.sum;
}

/** The definition, written down a second time. */
function expected(rows: readonly string[]): string {
  const hash = (row: string) => createHash("md5").update(row).digest("hex").slice(0, 15);
  return String(rows.reduce((sum, row) => sum + BigInt(`0x${hash(row)}`), 0n));
}

const ROWS = Array.from({ length: 500 }, (_, i) => `row ${i} ${"x".repeat(i)}`);

Deno.test("checksum: the sum of 60 bits of each row's MD5", () => {
  equal(sumOf([]), "0");
  equal(sumOf(["a"]), String(BigInt(`0x${"0cc175b9c0f1b6a831c399e269772661".slice(0, 15)}`)));
  equal(sumOf(ROWS), expected(ROWS));
});

Deno.test("checksum: order does not matter, a changed row does, and duplicates do not cancel", () => {
  equal(sumOf([...ROWS].reverse()), sumOf(ROWS));
  notEqual(sumOf([...ROWS.slice(1), "row 0 y"]), sumOf(ROWS));
  equal(sumOf(["a", "a"]), String(2n * BigInt(sumOf(["a"]))));
  notEqual(sumOf(["a", "a", "b"]), sumOf(["b"]));
});

Deno.test("checksum: exact beyond the rows that a double can sum", () => {
  const checksum = new RowChecksum();
  const rows = 2 ** 20 + 5;
  for (let i = 0; i < rows; i++) {
    checksum.reserve(1)[0] = 97;
    checksum.add(1);
  }
  equal(checksum.sum, String(BigInt(rows) * BigInt(sumOf(["a"]))));
  equal(checksum.sum, checksum.sum);
});
