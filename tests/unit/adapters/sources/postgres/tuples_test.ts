import assert from "node:assert/strict";
import fc from "fast-check";
import { RowDecoder } from "../../../../../adapters/sources/postgres/decode.ts";
import { RivetError } from "../../../../../core/base/errors.ts";
import type { Column } from "../../../../../core/types/types.ts";
import { batchValues } from "../../../../support/render.ts";

const COLUMNS: readonly Column[] = [
  {
    name: "id",
    type: { kind: "int", bits: 32, signed: true },
    nullable: false,
    nativeType: "integer",
    fidelity: "exact",
  },
  { name: "t", type: { kind: "text" }, nullable: true, nativeType: "text", fidelity: "exact" },
];
type Row = readonly [number, string | null];

const utf8 = new TextEncoder();

function fieldsOf([id, text]: Row): (Uint8Array | null)[] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, id);
  return [bytes, text === null ? null : utf8.encode(text)];
}

/** A whole COPY stream. */
function copyStream(rows: readonly Row[]): Uint8Array {
  const bytes = [...utf8.encode("PGCOPY\n"), 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const word = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  for (const row of rows) {
    bytes.push(0, 2);
    for (const field of fieldsOf(row)) {
      bytes.push(...word(field === null ? -1 : field.length), ...(field ?? []));
    }
  }
  return Uint8Array.from([...bytes, 255, 255]);
}

function decoder(options: { batchRows?: number; maxValueBytes?: number } = {}): RowDecoder {
  return new RowDecoder({
    columns: COLUMNS,
    batchBytes: 1 << 20,
    batchRows: 1000,
    maxValueBytes: 1 << 20,
    ...options,
  });
}

function finished(d: RowDecoder, batches: ReturnType<RowDecoder["decode"]>): unknown[] {
  const last = d.finish();
  return [...batches, ...(last === null ? [] : [last])].flatMap(batchValues);
}

const rows = fc.array(fc.tuple(fc.integer(), fc.option(fc.string({ maxLength: 100 }))), {
  maxLength: 60,
});

Deno.test("tuples: a COPY stream may be cut anywhere", () => {
  fc.assert(
    fc.property(
      rows,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (expected, cuts) => {
        const stream = copyStream(expected);
        const d = decoder({ batchRows: 7 });
        const batches = [];
        let headed = false;
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = Math.min(stream.length, at + cuts[i % cuts.length]);
          d.tuples.append(stream.subarray(at, end));
          at = end;
          headed ||= d.tuples.skipCopyHeader();
          if (headed) batches.push(...d.decode());
        }
        assert.ok(batches.every((batch) => batch.rows === 7));
        assert.deepEqual(finished(d, batches), expected);
        assert.equal(d.rows, expected.length);
      },
    ),
  );
});

Deno.test("tuples: rows of a cursor give the same", () => {
  fc.assert(fc.property(rows, (expected) => {
    const d = decoder();
    for (const row of expected) d.tuples.appendRow(fieldsOf(row));
    assert.deepEqual(finished(d, d.decode()), expected);
  }));
});

Deno.test("tuples: a row larger than any before is taken, and its room given back", () => {
  const d = decoder({ maxValueBytes: 1 << 26 });
  const wide = "x".repeat(10_000_000);
  const expected: Row[] = [[1, "a"], [2, wide], [3, "b"], [4, "c".repeat(1000)]];
  const batches = expected.flatMap((row) => {
    d.tuples.appendRow(fieldsOf(row));
    return d.decode();
  });
  assert.deepEqual(finished(d, batches), expected);
});

function fails(work: () => unknown, code: string, message: RegExp): void {
  assert.throws(
    work,
    (error) => error instanceof RivetError && error.code === code && message.test(error.message),
  );
}

Deno.test("tuples: what is wrong is said", () => {
  const tooWide = decoder({ maxValueBytes: 3 });
  tooWide.tuples.appendRow([null, utf8.encode("abcd")]);
  fails(() => tooWide.decode(), "VALUE_OUT_OF_RANGE", /column "t"/);

  const threeFields = decoder();
  threeFields.tuples.appendRow([null, null, null]);
  fails(() => threeFields.decode(), "SOURCE_QUERY", /3 fields instead of 2/);

  const widened = decoder();
  widened.tuples.appendRow([new Uint8Array(8), null]);
  fails(() => widened.decode(), "VALUE_OUT_OF_RANGE", /"id".*changed/);

  const nulled = decoder();
  nulled.tuples.appendRow([null, null]);
  assert.deepEqual(nulled.decode(), []);
  fails(() => nulled.finish(), "VALUE_OUT_OF_RANGE", /"id" was NOT NULL/);

  const cut = decoder();
  cut.tuples.append(copyStream([[1, "a"]]).subarray(0, -5));
  cut.tuples.skipCopyHeader();
  cut.decode();
  fails(() => cut.finish(), "SOURCE_DISCONNECTED", /within a row/);

  const unsigned = decoder();
  unsigned.tuples.append(new Uint8Array(30));
  fails(() => unsigned.tuples.skipCopyHeader(), "SOURCE_QUERY", /signature/);
});
