/** Every Rivet type with the values at its edges. */
import type { RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";

export interface TypeSample {
  readonly type: RivetType;
  readonly values: readonly Value[];
}

const INT64_MAX = 2n ** 63n - 1n;
/** The first moment of PostgreSQL's timestamps, and one in the last years that 64 bits reach. */
const FIRST_MICROS = -210_866_803_200_000_000n;
const LAST_MICROS = 9_223_318_016_000_000_000n;
/** The first whole day of 1677 that 64 bits of nanoseconds reach. */
const FIRST_NANOS = -9_223_286_400_000_000_000n;

function decimal(precision: number, scale: number): TypeSample {
  const largest = 10n ** BigInt(precision) - 1n;
  return {
    type: { kind: "decimal", precision, scale },
    values: [0n, 1n, -1n, largest, -largest, largest / 7n, -(largest / 3n)],
  };
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

const INTEGERS: TypeSample[] = [
  { type: { kind: "int", bits: 16, signed: true }, values: [0, 1, -1, 32767, -32768] },
  { type: { kind: "int", bits: 32, signed: true }, values: [0, -1, 2147483647, -2147483648] },
  { type: { kind: "int", bits: 64, signed: true }, values: [0n, -1n, INT64_MAX, -INT64_MAX - 1n] },
  { type: { kind: "int", bits: 64, signed: false }, values: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n] },
];

const FLOATS: TypeSample[] = [
  {
    type: { kind: "float", bits: 32 },
    values: [0, -0, 1.5, Math.fround(0.1), Math.fround(3.4028234e38), 1.401298464324817e-45, NaN]
      .concat([Infinity, -Infinity]),
  },
  {
    type: { kind: "float", bits: 64 },
    values: [0, -0, 0.1, Number.MAX_VALUE, Number.MIN_VALUE, 1e21, NaN, Infinity, -Infinity],
  },
];

const TEMPORAL: TypeSample[] = [
  { type: { kind: "date" }, values: [0, -1, 19_723, -719_528, -719_529, 2_932_896, 2_932_897] },
  { type: { kind: "time" }, values: [0n, 1n, 86_399_999_999n, 45_296_789_000n] },
  ...[false, true].map((utc): TypeSample => ({
    type: { kind: "timestamp", unit: "us", utc },
    values: [0n, 1n, -1n, 1_704_067_213_000_000n, FIRST_MICROS, LAST_MICROS],
  })),
  {
    type: { kind: "timestamp", unit: "ns", utc: false },
    values: [0n, 1n, -1n, 1_704_067_213_000_000_001n, INT64_MAX - 10n, FIRST_NANOS],
  },
  {
    type: { kind: "timestamp", unit: "ns", utc: true },
    values: [0n, -1_000n, 1_704_067_213_000_001_000n],
  },
];

const TEXTS = [
  "",
  "a",
  "paid",
  'with "quotes", commas',
  "two\nlines\r\n",
  "žluťoučký 🐎",
  " ",
  "NULL",
];

const BYTES: TypeSample[] = [
  { type: { kind: "text" }, values: [...TEXTS, "x".repeat(300), "\u{10ffff}".repeat(40)] },
  { type: { kind: "json" }, values: ["{}", '{"a": [1, "b", null]}', "null", '"text"'] },
  { type: { kind: "interval" }, values: ["P1Y2M3DT4H5M6.789S", "PT0S", "P-1D"] },
  {
    type: { kind: "binary" },
    values: [bytes(), bytes(0), bytes(0xff), bytes(0xde, 0xad), new Uint8Array(200).fill(0xff)],
  },
  {
    type: { kind: "uuid" },
    values: [
      new Uint8Array(16),
      new Uint8Array(16).fill(0xff),
      Uint8Array.from({ length: 16 }, (_, i) => i * 16 + 1),
    ],
  },
];

const SCALARS: readonly TypeSample[] = [
  { type: { kind: "bool" }, values: [true, false, true, true] },
  ...INTEGERS,
  ...FLOATS,
  ...[[1, 0], [9, 9], [10, 2], [18, 4], [19, 0], [38, 10], [39, 3], [76, 20]].map(([p, s]) =>
    decimal(p, s)
  ),
  ...TEMPORAL,
  ...BYTES,
];

function listOf({ type, values }: TypeSample): TypeSample {
  const lists: Value[] = [[], [...values], [null], [values[0], null, values[values.length - 1]]];
  return { type: { kind: "list", element: type }, values: lists };
}

/** Scalars, and a list of each. */
export const TYPE_SAMPLES: readonly TypeSample[] = [...SCALARS, ...SCALARS.map(listOf)];
