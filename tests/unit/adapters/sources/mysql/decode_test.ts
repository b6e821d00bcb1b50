/** Text to columns, against JavaScript's own numbers, BigInt and Date. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Batch } from "../../../../../core/batch/batch.ts";
import { RivetError } from "../../../../../core/base/errors.ts";
import type { Column, RivetType } from "../../../../../core/types/types.ts";
import type { Value } from "../../../../support/batches.ts";
import { decodeRows, type Field } from "../../../../support/mysql_packets.ts";
import { batchValues } from "../../../../support/render.ts";

const LIMITS = { batchBytes: 1 << 20, batchRows: 1000, maxValueBytes: 1 << 20 };

function column(nativeType: string, type: RivetType, nullable = true): Column {
  return { name: "c", type, nullable, nativeType, fidelity: "exact" };
}

function decode(
  columns: readonly Column[],
  rows: readonly (readonly Field[])[],
  limits = LIMITS,
): Batch[] {
  return decodeRows({ columns, ...limits }, rows);
}

function one(nativeType: string, type: RivetType, field: Field): Value {
  return decode([column(nativeType, type)], [[field]]).flatMap(batchValues)[0][0];
}

function fails(nativeType: string, type: RivetType, field: Field, message: RegExp): void {
  assert.throws(() => one(nativeType, type, field), (error) => {
    assert.ok(error instanceof RivetError);
    assert.equal(error.code, "VALUE_OUT_OF_RANGE");
    assert.match(error.message, message);
    assert.match(error.message, /column "c"/);
    return true;
  });
}

const INT64: RivetType = { kind: "int", bits: 64, signed: true };
const UINT64: RivetType = { kind: "int", bits: 64, signed: false };
const int = (bits: 16 | 32): RivetType => ({ kind: "int", bits, signed: true });
const decimal = (precision: number, scale: number): RivetType => ({
  kind: "decimal",
  precision,
  scale,
});
const timestamp = (unit: "us" | "ns"): RivetType => ({ kind: "timestamp", unit, utc: false });

Deno.test("decode: every 64-bit integer", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
    assert.equal(one("bigint", INT64, String(value)), value);
  }));
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
    assert.equal(one("bigint unsigned", UINT64, String(value)), value);
  }));
  for (const edge of [-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 32n), 2n ** 53n + 1n, 0n, -1n]) {
    assert.equal(one("bigint", INT64, String(edge)), edge);
  }
});

Deno.test("decode: integers outside of their type", () => {
  fails("bigint unsigned", INT64, "9223372036854775808", /9223372036854775808.*out of range/);
  fails("bigint", INT64, "-9223372036854775809", /out of range/);
  fails("decimal(30,0)", UINT64, "18446744073709551616", /out of range/);
  fails("bigint", UINT64, "-1", /out of range/);
  fails("decimal(30,0)", UINT64, "-9999999999999999", /out of range/);
  fails("int", int(16), "32768", /out of range/);
  fails("int", int(16), "-32769", /out of range/);
  fails("int", int(32), "", /not an integer/);
  fails("int", int(32), "1x", /not an integer/);
  assert.equal(one("bigint", UINT64, "-0"), 0n);
});

Deno.test("decode: zerofill and whole decimals are integers too", () => {
  assert.equal(one("int unsigned", int(32), "0".repeat(40) + "42"), 42);
  assert.equal(
    one("bigint unsigned", UINT64, "0".repeat(30) + "18446744073709551615"),
    2n ** 64n - 1n,
  );
  assert.equal(one("decimal(10,2)", int(32), "-12.00"), -12);
  assert.equal(one("decimal(30,2)", INT64, "1234567890123456789.00"), 1234567890123456789n);
});

Deno.test("decode: decimals of every size are exact", () => {
  const shape = fc.integer({ min: 1, max: 65 }).chain((precision) =>
    fc.tuple(fc.constant(precision), fc.integer({ min: 0, max: Math.min(30, precision) }))
  );
  fc.assert(
    fc.property(
      shape,
      fc.bigInt({ min: -(10n ** 65n), max: 10n ** 65n }),
      ([precision, scale], big) => {
        const unscaled = big % 10n ** BigInt(precision);
        const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
        const whole = digits.slice(0, digits.length - scale);
        const text = `${unscaled < 0n ? "-" : ""}${whole}${
          scale > 0 ? `.${digits.slice(-scale)}` : ""
        }`;
        assert.equal(
          one(`decimal(${precision},${scale})`, decimal(precision, scale), text),
          unscaled,
          text,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("decode: decimals that do not fit", () => {
  fails("decimal(5,2)", decimal(5, 1), "1.25", /more decimals/);
  fails("decimal(5,2)", decimal(3, 1), "100.00", /more digits/);
  fails("varchar(9)", decimal(5, 1), "12a", /not a number/);
  fails("varchar(9)", decimal(5, 1), "1.x", /not a number/);
  fails("varchar(9)", decimal(5, 1), "abcdefgh", /not a number/);
  fails("varchar(9)", decimal(5, 1), "-", /not a number/);
  assert.equal(one("decimal(5,2)", decimal(10, 4), "-1.5"), -15000n);
});

Deno.test("decode: no bytes are no number, though a sign lies behind them", () => {
  const types = [decimal(5, 1), decimal(5, 0), decimal(40, 2), int(16), int(32), INT64, UINT64];
  const text = { ...column("varchar(45)", { kind: "text" }), name: "t" };
  for (const type of types) {
    // The next field's length is the code of a minus.
    const rows = [["", "x".repeat("-".charCodeAt(0))]];
    assert.throws(
      () => decode([column("varchar(9)", type), text], rows),
      /column "c": the value .* it is not (a number|an integer)/,
    );
  }
});

Deno.test("decode: doubles are the nearest ones", () => {
  const float64: RivetType = { kind: "float", bits: 64 };
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = Object.is(value, -0) ? "-0" : String(value).replace("e+", "e");
      assert.ok(Object.is(one("double", float64, text), value), text);
    }),
    { numRuns: 2000 },
  );
  assert.equal(one("double", float64, "0.30000000000000004"), 0.30000000000000004);
  fails("double", float64, "", /not a number/);
  fails("double", float64, "1.2.3", /not a number/);
});

Deno.test("decode: 32-bit floats are exact, and other values are refused", () => {
  const float32: RivetType = { kind: "float", bits: 32 };
  fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const text = Object.is(value, -0) ? "-0" : String(value).replace("e+", "e");
    assert.ok(Object.is(one("float", float32, text), value), text);
  }));
  fails("double", float32, "0.1", /32 bits/);
  assert.equal(one("decimal(5,1)", float32, "0.1"), Math.fround(0.1));
});

Deno.test("decode: every day of the calendar", () => {
  const days = fc.integer({ min: -719_528, max: 2_932_896 });
  fc.assert(
    fc.property(days, (day) => {
      const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
      assert.equal(one("date", { kind: "date" }, text), day);
    }),
    { numRuns: 2000 },
  );
  for (const text of ["0000-00-00", "2024-00-10", "2024-01-00"]) {
    fails("date", { kind: "date" }, text, /zero dates/);
  }
  for (const text of ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01"]) {
    fails("date", { kind: "date" }, text, /no such day/);
  }
});

Deno.test("decode: every microsecond of the years 0 to 9999", () => {
  const min = BigInt(Date.parse("0000-01-01T00:00:00Z")) * 1000n;
  const max = BigInt(Date.parse("9999-12-31T23:59:59Z")) * 1000n;
  fc.assert(
    fc.property(fc.bigInt({ min, max }), fc.boolean(), (micros, cut) => {
      const millis = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
      const rest = micros - millis * 1000n;
      const iso = new Date(Number(millis)).toISOString().slice(0, 23).replace("T", " ");
      const text = cut ? iso : `${iso}${String(rest).padStart(3, "0")}`;
      assert.equal(one("datetime(6)", timestamp("us"), text), cut ? millis * 1000n : micros, text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decode: nanoseconds within 64 bits, and nothing beyond", () => {
  const read = (text: string) => one("datetime(6)", timestamp("ns"), text);
  assert.equal(read("1970-01-01 00:00:00.000001"), 1000n);
  assert.equal(read("1969-12-31 23:59:59.999999"), -1000n);
  assert.equal(read("2262-04-11 23:47:16.854775"), 9223372036854775000n);
  assert.equal(read("1677-09-21 00:12:43.145225"), -9223372036854775000n);
  fails("datetime(6)", timestamp("ns"), "2262-04-11 23:47:16.854776", /nanoseconds/);
  fails("datetime(6)", timestamp("ns"), "1677-09-21 00:12:43.145224", /nanoseconds/);
  fails("datetime", timestamp("us"), "2024-01-01 24:00:00", /no such day/);
});

Deno.test("decode: times of day", () => {
  const time: RivetType = { kind: "time" };
  assert.equal(one("time", time, "00:00:00"), 0n);
  assert.equal(one("time(6)", time, "23:59:59.999999"), 86_399_999_999n);
  assert.equal(one("time(3)", time, "01:02:03.5"), 3_723_500_000n);
  for (const text of ["24:00:00", "838:59:59", "100:00:00.5"]) fails("time", time, text, /24:00/);
  fails("time", time, "-00:00:01", /not negative/);
});

Deno.test("decode: bits", () => {
  assert.equal(one("bit(1)", { kind: "bool" }, Uint8Array.of(1)), true);
  assert.equal(one("bit(5)", int(16), Uint8Array.of(0x1f)), 31);
  assert.equal(one("bit(20)", int(32), Uint8Array.of(0x0f, 0xff, 0xff)), 1_048_575);
  assert.equal(one("bit(64)", UINT64, new Uint8Array(8).fill(0xff)), 2n ** 64n - 1n);
  assert.equal(one("bit(40)", INT64, Uint8Array.of(0x80, 0, 0, 0, 1)), 0x8000000001n);
  fails("bit(64)", INT64, new Uint8Array(8).fill(0xff), /18446744073709551615.*out of range/);
  fails("bit(2)", { kind: "bool" }, Uint8Array.of(2), /0 and 1/);
  fails("tinyint(1)", { kind: "bool" }, "2", /0 and 1/);
});

Deno.test("decode: UUIDs of text and of bytes", () => {
  const uuid: RivetType = { kind: "uuid" };
  const bytes = Uint8Array.fromHex("00112233445566778899aabbccddeeff");
  assert.deepEqual(one("char(36)", uuid, "00112233-4455-6677-8899-AABBCCDDEEFF"), bytes);
  assert.deepEqual(one("char(32)", uuid, "00112233445566778899aabbccddeeff"), bytes);
  assert.deepEqual(one("binary(16)", uuid, bytes), bytes);
  fails("char(36)", uuid, "00112233-4455", /not a UUID/);
  fails("char(36)", uuid, "g0112233-4455-6677-8899-aabbccddeeff", /not a UUID/);
  fails("varbinary(20)", uuid, bytes.subarray(1), /16/);
});

Deno.test("decode: lengths of one, two, three and eight bytes", () => {
  for (const length of [0, 1, 250, 251, 65_535, 65_536, 16_777_215, 16_777_216]) {
    const value = new Uint8Array(length).fill(7);
    const limits = { ...LIMITS, maxValueBytes: 1 << 25 };
    const [batch] = decode([column("longblob", { kind: "binary" })], [[value]], limits);
    assert.equal(batch.data[0].values.length, length);
  }
});

Deno.test("decode: NULLs, batches and pieces", () => {
  const columns = [column("int", int(32)), { ...column("text", { kind: "text" }), name: "t" }];
  const rows = Array.from({ length: 5000 }, (_, i) => [
    i % 3 === 0 ? null : String(i),
    i % 7 === 0 ? null : "x".repeat(i % 50),
  ]);
  const batches = decode(columns, rows, { ...LIMITS, batchRows: 777 });
  assert.deepEqual(batches.map((b) => b.rows), [777, 777, 777, 777, 777, 777, 338]);
  assert.deepEqual(
    batches.flatMap(batchValues),
    rows.map(([id, text]) => [id === null ? null : Number(id), text]),
  );
});

Deno.test("decode: a NULL in a NOT NULL column, a long value and a short row are told", () => {
  const notNull = column("int", int(32), false);
  assert.throws(() => decode([notNull], [[null]]), /"c" was NOT NULL/);
  const limits = { ...LIMITS, maxValueBytes: 300 };
  assert.throws(
    () => decode([column("text", { kind: "text" })], [["x".repeat(301)]], limits),
    /"c" holds a value/,
  );
  assert.throws(
    () => decode([column("int", int(32))], [["1", "2"]]),
    /other columns than described/,
  );
  fails("blob", { kind: "text" }, Uint8Array.of(0xff, 0xfe), /0xfffe.*not UTF-8/);
});
