/** What the kernel makes of rows is what the decoders in TypeScript make of them, errors included. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { fieldOf } from "../../../../../adapters/sources/mssql/fields.ts";
import { type Kernel, kernels } from "../../../../../adapters/sources/mssql/kernel/kernel.ts";
import { RowBuffer } from "../../../../../adapters/sources/mssql/rows.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { batchValues } from "../../../../support/render.ts";
import {
  decodeRows,
  type DecodeRowsOptions,
  readMetadata,
} from "../../../../support/tds/decode_rows.ts";
import { column } from "../../../../support/tds/script.ts";
import { nbcRow, row } from "../../../../support/tds/tokens.ts";
import {
  type Cell,
  CYRILLIC,
  GREEK,
  type TdsType,
  types as t,
  UTF8,
} from "../../../../support/tds/types.ts";

const MAX_VALUE_BYTES = 500;

/** A column, and values for it; what is unusual among them only the decoders in TypeScript take. */
interface Wire {
  readonly type: TdsType;
  readonly cells: fc.Arbitrary<Cell>;
  readonly override?: RivetType;
}

const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength });
const integers = (min: bigint, max: bigint) => fc.bigInt({ min, max });
const bits = (count: bigint) => integers(-(2n ** (count - 1n)), 2n ** (count - 1n) - 1n);

function decimals(precision: number, scale: number): fc.Arbitrary<string> {
  const upTo = (digits: number) =>
    integers(-(10n ** BigInt(digits)) + 1n, 10n ** BigInt(digits) - 1n);
  return fc.oneof(upTo(precision), upTo(Math.max(1, precision >> 1))).map((value) => {
    const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
    const whole = digits.slice(0, digits.length - scale);
    const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
    return value < 0n ? `-${text}` : text;
  });
}

const dates = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59Z"),
  noInvalidDate: true,
}).map((date) => date.toISOString().replace("T", " ").replace("Z", ""));
const days = dates.map((text) => text.slice(0, 10));
const fraction = (scale: number, digits: string) => scale === 0 ? "" : `.${digits.slice(0, scale)}`;

/** Of `scale` decimals; those of seven are of microseconds, or of less. */
function clocks(scale: number): fc.Arbitrary<string> {
  const digits = fc.oneof(
    fc.integer({ min: 0, max: 999_999 }).map((n) => `${String(n).padStart(6, "0")}0`),
    fc.integer({ min: 0, max: 9_999_999 }).map((n) => String(n).padStart(7, "0")),
  );
  return fc.tuple(dates, digits).map(([date, n]) => date.slice(11, 19) + fraction(scale, n));
}

const moments = (scale: number) =>
  fc.tuple(days, clocks(scale)).map(([day, clock]) => `${day} ${clock}`);
const texts = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  // Halves of pairs among them.
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 6 }).map((codes) =>
    String.fromCharCode(...codes)
  ),
);
const LENGTHS = [5, 7, 8, 9, 15, 16, 17, 31, 200];
const longTexts = fc.tuple(fc.constantFrom(...LENGTHS), fc.constantFrom("x", "é", "日")).map((
  [length, last],
) => "a".repeat(length) + last);

const timestampNs: RivetType = { kind: "timestamp", unit: "ns", utc: false };
const int = (size: 16 | 32 | 64, signed = true): RivetType => ({ kind: "int", bits: size, signed });

const WIRES: readonly Wire[] = [
  { type: t.bit(), cells: fc.boolean() },
  { type: t.tinyint(), cells: fc.integer({ min: 0, max: 255 }) },
  { type: t.smallint(), cells: fc.integer({ min: -32_768, max: 32_767 }) },
  { type: t.int(), cells: bits(32n).map(Number) },
  { type: t.bigint(), cells: bits(64n) },
  { type: t.int(), cells: fc.integer({ min: -40_000, max: 40_000 }), override: int(16) },
  { type: t.smallint(), cells: fc.integer({ min: -9, max: 9 }), override: int(32) },
  { type: t.bigint(), cells: bits(33n), override: int(32) },
  { type: t.tinyint(), cells: fc.integer({ min: 0, max: 255 }), override: int(64) },
  { type: t.bigint(), cells: integers(-2n, 2n ** 62n), override: int(64, false) },
  { type: t.real(), cells: fc.float({ noNaN: true }) },
  { type: t.float(), cells: fc.double({ noNaN: true }) },
  { type: t.int(), cells: bits(32n).map(Number), override: { kind: "float", bits: 32 } },
  ...([[5, 2], [10, 2], [19, 4], [28, 0], [38, 38]] as const).map(([precision, scale]) => ({
    type: t.decimal(precision, scale),
    cells: decimals(precision, scale),
  })),
  {
    type: t.decimal(9, 4),
    cells: decimals(9, 4),
    override: { kind: "decimal", precision: 9, scale: 2 },
  },
  { type: t.money(), cells: decimals(18, 4) },
  { type: t.smallmoney(), cells: decimals(9, 4) },
  { type: t.date(), cells: days },
  ...[0, 2, 3, 4, 6, 7].map((scale) => ({ type: t.time(scale), cells: clocks(scale) })),
  ...[0, 2, 4, 6, 7].map((scale) => ({ type: t.datetime2(scale), cells: moments(scale) })),
  { type: t.datetime2(7), cells: moments(7), override: timestampNs },
  { type: t.datetimeoffset(7), cells: moments(7).map((text) => `${text} +05:30`) },
  { type: t.datetimeoffset(0), cells: moments(0).map((text) => `${text} -14:00`) },
  {
    type: t.datetime(),
    cells: dates.filter((text) => text > "1753-01-01").map((text) => text.slice(0, 23)),
  },
  { type: t.datetime(), cells: fc.constant("1969-12-31 23:59:59.997"), override: timestampNs },
  {
    type: t.smalldatetime(),
    cells: dates.map((text) => `19${text.slice(2, 16)}`),
  },
  { type: t.uniqueidentifier(), cells: fc.uuid() },
  { type: t.nvarchar(300), cells: texts },
  { type: t.nvarchar(300), cells: longTexts },
  { type: t.nchar(3), cells: fc.constantFrom("abc", "é  ") },
  { type: t.varchar(60), cells: bytesOf(60) },
  { type: t.varchar(60, CYRILLIC), cells: bytesOf(30) },
  { type: t.varchar(60, GREEK), cells: bytesOf(3) },
  { type: t.varchar(60, UTF8), cells: texts.map((text) => Buffer.from(text)) },
  { type: t.varbinary(90), cells: bytesOf(90) },
  { type: t.nvarcharMax(), cells: texts },
  { type: t.nvarcharMax({ chunk: 7, unknown: true }), cells: texts },
  { type: t.varcharMax(), cells: fc.string({ unit: "binary-ascii", maxLength: 600 }) },
  { type: t.varbinaryMax({ chunk: 40 }), cells: bytesOf(100) },
  { type: t.xml(), cells: texts },
];

/** Raw columns, or what went wrong. */
function outcome(
  wires: readonly Wire[],
  rows: readonly Uint8Array[],
  options: DecodeRowsOptions,
): unknown {
  const columns = wires.map(({ type }, i) => column(`c${i}`, type));
  const overrides = new Map(
    wires.flatMap(({ override }, i) => override === undefined ? [] : [[`c${i}`, override]]),
  );
  try {
    const all = { ...options, overrides, maxValueBytes: MAX_VALUE_BYTES, batchRows: 7 };
    return decodeRows(columns, rows, all).batches.map(batchValues);
  } catch (error) {
    return String(error);
  }
}

interface Sent {
  readonly wires: readonly Wire[];
  readonly rows: readonly Uint8Array[];
}

const sent: fc.Arbitrary<Sent> = fc.array(fc.constantFrom(...WIRES), { minLength: 1, maxLength: 9 })
  .chain((wires) => {
    const columns = wires.map(({ type }, i) => column(`c${i}`, type));
    const cells = fc.tuple(
      ...wires.map((wire) => fc.option(wire.cells, { freq: 6, nil: null })),
    );
    return fc.array(fc.tuple(cells, fc.boolean()), { minLength: 1, maxLength: 20 }).map((all) => ({
      wires,
      rows: all.map(([values, compressed]) =>
        compressed || values.includes(null)
          ? nbcRow(columns, values as Cell[])
          : row(columns, values as Cell[])
      ),
    }));
  });

Deno.test("the kernel makes the same of any rows, received in any pieces", () => {
  fc.assert(
    fc.property(sent, fc.array(fc.nat(), { maxLength: 5 }), ({ wires, rows }, places) => {
      const length = rows.reduce((sum, { length }) => sum + length, 0);
      const cuts = places.map((place) => place % length + 1).sort((a, b) => a - b);
      assert.deepEqual(
        outcome(wires, rows, { cuts }),
        outcome(wires, rows, { cuts, kernel: null }),
      );
    }),
    { numRuns: 400 },
  );
});

Deno.test("the kernel makes the same of rows of which any byte is another", () => {
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(sent, change, ({ wires, rows }, { at, to }) => {
      const bytes = Uint8Array.from(Buffer.concat(rows));
      bytes[at % bytes.length] = to;
      assert.deepEqual(
        outcome(wires, [bytes], {}),
        outcome(wires, [bytes], { kernel: null }),
      );
    }),
    { numRuns: 400 },
  );
});

/** A kernel that counts what its functions refuse. */
function watched(kernel: Kernel): { readonly kernel: Kernel; readonly refused: () => number } {
  let refused = 0;
  const counting = <A extends unknown[]>(work: (...args: A) => boolean) => (...args: A) => {
    const done = work.apply(kernel, args);
    if (!done) refused++;
    return done;
  };
  return {
    kernel: Object.assign(kernel, {
      fixed: counting(kernel.fixed),
      bits: counting(kernel.bits),
      text: counting(kernel.text),
      made: counting(kernel.made),
    }),
    refused: () => refused,
  };
}

Deno.test("what is ordinary is done by the kernel", () => {
  const ordinary: readonly (readonly [TdsType, Cell])[] = [
    [t.bit(), true],
    [t.tinyint(), 200],
    [t.smallint(), -5],
    [t.int(), 70_000],
    [t.bigint(), -(2n ** 60n)],
    [t.real(), 1.5],
    [t.float(), 0.1],
    [t.decimal(38, 10), "-1234567890.0000000001"],
    [t.money(), "-1.0001"],
    [t.date(), "2024-02-29"],
    [t.time(7), "10:00:00.1234560"],
    [t.datetime2(7), "2024-01-31 10:00:00.1234560"],
    [t.datetimeoffset(3), "2024-01-31 10:00:00.500 +05:30"],
    [t.datetime(), "2024-02-29 10:00:00.003"],
    [t.smalldatetime(), "2024-02-29 10:00"],
    [t.uniqueidentifier(), "01234567-89ab-cdef-0123-456789abcdef"],
    [t.nvarchar(40), "naïve 😀 and more of it"],
    [t.varchar(40), "plain"],
    [t.varchar(40, CYRILLIC), Uint8Array.of(0xcf, 0xf0)],
    [t.varbinary(40), Uint8Array.of(1, 2, 3)],
    [t.nvarcharMax(), "x".repeat(100)],
  ];
  const columns = ordinary.map(([type], i) => column(`c${i}`, type));
  const rows = Array.from({ length: 50 }, () => row(columns, ordinary.map(([, cell]) => cell)));
  const own = kernels.open();
  assert.ok(own !== null);
  const { kernel, refused } = watched(own);
  decodeRows(columns, rows, { kernel });
  assert.equal(refused(), 0);
  const buffer = new RowBuffer(readMetadata(columns).map(fieldOf), 1000, kernel);
  buffer.append(Buffer.concat(rows));
  const { block, rows: found } = buffer.next();
  assert.deepEqual([block.kernel, found], [kernel, rows.length]);
  buffer.release();
});

Deno.test("a row larger than the kernel's memory is received elsewhere, and those behind it there again", () => {
  const columns = [column("id", t.int()), column("wide", t.varbinaryMax())];
  const sizes = [1, 400_000, ...Array<number>(150).fill(20_000)];
  const rows = sizes.map((size, i) => row(columns, [i, new Uint8Array(size).fill(i)]));
  const kernel = kernels.open();
  const buffer = new RowBuffer(readMetadata(columns).map(fieldOf), 1_000_000, kernel);
  const seen: number[] = [];
  const inside: boolean[] = [];
  for (const bytes of rows) {
    for (let at = 0; at < bytes.length; at += 30_000) {
      buffer.append(bytes.subarray(at, at + 30_000));
      for (let found; (found = buffer.next()).rows > 0;) {
        const { block, rows: count } = found;
        for (let r = 0; r < count; r++) {
          const wide = block.stride + r;
          seen.push(block.lengths[wide]);
          const first = block.bytes[block.positions[wide]];
          assert.equal(first, block.view.getInt32(block.positions[r], true));
          inside.push(block.kernel === kernel);
        }
      }
    }
  }
  assert.deepEqual(seen, sizes);
  assert.equal(inside[0], true);
  assert.equal(inside[1], false);
  assert.equal(inside.at(-1), true);
  buffer.release();
  if (kernel !== null) kernels.close(kernel);
});

Deno.test("texts that grow beyond the kernel's memory are made elsewhere", () => {
  const columns = [column("v", t.varcharMax()), column("n", t.nvarcharMax())];
  const text = "€".repeat(60_000);
  const euros = new Uint8Array(150_000).fill(0x80);
  const { batches } = decodeRows(columns, [row(columns, [euros, text])], {
    maxValueBytes: 10_000_000,
  });
  const [[narrow, wide]] = batches.flatMap(batchValues);
  assert.equal(narrow, "€".repeat(150_000));
  assert.equal(wide, text);
});
