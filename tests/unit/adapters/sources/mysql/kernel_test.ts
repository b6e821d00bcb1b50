/** What the kernel makes of rows is what the decoders in TypeScript make of them, errors included. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { RowDecoder } from "../../../../../adapters/sources/mysql/decode.ts";
import { columnDecoder } from "../../../../../adapters/sources/mysql/decoders.ts";
import { type Kernel, kernels } from "../../../../../adapters/sources/mysql/kernel/kernel.ts";
import { RowPackets } from "../../../../../adapters/sources/mysql/rows.ts";
import { BLOCK_FIELDS } from "../../../../../adapters/sources/kit/block.ts";
import type { Batch } from "../../../../../core/batch/batch.ts";
import { type Column, formatType, type RivetType } from "../../../../../core/types/types.ts";
import { asPackets, type Field, rowPayload } from "../../../../support/mysql_packets.ts";
import { untouchable } from "../../../../support/untouchable.ts";

const MAX_VALUE_BYTES = 2000;
/** More than any test lays out at once. */
const MAX_ROWS = 100;

/** A column, and its values as the server sends them. */
interface Wire {
  readonly nativeType: string;
  readonly type: RivetType;
  /** Of values that the kernel decodes, if it does. */
  readonly ordinary: fc.Arbitrary<Field>;
  readonly inKernel: boolean;
  /** Of values that some or no decoder takes; beside those that are ordinary with characters changed. */
  readonly unusual: fc.Arbitrary<Field>;
}

const int = (bits: 16 | 32 | 64, signed = true): RivetType => ({ kind: "int", bits, signed });
const float = (bits: 32 | 64): RivetType => ({ kind: "float", bits });
const timestamp = (unit: "us" | "ns"): RivetType => ({ kind: "timestamp", unit, utc: false });
const texts = (...values: string[]) => fc.constantFrom(...values);
const bytes = fc.uint8Array({ maxLength: 90 });
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

function wire(
  nativeType: string,
  type: RivetType,
  ordinary: fc.Arbitrary<Field>,
  unusual: fc.Arbitrary<Field> = bytes,
): Wire {
  return { nativeType, type, ordinary, unusual, inKernel: true };
}

/** Small and large ones. */
function between(min: bigint, max: bigint): fc.Arbitrary<string> {
  const small = (limit: bigint) => limit < -1000n ? -1000n : limit > 1000n ? 1000n : limit;
  return fc.oneof(
    fc.bigInt({ min, max }),
    fc.bigInt({ min: small(min), max: small(max) }),
  ).map(String);
}

/** Integers, those beyond the width, and those that the server pads or gives decimals. */
function integers(nativeType: string, bits: 16 | 32 | 64, signed = true): Wire {
  const limit = 2n ** BigInt(bits - 1);
  const [min, max] = signed ? [-limit, limit - 1n] : [0n, 2n * limit - 1n];
  // Of what is unsigned, the kernel leaves the last 0.03 %.
  const ordinary = between(min, signed ? max : 1844n * 10n ** 16n - 1n);
  const unusual = fc.oneof(
    between(min - 2n, min + 2n),
    between(max - 2n, max + 2n),
    between(min * 20n, max * 20n),
    texts("-0", "-1", "0", "", "-", "+5", "12.00", "1.5", "007", "0".repeat(40) + "42"),
  );
  return wire(nativeType, int(bits, signed), ordinary, unusual);
}

/** An unscaled value as the server prints one of `scale` decimals. */
function printed(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? "-" : ""}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ""}`;
}

function decimals(precision: number, scale: number): Wire {
  const upTo = (digits: number, behind = scale) => {
    const most = 10n ** BigInt(digits) - 1n;
    return between(-most, most).map((value) => printed(BigInt(value), behind));
  };
  const type: RivetType = { kind: "decimal", precision, scale };
  const unusual = fc.oneof(
    upTo(precision + 2),
    upTo(precision, scale + 1),
    upTo(precision, Math.max(0, scale - 1)),
    texts("", "-", ".", ".5", "5.", "+1", "-0", "1e5", "0".repeat(50)),
  );
  const made = wire(`decimal(${precision},${scale})`, type, upTo(precision), unusual);
  return { ...made, inKernel: precision <= 38 };
}

/** Of at most 15 digits; 32 bits hold halves exactly. */
const shortFloats = fc.tuple(
  fc.integer({ min: -999_999, max: 999_999 }),
  texts("", ".5", ".25", ".0"),
)
  .map(([whole, fraction]) => `${whole}${fraction}`);
/** Of 16 digits, a third of which a division would round twice. */
const longFloats = fc.tuple(
  fc.bigInt({ min: 2n ** 53n + 1n, max: 10n ** 16n - 1n }),
  fc.integer({ min: 1, max: 9 }),
).map(([digits, scale]) => printed(digits, scale));
const floats = fc.oneof(
  longFloats,
  fc.double().map(String),
  fc.float().map(String),
  texts("-0", "0.1", "1e10", "1.5e-7", "inf", "nan", "", "-", ".", "1.2.3", "123456789012345678"),
);

const two = (max: number) =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"));
const dates = fc.oneof(
  fc.integer({ min: -719_528, max: 2_932_896 })
    .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
  texts("0000-01-01", "0000-02-29", "0000-03-01", "0001-01-01", "2000-02-29", "9999-12-31"),
);
const anyDates = fc.tuple(fc.integer({ min: 0, max: 9999 }), two(14), two(33))
  .map(([year, month, day]) => `${String(year).padStart(4, "0")}-${month}-${day}`);
const oddDates = fc.oneof(
  anyDates,
  texts("0000-00-00", "2024-02-30", "1900-02-29", "2000-02-29", "2024-04-31", "2024-1-1", ""),
);
const fractions = fc.oneof(
  fc.constant(""),
  fc.integer({ min: 1, max: 6 }).chain((digits) =>
    fc.integer({ min: 0, max: 10 ** digits - 1 }).map((value) =>
      `.${String(value).padStart(digits, "0")}`
    )
  ),
);
const clock = (hours: number, sixty: number) =>
  fc.tuple(two(hours), two(sixty), two(sixty), fractions)
    .map(([h, m, s, fraction]) => `${h}:${m}:${s}${fraction}`);
const oddClocks = fc.oneof(
  clock(30, 70),
  texts("-01:00:00", "100:00:00", "838:59:59.999999", "10:00", "10:00:00.", "10:00:00.1234567"),
);
const joined = (day: fc.Arbitrary<string>, time: fc.Arbitrary<string>) =>
  fc.tuple(day, time).map(([date, at]) => `${date} ${at}`);
const instants = fc.oneof(joined(dates, clock(23, 59)), dates);
const near = fc.oneof(
  joined(texts("1677-09-21", "1677-09-20", "2262-04-11", "2262-04-12"), clock(23, 59)),
  joined(oddDates, oddClocks),
  dates,
);
/** Whose nanoseconds have 64 bits. */
const inRange = joined(
  fc.integer({ min: -106_000, max: 106_000 })
    .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
  clock(23, 59),
);

const uuids = fc.uuid();
const oddUuids = fc.oneof(
  uuids.map((value) => value.replaceAll("-", "")),
  uuids.map((value) => value.toUpperCase()),
  uuids.map((value) => `{${value}`.slice(0, 36)),
  texts("", "-".repeat(36)),
);
const words = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ minLength: 50, maxLength: 90 }));

const WIRES: readonly Wire[] = [
  wire("tinyint(1)", { kind: "bool" }, texts("0", "1"), fc.oneof(texts("2", "-1", ""), bytes)),
  wire(
    "bit(1)",
    { kind: "bool" },
    fc.constantFrom(Uint8Array.of(0), Uint8Array.of(1)),
    fc.uint8Array({ maxLength: 8 }),
  ),
  integers("smallint", 16),
  integers("int", 32),
  integers("bigint", 64),
  integers("bigint unsigned", 64, false),
  wire("double", float(64), shortFloats, floats),
  wire("float", float(32), shortFloats, floats),
  wire("decimal(12,3)", float(32), shortFloats, floats),
  decimals(10, 2),
  decimals(5, 5),
  decimals(18, 0),
  decimals(19, 4),
  decimals(38, 0),
  decimals(38, 9),
  decimals(38, 30),
  decimals(65, 30),
  wire("date", { kind: "date" }, dates, oddDates),
  wire("time", { kind: "time" }, clock(23, 59), oddClocks),
  wire("datetime", timestamp("us"), instants, near),
  wire("datetime", timestamp("ns"), inRange, near),
  wire("uuid", { kind: "uuid" }, uuids, oddUuids),
  wire("binary(16)", { kind: "uuid" }, bytesOf(16)),
  wire("varchar(90)", { kind: "text" }, words),
  wire("json", { kind: "json" }, words),
  wire("blob", { kind: "binary" }, bytes),
  { ...wire("blob", { kind: "text" }, words), inKernel: false },
  { ...wire("bit(40)", int(64), bytesOf(5)), inKernel: false },
];

function columnOf({ nativeType, type }: Wire, i: number): Column {
  return { name: `c${i}`, type, nullable: true, nativeType, fidelity: "exact" };
}

const utf8 = new TextEncoder();

/** With some of its characters changed to others that such values have. */
function changed(field: fc.Arbitrary<Field>): fc.Arbitrary<Field> {
  const changes = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom(...utf8.encode("0159-+.: eEaFx/\0\xff"))),
    { minLength: 1, maxLength: 2 },
  );
  return fc.tuple(field, changes).map(([value, edits]) => {
    if (value === null || value.length === 0) return value;
    const bytes = typeof value === "string" ? utf8.encode(value) : value.slice();
    for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
    return bytes;
  });
}

type Row = readonly Field[];

const sentOf = (rows: readonly Row[]) => asPackets(rows.map(rowPayload));

/** What becomes of the packets, received in pieces: raw columns, the error, and what is left. */
function outcome(
  wires: readonly Wire[],
  sent: Uint8Array,
  cuts: readonly number[],
  batchRows: number,
  kernel: Kernel | null,
) {
  const columns = wires.map(columnOf);
  const decoder = new RowDecoder({ columns, batchBytes: 1 << 20, batchRows });
  const limits = { columnNames: columns.map(({ name }) => name), maxValueBytes: MAX_VALUE_BYTES };
  const packets = new RowPackets(limits, kernel);
  let error: string | null = null;
  let stop: string = "short";
  try {
    for (let at = 0, i = 0; at < sent.length && stop !== "other"; i++) {
      const piece = sent.subarray(at, at + cuts[i % cuts.length]);
      packets.append(piece);
      at += piece.length;
      do {
        stop = packets.layOut();
        if (packets.rows === 0) continue;
        const laidOut = packets.take();
        assert.equal(laidOut.block.kernel, kernel);
        decoder.decode(laidOut);
      } while (stop === "full");
    }
    const last = decoder.finish();
    if (last !== null) decoder.full.push(last);
  } catch (thrown) {
    error = String(thrown);
  }
  const batches = decoder.full.map(({ rows, data }: Batch) => ({ rows, data }));
  const { sequence } = packets;
  return { batches, error, stop, sequence, left: packets.takePacket() };
}

const kernel = kernels.open();
assert.ok(kernel !== null, "no WebAssembly here");

function same(wires: readonly Wire[], sent: Uint8Array, cuts: readonly number[], batchRows = 1000) {
  const expected = outcome(wires, sent, cuts, batchRows, null);
  assert.deepEqual(outcome(wires, sent, cuts, batchRows, kernel), expected);
  return expected;
}

const WHOLE = [1 << 16];
const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });
const batchRows = fc.integer({ min: 1, max: 40 });

/** Rows of some columns; `strange` in a thousand of their values are unusual. */
function tables(strange: number) {
  return fc.array(fc.constantFrom(...WIRES), { minLength: 1, maxLength: 6 }).chain((wires) => {
    const fields = wires.map(({ ordinary, unusual }) =>
      fc.oneof(
        { arbitrary: fc.constant(null), weight: 150 },
        { arbitrary: ordinary, weight: 850 - strange },
        { arbitrary: fc.oneof(unusual, changed(ordinary)), weight: strange },
      )
    );
    const rows = fc.array(fc.tuple(...fields), { maxLength: MAX_ROWS, size: "max" });
    return fc.record({ wires: fc.constant(wires), rows });
  });
}

for (const [strange, of] of [[0, "ordinary"], [10, "rarely unusual"], [400, "unusual"]] as const) {
  Deno.test(`kernel: ${of} values become the same, or the same error`, () => {
    fc.assert(
      fc.property(tables(strange), pieces, batchRows, ({ wires, rows }, cuts, perBatch) => {
        const { error } = same(wires, sentOf(rows), cuts, perBatch);
        if (strange === 0) assert.equal(error, null);
      }),
      { numRuns: 60 },
    );
  });
}

for (const wire of WIRES) {
  const name = `${wire.nativeType} as ${formatType(wire.type)}`;
  Deno.test(`kernel: unusual ${name} becomes the same, or the same error`, () => {
    const field = fc.oneof(
      fc.option(wire.ordinary),
      wire.unusual,
      changed(wire.ordinary),
    );
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 3 }), (fields) => {
        same([wire], sentOf(fields.map((value) => [value])), WHOLE);
      }),
      { numRuns: 200 },
    );
  });
}

Deno.test("kernel: rows that are cut at any byte", () => {
  const row: Row = ["1", null, "x".repeat(300), "-12.50", "2024-02-29 23:59:59.999999"];
  const wires = ["int", "date", "varchar(90)", "decimal(10,2)", "datetime"]
    .map((type) => WIRES.find(({ nativeType }) => nativeType === type)!);
  const sent = sentOf([row, row, row]);
  for (let at = 1; at < sent.length; at++) same(wires, sent, [at, sent.length]);
});

Deno.test("kernel: packets with any byte changed become the same, or the same error", () => {
  const changes = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom(0, 1, 4, 49, 128, 250, 251, 252, 253, 254, 255)),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(tables(10), changes, pieces, ({ wires, rows }, edits, cuts) => {
      const sent = sentOf(rows.slice(0, 20));
      if (sent.length === 0) return;
      for (const [at, byte] of edits) sent[at % sent.length] = byte;
      same(wires, sent, cuts);
    }),
    { numRuns: 200 },
  );
});

Deno.test("kernel: a value above the limit, and packets of another kind, are told as ever", () => {
  const text = WIRES.find(({ nativeType }) => nativeType === "varchar(90)")!;
  const large = same([text], sentOf([["a"], ["x".repeat(MAX_VALUE_BYTES + 1)]]), WHOLE);
  assert.match(large.error ?? "", /above the limit/);
  const end = Uint8Array.of(0xfe, 0, 0, 2, 0);
  const failure = Uint8Array.of(0xff, 1, 2);
  for (const last of [end, failure, new Uint8Array(0)]) {
    const { stop, sequence, left } = same([text], asPackets([rowPayload(["a"]), last]), WHOLE);
    assert.deepEqual([stop, sequence, left?.[3]], ["other", 1, 1]);
  }
});

for (const [i, wire] of WIRES.entries()) {
  if (!wire.inKernel) continue;
  Deno.test(`kernel: it decodes ${wire.nativeType} as ${formatType(wire.type)} itself`, () => {
    const decoder = columnDecoder(columnOf(wire, i));
    const field = fc.option(wire.ordinary);
    fc.assert(fc.property(fc.array(field, { minLength: 1, maxLength: 50 }), (fields) => {
      const limits = { columnNames: ["c"], maxValueBytes: MAX_VALUE_BYTES };
      const packets = new RowPackets(limits, kernel);
      packets.append(sentOf(fields.map((value) => [value])));
      assert.equal(packets.layOut(), "short");
      const { block, rows } = packets.take();
      assert.equal(rows, fields.length);
      decoder.decode({ ...block, bytes: untouchable(), view: untouchable() }, 0, rows);
      const { length, nullCount } = decoder.builder.finish();
      assert.deepEqual([length, nullCount], [rows, fields.filter((f) => f === null).length]);
    }));
  });
}

Deno.test("kernel: a row that is too large for its memory goes past it, and the next ones do not", () => {
  const text = WIRES.find(({ nativeType }) => nativeType === "varchar(90)")!;
  const columns = [columnOf(text, 0)];
  const decoder = new RowDecoder({ columns, batchBytes: 1 << 30, batchRows: 1 << 20 });
  const packets = new RowPackets({ columnNames: ["c0"], maxValueBytes: 1 << 26 }, kernel);
  const inKernel: boolean[] = [];
  const lengths = [10, 600_000, ...new Array<number>(100).fill(60_000)];
  const sent = sentOf(lengths.map((length) => [new Uint8Array(length).fill(length & 127)]));
  for (let at = 0; at < sent.length; at += 30_000) {
    packets.append(sent.subarray(at, at + 30_000));
    for (let stop = packets.layOut();; stop = packets.layOut()) {
      if (packets.rows > 0) {
        const laidOut = packets.take();
        inKernel.push(laidOut.block.kernel === kernel);
        decoder.decode(laidOut);
      }
      if (stop !== "full") break;
    }
  }
  assert.equal(inKernel[0], true);
  assert.equal(inKernel[1], false);
  assert.equal(inKernel.at(-1), true);
  const [data] = decoder.finish()!.data;
  const found = Array.from(lengths, (_, i) => data.values[data.offsets![i + 1] - 1]);
  assert.deepEqual(found, lengths.map((length) => length & 127));
});

Deno.test("kernel: more columns than its memory has room for are laid out elsewhere", () => {
  const columnNames = Array.from({ length: BLOCK_FIELDS / 16 + 1 }, (_, i) => `c${i}`);
  const packets = new RowPackets({ columnNames, maxValueBytes: 10 }, kernel);
  packets.append(sentOf([columnNames.map(() => "1")]));
  assert.equal(packets.layOut(), "short");
  const { block, rows } = packets.take();
  assert.deepEqual([block.kernel, rows], [null, 1]);
});
