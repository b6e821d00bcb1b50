/** The specification's test vectors, and that a partition's text is read back as its value. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { murmur3 } from "../../../../core/types/murmur3.ts";
import {
  bucketHash,
  formatTransform,
  minimalBytes,
  parsePartitionText,
  parseTransform,
  partitionText,
  type PartitionValue,
  type Transform,
  transformed,
  transformedType,
} from "../../../../core/types/partition_transform.ts";
import type { RivetType } from "../../../../core/types/types.ts";

const INT: RivetType = { kind: "int", bits: 32, signed: true };
const LONG: RivetType = { kind: "int", bits: 64, signed: true };
const DECIMAL: RivetType = { kind: "decimal", precision: 9, scale: 2 };
const DATE: RivetType = { kind: "date" };
const TIME: RivetType = { kind: "time" };
const TIMESTAMP: RivetType = { kind: "timestamp", unit: "us", utc: false };
const TEXT: RivetType = { kind: "text" };
const UUID: RivetType = { kind: "uuid" };
const BINARY: RivetType = { kind: "binary" };

const micros = (text: string) => BigInt(Date.parse(`${text}Z`)) * 1000n;
const days = (text: string) => Date.parse(text) / 86_400_000;
const hexBytes = (text: string) =>
  Uint8Array.from(text.replaceAll("-", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));

const HASHES: readonly (readonly [RivetType, Exclude<PartitionValue, null>, number])[] = [
  [INT, 34, 2017239379],
  [LONG, 34n, 2017239379],
  [DECIMAL, 1420n, -500754589],
  [DATE, days("2017-11-16"), -653330422],
  [TIME, 81_068_000_000n, -662762989],
  [TIMESTAMP, micros("2017-11-16T22:31:08"), -2047944441],
  [TIMESTAMP, micros("2017-11-16T22:31:08") + 1n, -1207196810],
  [TEXT, "iceberg", 1210000089],
  [UUID, hexBytes("f79c3e09-677c-4bbd-a479-3f349cb785e7"), 1488055340],
  [BINARY, Uint8Array.of(0, 1, 2, 3), -188683207],
];

Deno.test("values hash as the specification's examples do", () => {
  for (const [type, value, hash] of HASHES) strictEqual(bucketHash(type, value), hash, type.kind);
  deepStrictEqual(
    ["", "a", "ab", "abc", "abcd", "abcde"].map((text) =>
      murmur3(new TextEncoder().encode(text)) >>> 0
    ),
    // As published with the algorithm's other implementations.
    [0, 0x3c2569b2, 0x9bbfd75f, 0xb3dd93fa, 0x43ed676a, 0xe89b9af6],
  );
});

function of(text: string): Transform {
  const transform = parseTransform(text);
  if (transform === null) throw new Error(text);
  return transform;
}

const RESULTS: readonly (readonly [RivetType, string, PartitionValue, PartitionValue])[] = [
  [INT, "truncate[10]", 1, 0],
  [INT, "truncate[10]", -1, -10],
  [LONG, "truncate[10]", -11n, -20n],
  [DECIMAL, "truncate[50]", 1065n, 1050n],
  [DECIMAL, "truncate[10]", -5n, -10n],
  [TEXT, "truncate[3]", "iceberg", "ice"],
  [TEXT, "truncate[2]", "\u{1f9ca}\u{1f427}x", "\u{1f9ca}\u{1f427}"],
  [TEXT, "truncate[9]", "ice", "ice"],
  [BINARY, "truncate[2]", Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2)],
  [DATE, "year", days("2017-11-16"), 47],
  [DATE, "month", days("2017-11-16"), 574],
  [DATE, "day", days("2017-11-16"), 17486],
  [DATE, "year", -1, -1],
  [DATE, "month", -1, -1],
  [TIMESTAMP, "year", micros("1969-12-31T23:59:59"), -1],
  [TIMESTAMP, "month", micros("1969-12-31T23:59:59"), -1],
  [TIMESTAMP, "day", -1n, -1],
  [TIMESTAMP, "hour", -1n, -1],
  [TIMESTAMP, "hour", micros("2017-11-16T22:31:08"), 419686],
  [TEXT, "bucket[16]", "iceberg", (1210000089 & 0x7fffffff) % 16],
  [DECIMAL, "bucket[16]", 1420n, (-500754589 & 0x7fffffff) % 16],
  [INT, "identity", 7, 7],
  [INT, "bucket[4]", null, null],
];

Deno.test("transforms cut values downwards, before the epoch and below zero too", () => {
  for (const [type, text, value, result] of RESULTS) {
    deepStrictEqual(transformed(type, of(text), value), result, `${text} of ${type.kind}`);
    strictEqual(formatTransform(of(text)), text);
  }
});

Deno.test("a transform's result is read back from the text that names its folder", () => {
  for (const [type, text, value] of RESULTS) {
    const result = transformed(type, of(text), value);
    if (result === null) continue;
    const result2 = parsePartitionText(type, of(text), partitionText(type, of(text), result));
    deepStrictEqual(result2, result, `${text} of ${type.kind}`);
  }
  const values: (readonly [RivetType, Exclude<PartitionValue, null>])[] = [
    [{ kind: "bool" }, false],
    [{ kind: "float", bits: 64 }, -0],
    [{ kind: "float", bits: 64 }, 1e300],
    [{ kind: "float", bits: 64 }, NaN],
    [DATE, days("0001-01-01")],
    [DATE, -1_000_000],
    [DATE, 5_000_000],
    [TIMESTAMP, -(2n ** 62n)],
    [UUID, hexBytes("f79c3e09-677c-4bbd-a479-3f349cb785e7")],
    [TEXT, ""],
  ];
  for (const [type, value] of values) {
    const text = partitionText(type, { kind: "identity" }, value);
    deepStrictEqual(parsePartitionText(type, { kind: "identity" }, text), value, text);
  }
  strictEqual(partitionText(DATE, of("month"), 574), "2017-11");
  strictEqual(partitionText(TIMESTAMP, of("hour"), 419686), "2017-11-16-22");
  strictEqual(partitionText(DATE, of("year"), -1), "1969");
});

Deno.test("what a transform does not take is known before a row is read", () => {
  const takes = (type: RivetType, text: string) => transformedType(type, of(text)) !== null;
  strictEqual(takes({ kind: "bool" }, "bucket[2]"), false);
  strictEqual(takes({ kind: "float", bits: 64 }, "truncate[2]"), false);
  strictEqual(takes(DATE, "hour"), false);
  strictEqual(takes(TEXT, "day"), false);
  strictEqual(takes({ kind: "list", element: TEXT }, "identity"), false);
  deepStrictEqual(transformedType(TIMESTAMP, of("day")), DATE);
  for (const text of ["bucket[0]", "bucket[]", "truncate", "truncate[99999999999]", "week"]) {
    strictEqual(parseTransform(text), null, text);
  }
});

Deno.test("a decimal has as few bytes as its two's complement needs", () => {
  for (
    const [value, bytes] of [
      [0n, [0]],
      [127n, [127]],
      [128n, [0, 128]],
      [-128n, [128]],
      [-129n, [255, 127]],
      [1420n, [0x05, 0x8c]],
    ] as const
  ) deepStrictEqual([...minimalBytes(value)], [...bytes], String(value));
});
