/** What the kernel makes of rows is what the decoders in TypeScript make of them, errors included. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { RowDecoder } from "../../../../../adapters/sources/postgres/decode.ts";
import { columnDecoder } from "../../../../../adapters/sources/postgres/decoders.ts";
import { type Kernel, kernels } from "../../../../../adapters/sources/postgres/kernel/kernel.ts";
import { RowFrames } from "../../../../../adapters/sources/postgres/rows.ts";
import { FrameBuffer } from "../../../../../adapters/sources/postgres/wire/frame_buffer.ts";
import type { Batch } from "../../../../../core/batch/batch.ts";
import type { Column, RivetType } from "../../../../../core/types/types.ts";
import { untouchable } from "../../../../support/untouchable.ts";

const MAX_VALUE_BYTES = 2000;
/** More than any test lays out at once. */
const MAX_ROWS = 100;

const integer = (bits: 16 | 32 | 64): RivetType => ({ kind: "int", bits, signed: true });
const decimal = (precision: number, scale: number): RivetType => ({
  kind: "decimal",
  precision,
  scale,
});

/** A value as the server sends it; what it has of it beside is unusual. */
interface Wire {
  readonly nativeType: string;
  readonly type: RivetType;
  /** Of values that the kernel decodes. */
  readonly ordinary: fc.Arbitrary<Uint8Array>;
  /** Of values that some or no decoder takes. */
  readonly unusual: fc.Arbitrary<Uint8Array>;
}

function big(bits: 16 | 32 | 64, value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value));
  return bytes.subarray(8 - bits / 8);
}

const signed = (bits: 16 | 32 | 64, min: bigint, max: bigint) =>
  fc.bigInt({ min, max }).map((value) => big(bits, value));
const anyOf = (bits: 16 | 32 | 64) =>
  signed(bits, -(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n);
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const oneOf = (...values: Uint8Array[]) => fc.constantFrom(...values);
/** Of another length; JavaScript's own assignments change the bits of some NaNs. */
const notOf = (length: number) => anything.filter((bytes) => bytes.length !== length);
const anything = fc.uint8Array({ maxLength: 40 });

interface Numeric {
  readonly digits: readonly number[];
  readonly weight: number;
  readonly sign: number;
  readonly scale: number;
}

function numeric({ digits, weight, sign, scale }: Numeric): Uint8Array {
  const words = [digits.length, weight, sign, scale, ...digits];
  return Uint8Array.from(words.flatMap((word) => [(word >> 8) & 255, word & 255]));
}

/** As `numeric_send` writes an unscaled value of `scale` decimals. */
function sentNumeric(unscaled: bigint, scale: number): Uint8Array {
  const magnitude = unscaled < 0n ? -unscaled : unscaled;
  const text = magnitude.toString().padStart(scale + 1, "0");
  const whole = text.slice(0, text.length - scale);
  const fraction = text.slice(text.length - scale);
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
  const digits = ((left + right).match(/.{4}/g) ?? []).map(Number);
  let weight = left.length / 4 - 1;
  while (digits[0] === 0) {
    digits.shift();
    weight--;
  }
  while (digits.at(-1) === 0) digits.pop();
  const sign = unscaled < 0n ? 0x4000 : 0;
  return numeric({ digits, weight: digits.length === 0 ? 0 : weight, sign, scale });
}

/** Half of them short, so that some have no digit in front. */
function numbers(precision: number, scale: number): fc.Arbitrary<Uint8Array> {
  const upTo = (digits: number) => {
    const most = 10n ** BigInt(digits) - 1n;
    return fc.bigInt({ min: -most, max: most });
  };
  const short = upTo(Math.max(1, precision >> 1));
  return fc.oneof(upTo(precision), short).map((value) => sentNumeric(value, scale));
}

/** Specials, digits beyond the scale or the precision, and what no server sends. */
const strangeNumeric = fc.record({
  digits: fc.array(
    fc.oneof(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 65_535 })),
    {
      maxLength: 12,
    },
  ),
  weight: fc.integer({ min: -6, max: 10 }),
  sign: fc.constantFrom(0, 0x4000, 0xc000, 0xd000, 0xf000, 0x8000),
  scale: fc.integer({ min: 0, max: 20 }),
}).map(numeric);

function decimals(precision: number, scale: number): Wire {
  return {
    nativeType: `numeric(${precision},${scale})`,
    type: decimal(precision, scale),
    ordinary: numbers(precision, scale),
    unusual: fc.oneof(
      strangeNumeric,
      numbers(precision + 2, scale),
      numbers(precision + 2, scale + 2),
      anything,
    ),
  };
}

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ minLength: 50, maxLength: 90 }),
).map((value) => new TextEncoder().encode(value));
const jsonb = text.map((value) => Uint8Array.from([1, ...value]));

const END_OF_DATES = big(32, 2n ** 31n - 1n);
const MIN_32 = big(32, -(2n ** 31n));
const END_OF_TIMES = big(64, 2n ** 63n - 1n);
const MIN_64 = big(64, -(2n ** 63n));
const EPOCH_US = 946_684_800_000_000n;

const WIRES: readonly Wire[] = [
  {
    nativeType: "bool",
    type: { kind: "bool" },
    ordinary: oneOf(Uint8Array.of(0), Uint8Array.of(1)),
    unusual: fc.oneof(bytesOf(1), anything),
  },
  { nativeType: "int2", type: integer(16), ordinary: anyOf(16), unusual: anything },
  { nativeType: "int4", type: integer(32), ordinary: anyOf(32), unusual: anything },
  { nativeType: "int8", type: integer(64), ordinary: anyOf(64), unusual: anything },
  {
    nativeType: "float4",
    type: { kind: "float", bits: 32 },
    ordinary: floats(4),
    unusual: notOf(4),
  },
  {
    nativeType: "float8",
    type: { kind: "float", bits: 64 },
    ordinary: floats(8),
    unusual: notOf(8),
  },
  { nativeType: "uuid", type: { kind: "uuid" }, ordinary: bytesOf(16), unusual: anything },
  {
    nativeType: "date",
    type: { kind: "date" },
    ordinary: signed(32, -(2n ** 31n) + 1n, 2n ** 31n - 10_958n),
    unusual: fc.oneof(oneOf(END_OF_DATES, MIN_32), signed(32, 2n ** 31n - 11_000n, 2n ** 31n - 1n)),
  },
  {
    nativeType: "time",
    type: { kind: "time" },
    ordinary: signed(64, 0n, 86_399_999_999n),
    unusual: fc.oneof(oneOf(big(64, 86_400_000_000n)), signed(64, -5n, 86_400_000_001n)),
  },
  {
    nativeType: "timestamptz",
    type: { kind: "timestamp", unit: "us", utc: true },
    ordinary: signed(64, -(2n ** 63n) + 1n, 2n ** 63n - 1n - EPOCH_US),
    unusual: fc.oneof(
      oneOf(END_OF_TIMES, MIN_64),
      signed(64, 2n ** 63n - 1n - 2n * EPOCH_US, 2n ** 63n - 1n),
      anything,
    ),
  },
  decimals(10, 2),
  decimals(18, 0),
  decimals(19, 3),
  decimals(38, 9),
  decimals(38, 38),
  { nativeType: "text", type: { kind: "text" }, ordinary: text, unusual: text },
  { nativeType: "jsonb", type: { kind: "json" }, ordinary: jsonb, unusual: jsonb },
  { nativeType: "bytea", type: { kind: "binary" }, ordinary: anything, unusual: anything },
];

function floats(bytes: 4 | 8): fc.Arbitrary<Uint8Array> {
  return fc.oneof(fc.double({ noNaN: true }), fc.constant(NaN)).map((value) => {
    const written = new Uint8Array(bytes);
    const view = new DataView(written.buffer);
    if (bytes === 4) view.setFloat32(0, value);
    else view.setFloat64(0, value);
    return written;
  });
}

function columnOf({ nativeType, type }: Wire, i: number): Column {
  return { name: `c${i}`, type, nullable: true, nativeType, fidelity: "exact" };
}

type Row = readonly (Uint8Array | null)[];

const word = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function message(row: Row): number[] {
  const fields = row.flatMap((field) => [...word(field?.length ?? -1), ...(field ?? [])]);
  const body = [row.length >> 8, row.length & 255, ...fields];
  return [68, ...word(body.length + 4), ...body];
}

/** What becomes of the messages, received in pieces: raw columns, and the error. */
function outcome(
  wires: readonly Wire[],
  sent: Uint8Array,
  cuts: readonly number[],
  batchRows: number,
  kernel: Kernel | null,
) {
  const columns = wires.map(columnOf);
  const buffer = new FrameBuffer();
  const decoder = new RowDecoder({ columns, batchBytes: 1 << 20, batchRows });
  const limits = { columnNames: columns.map(({ name }) => name), maxValueBytes: MAX_VALUE_BYTES };
  const frames = new RowFrames(buffer, limits, "cursor", kernel);
  const batches: Batch[] = [];
  let error: string | null = null;
  try {
    for (let at = 0, i = 0; at < sent.length; i++) {
      const piece = sent.subarray(at, at + cuts[i % cuts.length]);
      buffer.room().set(piece);
      buffer.filled(piece.length);
      at += piece.length;
      const rowsFollow = frames.layOut();
      if (frames.rows > 0) {
        const laidOut = frames.take();
        assert.equal(laidOut.block.kernel, kernel);
        batches.push(...decoder.decode(laidOut));
      }
      if (!rowsFollow) break;
    }
    const last = decoder.finish();
    if (last !== null) batches.push(last);
  } catch (thrown) {
    error = String(thrown);
  }
  const left = [...buffer.bytes.subarray(buffer.start, buffer.end)];
  return { batches: batches.map(({ rows, data }) => ({ rows, data })), error, left };
}

const kernel = kernels.open();
assert.ok(kernel !== null, "no WebAssembly here");

const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });
const batchRows = fc.integer({ min: 1, max: 40 });

/** All but floats, of which a changed byte makes any NaN. */
const WHOLE = WIRES.filter(({ type }) => type.kind !== "float");

/** Rows of some columns; `strange` in a thousand of their values are unusual. */
function tables(strange: number, wires: readonly Wire[] = WIRES) {
  return fc.array(fc.constantFrom(...wires), { minLength: 1, maxLength: 6 }).chain((wires) => {
    const fields = wires.map(({ ordinary, unusual }) =>
      fc.oneof(
        { arbitrary: fc.constant(null), weight: 150 },
        { arbitrary: ordinary, weight: 850 - strange },
        { arbitrary: unusual, weight: strange },
      )
    );
    const rows = fc.array(fc.tuple(...fields), { maxLength: MAX_ROWS, size: "max" });
    return fc.record({ wires: fc.constant(wires), rows });
  });
}

for (const [strange, of] of [[0, "ordinary"], [10, "rarely unusual"], [400, "unusual"]] as const) {
  Deno.test(`kernel: ${of} values become the same, or the same error`, () => {
    fc.assert(
      fc.property(tables(strange), cuts, batchRows, ({ wires, rows }, pieces, perBatch) => {
        const sent = Uint8Array.from(rows.flatMap(message));
        const expected = outcome(wires, sent, pieces, perBatch, null);
        assert.deepEqual(outcome(wires, sent, pieces, perBatch, kernel), expected);
        if (strange === 0) assert.equal(expected.error, null);
      }),
      { numRuns: 60 },
    );
  });
}

for (const wire of WIRES) {
  Deno.test(`kernel: unusual ${wire.nativeType} becomes the same, or the same error`, () => {
    const field = fc.oneof<fc.Arbitrary<Uint8Array | null>[]>(
      fc.option(wire.ordinary),
      wire.unusual,
    );
    fc.assert(fc.property(fc.array(field, { minLength: 1, maxLength: 3 }), (fields) => {
      const sent = Uint8Array.from(fields.flatMap((value) => message([value])));
      const expected = outcome([wire], sent, [1 << 16], 1000, null);
      assert.deepEqual(outcome([wire], sent, [1 << 16], 1000, kernel), expected);
    }));
  });
}

Deno.test("kernel: a length below that of NULL, and a value above the limit, are refused as ever", () => {
  const wire = WIRES.find(({ nativeType }) => nativeType === "text")!;
  const negative = Uint8Array.from([68, ...word(10), 0, 1, ...word(-2)]);
  const large = Uint8Array.from(message([new Uint8Array(MAX_VALUE_BYTES + 1)]));
  for (const [sent, said] of [[negative, /of -2 bytes/], [large, /above the limit/]] as const) {
    const expected = outcome([wire], sent, [1 << 16], 1000, null);
    assert.match(expected.error ?? "", said);
    assert.deepEqual(outcome([wire], sent, [1 << 16], 1000, kernel), expected);
  }
});

Deno.test("kernel: messages with any byte changed become the same, or the same error", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 4, 68, 127, 128, 255)), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(tables(10, WHOLE), changes, cuts, ({ wires, rows }, changed, pieces) => {
      const sent = Uint8Array.from(rows.slice(0, 20).flatMap(message));
      if (sent.length === 0) return;
      for (const [at, byte] of changed) sent[at % sent.length] = byte;
      const expected = outcome(wires, sent, pieces, 1000, null);
      assert.deepEqual(outcome(wires, sent, pieces, 1000, kernel), expected);
    }),
    { numRuns: 200 },
  );
});

for (const [i, wire] of WIRES.entries()) {
  Deno.test(`kernel: it decodes ${wire.nativeType} itself`, () => {
    const decoder = columnDecoder(columnOf(wire, i));
    const field = fc.option(wire.ordinary);
    fc.assert(fc.property(fc.array(field, { minLength: 1, maxLength: 50 }), (fields) => {
      const sent = Uint8Array.from(fields.flatMap((value) => message([value])));
      const buffer = new FrameBuffer();
      const limits = { columnNames: ["c"], maxValueBytes: MAX_VALUE_BYTES };
      const frames = new RowFrames(buffer, limits, "cursor", kernel);
      buffer.room().set(sent);
      buffer.filled(sent.length);
      frames.layOut();
      const { block, rows } = frames.take();
      assert.equal(rows, fields.length);
      decoder.decode({ ...block, bytes: untouchable(), view: untouchable() }, 0, rows);
      const { length, nullCount } = decoder.builder.finish();
      assert.deepEqual([length, nullCount], [rows, fields.filter((f) => f === null).length]);
    }));
  });
}

Deno.test("kernel: a row that is too large for its memory goes past it, and the next ones do not", () => {
  const wire = WIRES.find(({ nativeType }) => nativeType === "text")!;
  const decoder = new RowDecoder({
    columns: [columnOf(wire, 0)],
    batchBytes: 1 << 30,
    batchRows: 1 << 20,
  });
  const buffer = new FrameBuffer();
  const limits = { columnNames: ["c0"], maxValueBytes: 1 << 26 };
  const frames = new RowFrames(buffer, limits, "cursor", kernel);
  const inKernel: boolean[] = [];
  const lengths = [10, 600_000, ...new Array<number>(100).fill(60_000)];
  for (const length of lengths) {
    const sent = Uint8Array.from(message([new Uint8Array(length).fill(length & 127)]));
    for (let at = 0; at < sent.length;) {
      const room = buffer.room();
      const piece = sent.subarray(at, at + room.length);
      room.set(piece);
      buffer.filled(piece.length);
      at += piece.length;
      frames.layOut();
    }
    const laidOut = frames.take();
    assert.equal(laidOut.rows, 1);
    inKernel.push(laidOut.block.kernel === kernel);
    decoder.decode(laidOut);
  }
  assert.equal(inKernel[0], true);
  assert.equal(inKernel[1], false);
  assert.equal(inKernel.at(-1), true);
  const [data] = decoder.finish()!.data;
  const found = Array.from(lengths, (_, i) => data.values[data.offsets![i + 1] - 1]);
  assert.deepEqual(found, lengths.map((length) => length & 127));
});

Deno.test("kernel: the memory of a connection that has ended is the next one's, and nobody else's", () => {
  const [first, second] = [kernels.open(), kernels.open()];
  assert.ok(first !== null && second !== null && first !== second);
  kernels.close(first);
  const third = kernels.open();
  assert.equal(third, first);
  const fourth = kernels.open();
  assert.ok(fourth !== null && fourth !== first && fourth !== second);
});
