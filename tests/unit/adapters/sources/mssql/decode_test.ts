import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { fieldOf } from "../../../../../adapters/sources/mssql/fields.ts";
import { RowBuffer } from "../../../../../adapters/sources/mssql/rows.ts";
import { RivetError } from "../../../../../core/base/errors.ts";
import { drainBuffers, dropBuffers } from "../../../../../core/batch/buffers.ts";
import { formatType, type RivetType } from "../../../../../core/types/types.ts";
import type { Value } from "../../../../support/batches.ts";
import { batchValues } from "../../../../support/render.ts";
import { decodeRows, readMetadata } from "../../../../support/tds/decode_rows.ts";
import { column } from "../../../../support/tds/script.ts";
import { nbcRow, row } from "../../../../support/tds/tokens.ts";
import { AS_A_REAL_SERVER, SINGLE_TRAITS } from "../../../../support/tds/traits.ts";
import {
  type Cell,
  CYRILLIC,
  GREEK,
  type TdsType,
  types as t,
  UTF8,
} from "../../../../support/tds/types.ts";

type Sample = readonly [type: TdsType, cell: Cell, value: Value, rivet: string];

const day = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
const us = (time: string): bigint => {
  const [whole, fraction = ""] = time.split(".");
  return BigInt(Date.parse(`${whole}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0"));
};
const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex);
const utf8 = new TextEncoder();

/** Every type, with the ends of its range. */
const SAMPLES: readonly Sample[] = [
  [t.bit(), true, true, "bool"],
  [t.bit(), false, false, "bool"],
  [t.tinyint(), 255, 255, "int16"],
  [t.smallint(), -32_768, -32_768, "int16"],
  [t.smallint(), 32_767, 32_767, "int16"],
  [t.int(), -2_147_483_648, -2_147_483_648, "int32"],
  [t.int(), 2_147_483_647, 2_147_483_647, "int32"],
  [t.bigint(), -(2n ** 63n), -(2n ** 63n), "int64"],
  [t.bigint(), 2n ** 63n - 1n, 2n ** 63n - 1n, "int64"],
  [t.bigint(), -1n, -1n, "int64"],
  [t.real(), 1.5, 1.5, "float32"],
  [t.real(), Math.fround(3.4e38), Math.fround(3.4e38), "float32"],
  [t.float(), 0.1, 0.1, "float64"],
  [t.float(), -1.7976931348623157e308, -1.7976931348623157e308, "float64"],
  [t.decimal(5, 2), "-123.45", -12_345n, "decimal(5,2)"],
  [t.decimal(9, 0), "999999999", 999_999_999n, "decimal(9,0)"],
  [t.decimal(19, 4), "-123456789012345.6789", -1_234_567_890_123_456_789n, "decimal(19,4)"],
  [t.numeric(28, 10), "1.0000000001", 10_000_000_001n, "decimal(28,10)"],
  [t.decimal(38, 0), "-" + "9".repeat(38), -(10n ** 38n - 1n), "decimal(38,0)"],
  [t.decimal(38, 38), "0." + "1".repeat(38), BigInt("1".repeat(38)), "decimal(38,38)"],
  [t.decimal(38, 5), "0.00000", 0n, "decimal(38,5)"],
  [t.money(), "-922337203685477.5808", -(2n ** 63n), "decimal(19,4)"],
  [t.money(), "922337203685477.5807", 2n ** 63n - 1n, "decimal(19,4)"],
  [t.money(), "-0.0001", -1n, "decimal(19,4)"],
  [t.smallmoney(), "-214748.3648", -2_147_483_648n, "decimal(10,4)"],
  [t.smallmoney(), "0.0100", 100n, "decimal(10,4)"],
  [t.date(), "0001-01-01", day("0001-01-01"), "date"],
  [t.date(), "9999-12-31", day("9999-12-31"), "date"],
  [t.time(0), "23:59:59", 86_399_000_000n, "time"],
  [t.time(3), "00:00:00.001", 1000n, "time"],
  [t.time(7), "23:59:59.9999990", 86_399_999_999n, "time"],
  [t.smalldatetime(), "1900-01-01 00:00", us("1900-01-01T00:00:00"), "timestamp"],
  [t.smalldatetime(), "2079-06-06 23:59", us("2079-06-06T23:59:00"), "timestamp"],
  [t.datetime(), "1753-01-01 00:00:00", us("1753-01-01T00:00:00"), "timestamp"],
  [t.datetime(), "9999-12-31 23:59:59.997", us("9999-12-31T23:59:59.997"), "timestamp"],
  [t.datetime(), "2024-02-29 10:00:00.003", us("2024-02-29T10:00:00.003"), "timestamp"],
  [t.datetime2(0), "0001-01-01 00:00:00", us("0001-01-01T00:00:00"), "timestamp"],
  [t.datetime2(4), "1969-12-31 23:59:59.9999", us("1969-12-31T23:59:59.999900"), "timestamp"],
  [t.datetime2(7), "9999-12-31 23:59:59.9999990", us("9999-12-31T23:59:59.999999"), "timestamp"],
  [
    t.datetimeoffset(3),
    "2024-01-31 10:00:00.500 +05:30",
    us("2024-01-31T10:00:00.500"),
    "timestamp_tz",
  ],
  [
    t.datetimeoffset(7),
    "0001-01-01 00:00:00.0000010 -14:00",
    us("0001-01-01T00:00:00.000001"),
    "timestamp_tz",
  ],
  [
    t.uniqueidentifier(),
    "01234567-89ab-cdef-0123-456789abcdef",
    bytes("0123456789abcdef0123456789abcdef"),
    "uuid",
  ],
  [t.nvarchar(20), "aé€日😀", "aé€日😀", "text"],
  [t.nvarchar(20), "", "", "text"],
  [t.nchar(5), "ab   ", "ab   ", "text"],
  [t.varchar(20), Uint8Array.of(0x61, 0xe9, 0x80, 0x81), "aé€\u0081", "text"],
  [t.varchar(20), "", "", "text"],
  [t.char(5, CYRILLIC), Uint8Array.of(0xcf, 0xf0, 0x20, 0x20, 0x20), "Пр   ", "text"],
  [t.varchar(20, UTF8), utf8.encode("日本"), "日本", "text"],
  [t.varchar(200), "x".repeat(150), "x".repeat(150), "text"],
  [t.nvarcharMax(), "€".repeat(9000), "€".repeat(9000), "text"],
  [t.nvarcharMax({ chunk: 3, unknown: true }), "日本😀", "日本😀", "text"],
  [t.nvarcharMax(), "", "", "text"],
  [t.varcharMax({ chunk: 7 }), "0123456789".repeat(5), "0123456789".repeat(5), "text"],
  [t.xml(), "<a>é</a>", "<a>é</a>", "text"],
  [t.varbinary(10), bytes("00ff10"), bytes("00ff10"), "binary"],
  [t.varbinary(10), new Uint8Array(0), new Uint8Array(0), "binary"],
  [t.binary(4), bytes("deadbeef"), bytes("deadbeef"), "binary"],
  [t.varbinaryMax({ chunk: 1 }), bytes("0102030405"), bytes("0102030405"), "binary"],
  [t.varbinaryMax(), new Uint8Array(20_000).fill(7), new Uint8Array(20_000).fill(7), "binary"],
  [t.rowversion(), bytes("00000000000007d1"), bytes("00000000000007d1"), "binary"],
];

const COLUMNS = SAMPLES.map(([type], i) => column(`c${i}`, type));
const CELLS = SAMPLES.map(([, cell]) => cell);
const VALUES = SAMPLES.map(([, , value]) => value);
const NULLS = SAMPLES.map(() => null);

Deno.test("every type, as ROW and as NBCROW, with a value, NULL, and a value behind the NULL", () => {
  for (const token of [row, nbcRow]) {
    const rows = [CELLS, NULLS, CELLS].map((cells) => token(COLUMNS, cells));
    const { columns, batches } = decodeRows(COLUMNS, rows);
    assert.deepEqual(columns.map((c) => formatType(c.type)), SAMPLES.map(([, , , rivet]) => rivet));
    assert.deepEqual(batches.flatMap(batchValues), [VALUES, NULLS, VALUES]);
  }
});

/** With values that come in several pieces, and NOT NULL columns. */
const WIDE: readonly Sample[] = [
  ...SAMPLES,
  [t.nvarcharMax(), "日本".repeat(40_000), "日本".repeat(40_000), "text"],
  [t.varcharMax(), "x".repeat(70_000), "x".repeat(70_000), "text"],
  [t.varbinaryMax(), new Uint8Array(64_000).fill(9), new Uint8Array(64_000).fill(9), "binary"],
];
const NOT_NULL: readonly Sample[] = [
  [t.bitNotNull(), true, true, "bool"],
  [t.tinyintNotNull(), 200, 200, "int16"],
  [t.bigintNotNull(), -3n, -3n, "int64"],
  [t.floatNotNull(), 1e300, 1e300, "float64"],
  [t.moneyNotNull(), "12.3456", 123_456n, "decimal(19,4)"],
  [t.datetimeNotNull(), "1999-12-31 23:59:59.007", us("1999-12-31T23:59:59.007"), "timestamp"],
];

for (
  const { name, traits } of [
    ...SINGLE_TRAITS,
    { name: "as a real server", traits: AS_A_REAL_SERVER },
  ]
) {
  Deno.test(`every type, as a server sends it that is [${name}]`, () => {
    const samples = [...WIDE, ...NOT_NULL];
    const columns = samples.map(([type], i) => column(`c${i}`, type, i < WIDE.length));
    const full = samples.map(([, cell]) => cell);
    const half = samples.map(([, cell], i) => i % 2 === 0 && i < WIDE.length ? null : cell);
    const values = samples.map(([, , value]) => value);
    const halves = values.map((value, i) => half[i] === null ? null : value);
    const rows = [full, half, full, half].map((cells) => row(columns, cells, traits));
    const cuts = Array.from({ length: 60 }, (_, i) => (i + 1) * 17_389);
    const { columns: planned, batches } = decodeRows(columns, rows, { traits, cuts });
    assert.deepEqual(planned.map((c) => formatType(c.type)), samples.map(([, , , type]) => type));
    assert.deepEqual(batches.flatMap(batchValues), [values, halves, values, halves]);
  });
}

Deno.test("ROW and NBCROW mixed, some columns NULL", () => {
  const odd = CELLS.map((cell, i) => i % 2 === 0 ? cell : null);
  const even = CELLS.map((cell, i) => i % 2 === 0 ? null : cell);
  const rows = [row(COLUMNS, odd), nbcRow(COLUMNS, even), nbcRow(COLUMNS, odd), row(COLUMNS, even)];
  const expected = (parity: number) => VALUES.map((value, i) => i % 2 === parity ? value : null);
  const { batches } = decodeRows(COLUMNS, rows);
  assert.deepEqual(
    batches.flatMap(batchValues),
    [expected(0), expected(1), expected(0), expected(1)],
  );
});

Deno.test("types of NOT NULL columns have no length in front", () => {
  const columns = [
    t.bitNotNull(),
    t.tinyintNotNull(),
    t.smallintNotNull(),
    t.intNotNull(),
    t.bigintNotNull(),
    t.realNotNull(),
    t.floatNotNull(),
    t.moneyNotNull(),
    t.datetimeNotNull(),
  ].map((type, i) => column(`c${i}`, type, false));
  const cells = [true, 200, -5, 70_000, -3n, 0.5, 1e300, "12.3456", "1999-12-31 23:59:59.007"];
  const { columns: planned, batches } = decodeRows(columns, [row(columns, cells)]);
  assert.ok(planned.every((c) => !c.nullable));
  assert.deepEqual(batches.flatMap(batchValues), [
    [true, 200, -5, 70_000, -3n, 0.5, 1e300, 123_456n, us("1999-12-31T23:59:59.007")],
  ]);
});

Deno.test("datetime: all three hundredths of a second round as the server prints them", () => {
  const columns = [column("d", t.datetime())];
  const rows = Array.from(
    { length: 300 },
    (_, i) => row(columns, [`2000-01-01 00:00:0${i / 300}`]),
  );
  const values = decodeRows(columns, rows).batches.flatMap(batchValues).map(([v]) => v as bigint);
  const millis = values.map((v) => Number(v - us("2000-01-01T00:00:00")) / 1000);
  assert.deepEqual(millis.slice(0, 7), [0, 3, 7, 10, 13, 17, 20]);
  assert.ok(millis.every((ms) => [0, 3, 7].includes(ms % 10)));
});

Deno.test("batches: as many rows and bytes as asked for, the last one with the rest", () => {
  const columns = [column("id", t.int()), column("v", t.nvarchar(50))];
  const rows = Array.from({ length: 5000 }, (_, i) => row(columns, [i, `value ${i}`]));
  const byRows = decodeRows(columns, rows, { batchRows: 777 }).batches;
  assert.deepEqual(byRows.map((b) => b.rows), [777, 777, 777, 777, 777, 777, 338]);
  const byBytes = decodeRows(columns, rows, { batchRows: 1e6, batchBytes: 20_000 }).batches;
  assert.ok(byBytes.length >= 2);
  const ids = [...byRows, ...byBytes].flatMap(batchValues).map(([id]) => id);
  assert.deepEqual(ids, [...rows.keys(), ...rows.keys()]);
});

Deno.test("text: any characters, wherever those beyond ASCII stand", () => {
  const columns = [column("v", t.nvarcharMax())];
  const character = fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.constantFrom("\x7f", "\x80", "ÿ", "\u07ff", "\u0800", "日", "😀") },
  );
  const texts = fc.array(fc.array(character, { maxLength: 40 }).map((all) => all.join("")), {
    maxLength: 30,
  });
  fc.assert(fc.property(texts, (values) => {
    const { batches } = decodeRows(columns, values.map((value) => row(columns, [value])));
    assert.deepEqual(batches.flatMap(batchValues).map(([value]) => value), values);
  }));
});

interface Refused {
  readonly type: TdsType;
  readonly cell: Cell;
  readonly override?: RivetType;
  readonly message: RegExp;
}

const timestampNs = (utc: boolean): RivetType => ({ kind: "timestamp", unit: "ns", utc });
const decimal = (precision: number, scale: number): RivetType => ({
  kind: "decimal",
  precision,
  scale,
});
const int = (bits: 16 | 32 | 64, signed = true): RivetType => ({ kind: "int", bits, signed });

const REFUSED: readonly Refused[] = [
  {
    type: t.datetime2(7),
    cell: "2024-01-31 10:00:00.1234567",
    message: /"bad".*2024-01-31 10:00:00\.1234567.*100-nanosecond[^]*timestamp_ns/,
  },
  {
    type: t.datetimeoffset(7),
    cell: "2024-01-31 10:00:00.1234567 +01:00",
    message: /100-nanosecond[^]*timestamp_tz_ns/,
  },
  { type: t.time(7), cell: "10:00:00.0000001", message: /10:00:00\.0000001[^]*text/ },
  {
    type: t.datetime2(7),
    cell: "2300-01-01 00:00:00",
    override: timestampNs(false),
    message: /1677/,
  },
  { type: t.nvarchar(9), cell: "a\ud800b", message: /surrogate/ },
  { type: t.nvarchar(9), cell: "a\udc00", message: /surrogate/ },
  { type: t.nvarchar(9), cell: "a\ud800", message: /surrogate/ },
  { type: t.varchar(9, GREEK), cell: Uint8Array.of(0xd2), message: /0xd2.*CP1253/ },
  { type: t.int(), cell: 40_000, override: int(16), message: /40000.*int16.*out of range/ },
  { type: t.bigint(), cell: 2n ** 31n, override: int(32), message: /2147483648.*int32/ },
  { type: t.bigint(), cell: -1n, override: int(64, false), message: /-1.*uint64.*negative/ },
  {
    type: t.decimal(9, 4),
    cell: "1.2345",
    override: decimal(9, 2),
    message: /1\.2345.*more decimals/,
  },
  { type: t.money(), cell: "123.4500", override: decimal(4, 2), message: /123\.4500.*more digits/ },
  { type: t.float(), cell: 0.1, override: { kind: "float", bits: 32 }, message: /0\.1.*rounded/ },
  {
    type: t.bigint(),
    cell: 2n ** 53n + 1n,
    override: { kind: "float", bits: 64 },
    message: /9007199254740993.*rounded/,
  },
];

Deno.test("a value that its column's type cannot hold fails the read and names both", () => {
  for (const { type, cell, override, message } of REFUSED) {
    const columns = [column("bad", type)];
    const overrides = new Map(override === undefined ? [] : [["bad", override]]);
    assert.throws(() => decodeRows(columns, [row(columns, [cell])], { overrides }), (error) => {
      assert.ok(error instanceof RivetError);
      assert.equal(error.code, "VALUE_OUT_OF_RANGE");
      assert.match(`${error.message}\n${error.hint}`, message);
      assert.match(error.message, /"bad"/);
      return true;
    });
  }
});

Deno.test("overrides: what fits is kept exactly", () => {
  const cases: readonly (readonly [TdsType, Cell, RivetType, Value])[] = [
    [
      t.datetime2(7),
      "2024-01-31 10:00:00.1234567",
      timestampNs(false),
      us("2024-01-31T10:00:00.123456") * 1000n + 700n,
    ],
    [
      t.datetimeoffset(7),
      "1700-01-01 00:00:00.0000001 +00:00",
      timestampNs(true),
      us("1700-01-01T00:00:00") * 1000n + 100n,
    ],
    [t.datetime(), "1969-12-31 23:59:59.997", timestampNs(false), -3_000_000n],
    [t.int(), -5, int(64), -5n],
    [t.bigint(), 7n, int(16), 7],
    [t.bigint(), 2n ** 62n, int(64, false), 2n ** 62n],
    [t.decimal(9, 4), "-1.2300", decimal(5, 2), -123n],
    [t.decimal(5, 2), "-1.23", decimal(38, 10), -12_300_000_000n],
    [t.decimal(38, 0), "9".repeat(38), decimal(50, 5), (10n ** 38n - 1n) * 100_000n],
    [t.decimal(38, 0), "-" + "9".repeat(38), decimal(76, 0), -(10n ** 38n - 1n)],
    [t.money(), "-12.3400", decimal(10, 2), -1234n],
    [t.int(), 16_777_216, { kind: "float", bits: 32 }, 16_777_216],
    [t.float(), 0.5, { kind: "float", bits: 32 }, 0.5],
    [t.nvarchar(9), '{"a":1}', { kind: "json" }, '{"a":1}'],
    [t.nvarchar(9), "é", { kind: "binary" }, utf8.encode("é")],
  ];
  for (const [type, cell, override, value] of cases) {
    const columns = [column("v", type)];
    const overrides = new Map([["v", override]]);
    const rows = [row(columns, [cell]), row(columns, [null])];
    const { batches } = decodeRows(columns, rows, { overrides });
    assert.deepEqual(batches.flatMap(batchValues), [[value], [null]], formatType(override));
  }
});

Deno.test("a value above the limit fails by its UTF-8 length, before the whole of it has come", () => {
  for (
    const [type, fits, above] of [
      [t.varcharMax(), "x".repeat(100), "x".repeat(101)],
      [t.nvarcharMax(), "x".repeat(100), "x".repeat(101)],
      [t.nvarcharMax(), "€".repeat(33), "€".repeat(34)],
      [t.varcharMax({ unknown: true, chunk: 9 }), "x".repeat(100), "x".repeat(500)],
      [t.varchar(4000), "é".repeat(50), "é".repeat(51)],
    ] as const
  ) {
    const columns = [column("wide", type)];
    const options = { maxValueBytes: 100 };
    assert.equal(decodeRows(columns, [row(columns, [fits])], options).batches[0].rows, 1);
    assert.throws(
      () => decodeRows(columns, [row(columns, [above])], options),
      /"wide" holds a value of .* above the limit/,
    );
  }
});

Deno.test("a NULL in a column that was NOT NULL when it was described fails the read", () => {
  const columns = [column("id", t.int(), false)];
  assert.throws(
    () => decodeRows(columns, [nbcRow(columns, [null])]),
    /"id" was NOT NULL when it was described/,
  );
});

Deno.test("where a result was laid out is the next one's place, and rows behind it do no harm", () => {
  dropBuffers();
  const columns = [
    column("id", t.int(), false),
    column("text", t.nvarcharMax({ chunk: 3 })),
    ...Array.from({ length: 6 }, (_, i) => column(`c${i}`, t.bigint())),
  ];
  const buffer = new RowBuffer(readMetadata(columns).map(fieldOf), 1000);
  const rows = row(columns, [1, "chunks", 1n, 2n, 3n, 4n, 5n, 6n]);
  buffer.append(rows.subarray(0, -1));
  const { block } = buffer.next();
  buffer.release();
  buffer.release();
  assert.deepEqual([block.bytes.length, block.positions.length, block.lengths.length], [0, 0, 0]);
  assert.deepEqual([buffer.pending, buffer.withinRow, drainBuffers().length], [0, false, 2]);
  // What comes late is measured as before.
  buffer.append(rows);
  assert.equal(buffer.next().rows, 1);
  assert.equal(buffer.pending, 0);
});

Deno.test("a buffer that rows have outgrown is free at once, and so is that of the largest", () => {
  const columns = [column("text", t.varcharMax())];
  const buffer = new RowBuffer(readMetadata(columns).map(fieldOf), 100_000_000);
  const lengths = [300_000, 5_000_000, ...Array<number>(20).fill(300_000)];
  const seen: number[] = [];
  const blocks: Uint8Array[] = [];
  for (const length of lengths) {
    buffer.append(row(columns, ["x".repeat(length)]));
    const { block, rows } = buffer.next();
    seen.push(...block.lengths.subarray(0, rows));
    blocks.push(block.bytes);
    if (length > 1_000_000) {
      assert.deepEqual(blocks.map((bytes) => bytes.length > 0), [false, true]);
    }
  }
  assert.deepEqual(seen, lengths);
  assert.equal(blocks[1].length, 0);
  const last = blocks[blocks.length - 1];
  assert.ok(last.length > 0 && last.length < 2_000_000);
  buffer.release();
  assert.equal(last.length, 0);
});

Deno.test("columns that are not read as they are can be measured, wherever their bytes are cut", () => {
  const columns = [
    column("a", t.text()),
    column("b", t.ntext()),
    column("c", t.image()),
    column("d", t.sqlVariant()),
    column("e", t.udt("geography")),
    column("id", t.int()),
  ];
  const cells = [
    ["text", "日本", new Uint8Array(300).fill(7), 5, bytes("0102"), 1],
    [null, null, null, null, null, 2],
    ["", "", new Uint8Array(0), 7, new Uint8Array(0), 3],
  ];
  const rows = cells.flatMap((all) => [row(columns, all), nbcRow(columns, all)]);
  const sent = Buffer.concat(rows);
  const fields = readMetadata(columns).map(fieldOf);
  for (let cut = 0; cut < sent.length; cut++) {
    const buffer = new RowBuffer(fields, 1000);
    const seen: number[][] = [];
    for (const part of [sent.subarray(0, cut), sent.subarray(cut)]) {
      buffer.append(part);
      const { block, rows } = buffer.next();
      for (let r = 0; r < rows; r++) {
        const at = (c: number) => c * block.stride + r;
        const lengths = fields.map((_, c) => block.lengths[at(c)]);
        seen.push([...lengths, block.view.getInt32(block.positions[at(5)], true)]);
      }
    }
    assert.deepEqual(seen.map((values) => values.slice(5)), [
      ...[[4, 1], [4, 1], [4, 2], [4, 2], [4, 3], [4, 3]],
    ], `cut at ${cut}`);
    assert.deepEqual(seen[0].slice(0, 3), [4, 4, 300]);
    assert.deepEqual(seen[2].slice(0, 5), [-1, -1, -1, -1, -1]);
    assert.deepEqual(seen[4].slice(0, 3), [0, 0, 0]);
  }
  const buffer = new RowBuffer(fields, 100);
  buffer.append(sent);
  assert.throws(() => buffer.next(), /"c" holds a value of/);
});
