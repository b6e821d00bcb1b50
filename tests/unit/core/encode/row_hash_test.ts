import assert from "node:assert/strict";
import fc from "fast-check";
import { xxhash128 } from "hash-wasm";
import { RowHasher } from "../../../../core/encode/row_hash.ts";
import { createXxh3 } from "../../../../core/encode/xxh3.ts";
import type { RivetType } from "../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import { cut, places, tables } from "./arbitrary.ts";

const xxh3 = createXxh3();

function hashes(types: readonly RivetType[], rows: readonly (readonly Value[])[]): bigint[] {
  const columns = types.map((type, i) => column(`c${i}`, type));
  const words = new RowHasher(xxh3, 0).hash(batchOf(columns, rows), types.map((_, i) => i));
  return [...new BigInt64Array(words.buffer)];
}

async function hashOfHex(hex: string): Promise<bigint> {
  const digest = await xxhash128(Uint8Array.fromHex(hex));
  return BigInt.asIntN(64, BigInt(`0x${digest.slice(16)}`));
}

const text: RivetType = { kind: "text" };
const int = (bits: 16 | 32 | 64): RivetType => ({ kind: "int", bits, signed: true });
const timestamp: RivetType = { kind: "timestamp", unit: "us", utc: true };
const UUID = Uint8Array.fromHex("00112233445566778899aabbccddeeff");

/** The documented bytes of single values, written by hand (docs/adr/0006-row-hash.md). */
const FORMS: readonly [name: string, type: RivetType, value: Value, hex: string][] = [
  ["NULL", text, null, "00"],
  ["empty text", text, "", "0100000000"],
  ["text", text, "añ", "010300000061c3b1"],
  ["true", { kind: "bool" }, true, "0101"],
  ["false", { kind: "bool" }, false, "0100"],
  ["int16", int(16), -2, "01feffffffffffffff"],
  ["int32", int(32), 258, "010201000000000000"],
  ["int64", int(64), -(2n ** 63n), "010000000000000080"],
  ["uint64", { kind: "int", bits: 64, signed: false }, 2n ** 64n - 1n, "01ffffffffffffffff"],
  ["float32", { kind: "float", bits: 32 }, 1.5, "01000000000000f83f"],
  ["float64", { kind: "float", bits: 64 }, -0, "010000000000000080"],
  ["NaN", { kind: "float", bits: 64 }, NaN, "01000000000000f87f"],
  [
    "decimal128",
    { kind: "decimal", precision: 10, scale: 2 },
    -1n,
    `01${"ff".repeat(16)}`,
  ],
  [
    "decimal256",
    { kind: "decimal", precision: 40, scale: 0 },
    256n,
    `010001${"00".repeat(30)}`,
  ],
  ["date", { kind: "date" }, 19_723, "010b4d0000"],
  ["time", { kind: "time" }, 1n, "010100000000000000"],
  ["timestamp", timestamp, -1n, "01ffffffffffffffff"],
  ["uuid", { kind: "uuid" }, UUID, "0100112233445566778899aabbccddeeff"],
  ["json", { kind: "json" }, "{}", "01020000007b7d"],
  ["interval", { kind: "interval" }, "P1D", "0103000000503144"],
  ["binary", { kind: "binary" }, Uint8Array.of(0, 255), "010200000000ff"],
  [
    "list",
    { kind: "list", element: int(32) },
    [1, null],
    "0102000000" + "010100000000000000" + "00",
  ],
  ["empty list", { kind: "list", element: text }, [], "0100000000"],
];

for (const [name, type, value, hex] of FORMS) {
  Deno.test(`row hash: ${name} is hashed as ${hex}`, async () => {
    assert.deepEqual(hashes([type], [[value]]), [await hashOfHex(hex)]);
  });
}

Deno.test("row hash: a row is its values one after another", async () => {
  const row = ["ab", null, 7];
  assert.deepEqual(hashes([text, text, int(16)], [row]), [
    await hashOfHex("01020000006162" + "00" + "010700000000000000"),
  ]);
});

/** Never to change: rows written earlier are compared by these. */
const PINNED = [14256760846498278n, -6578631667439002874n, -3941548588027282943n];

Deno.test("row hash: pinned for good", () => {
  const types = [int(64), text, { kind: "decimal", precision: 10, scale: 2 } as const, timestamp];
  const rows: Value[][] = [
    [1n, "alice@example.com", 1999n, 1_704_067_200_000_000n],
    [2n, "", -5n, null],
    [3n, "x".repeat(300), 0n, 0n],
  ];
  assert.deepEqual(hashes(types, rows), PINNED);
});

Deno.test("row hash: values that differ only in where they are cut hash differently", () => {
  const [a, b, c, d, e] = hashes([text, text], [["ab", "c"], ["a", "bc"], ["", "abc"], [
    null,
    "abc",
  ], ["abc", null]]);
  assert.equal(new Set([a, b, c, d, e]).size, 5);
});

Deno.test("row hash: an integer column that was widened keeps its hashes", () => {
  assert.deepEqual(hashes([int(16)], [[-7]]), hashes([int(64)], [[-7n]]));
  assert.deepEqual(hashes([int(32)], [[-7]]), hashes([int(64)], [[-7n]]));
});

Deno.test("row hash: more rows than a block, and values longer than any buffer so far", async () => {
  const rows = Array.from({ length: 1500 }, (_, i) => [i === 777 ? "y".repeat(200_000) : `v${i}`]);
  const all = hashes([text], rows);
  assert.equal(new Set(all).size, 1500);
  assert.equal(
    all[1499],
    await hashOfHex("0105000000" + new TextEncoder().encode("v1499").toHex()),
  );
});

Deno.test("row hash: does not depend on how rows fall into batches", () => {
  const hasher = new RowHasher(xxh3, 0);
  fc.assert(fc.property(tables, places, (table, at) => {
    const columns = table.columns.map((_, i) => i);
    const whole = cut(table, []).flatMap((b) => [...hasher.hash(b, columns)]);
    const parts = cut(table, at).flatMap((b) => [...hasher.hash(b, columns)]);
    assert.deepEqual(parts, whole);
  }));
});
