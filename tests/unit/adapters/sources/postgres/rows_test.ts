import assert from "node:assert/strict";
import fc from "fast-check";
import { RowDecoder } from "../../../../../adapters/sources/postgres/decode.ts";
import { FrameBuffer } from "../../../../../adapters/sources/postgres/wire/frame_buffer.ts";
import { ProtocolError } from "../../../../../adapters/sources/postgres/wire/protocol_error.ts";
import { RowFrames } from "../../../../../adapters/sources/postgres/rows.ts";
import type { Batch } from "../../../../../core/batch/batch.ts";
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

/** One message. */
function frame(type: string, body: readonly number[]): number[] {
  return [...utf8.encode(type), ...word(body.length + 4), ...body];
}

const word = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function rowBody(fields: readonly (Uint8Array | null)[]): number[] {
  const bytes = fields.map((f) => [...word(f === null ? -1 : f.length), ...(f ?? [])]);
  return [0, fields.length, ...bytes.flat()];
}

const HEADER = [...utf8.encode("PGCOPY\n"), 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const READY = frame("Z", [73]);

type Sent = "copy" | "cursor";

/** The messages of a result. The server sends the header of a COPY with its first row. */
function resultOf(kind: Sent, rows: readonly (Uint8Array | null)[][]): Uint8Array {
  if (kind === "cursor") {
    return Uint8Array.from([...rows.flatMap((row) => frame("D", rowBody(row))), ...READY]);
  }
  const bodies = [...rows.map(rowBody), [255, 255]];
  const copied = bodies.flatMap((body, i) => frame("d", i === 0 ? [...HEADER, ...body] : body));
  return Uint8Array.from([...frame("H", [1, 0, 0]), ...copied, ...frame("c", []), ...READY]);
}

interface Limits {
  readonly batchRows?: number;
  readonly maxValueBytes?: number;
}

/** Puts the bytes into a buffer by pieces of the given sizes, in turn, and decodes what there is. */
function decodeAll(
  kind: Sent,
  sent: Uint8Array,
  cuts: readonly number[],
  { batchRows = 1000, maxValueBytes = 1 << 20 }: Limits = {},
) {
  const buffer = new FrameBuffer();
  const decoder = new RowDecoder({ columns: COLUMNS, batchBytes: 1 << 20, batchRows });
  const columnNames = COLUMNS.map(({ name }) => name);
  const frames = new RowFrames(buffer, { columnNames, maxValueBytes }, kind);
  const batches: Batch[] = [];
  let others = "";
  const decode = () => {
    for (;;) {
      const rowsFollow = frames.layOut();
      const full = frames.full;
      if (frames.rows > 0 && (full || !rowsFollow || !buffer.hasRoom)) {
        batches.push(...decoder.decode(frames.take()));
      }
      if (rowsFollow && !full) return;
      if (!rowsFollow) {
        const other = buffer.take();
        if (other === null) return;
        others += String.fromCharCode(other.type);
      }
    }
  };
  for (let at = 0, i = 0; at < sent.length; i++) {
    const room = buffer.room();
    const piece = sent.subarray(at, at + Math.min(cuts[i % cuts.length], room.length));
    room.set(piece);
    buffer.filled(piece.length);
    at += piece.length;
    decode();
  }
  const last = decoder.finish();
  return { batches: last === null ? batches : [...batches, last], others, buffer };
}

const values = (batches: readonly Batch[]) => batches.flatMap(batchValues);

const rows = fc.array(fc.tuple(fc.integer(), fc.option(fc.string({ maxLength: 100 }))), {
  maxLength: 60,
});

for (const kind of ["copy", "cursor"] as const) {
  Deno.test(`rows: the messages of a ${kind} may be cut anywhere`, () => {
    const cut = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(fc.property(rows, cut, (expected, cuts) => {
      const sent = resultOf(kind, expected.map(fieldsOf));
      const { batches, others } = decodeAll(kind, sent, cuts, { batchRows: 7 });
      assert.deepEqual(values(batches), expected);
      assert.ok(batches.slice(0, -1).every((batch) => batch.rows === 7));
      assert.equal(others, kind === "copy" ? "HcZ" : "Z");
    }));
  });
}

Deno.test("rows: more than one block of them", () => {
  const expected: Row[] = Array.from({ length: 5000 }, (_, i) => [i, `row ${i}`]);
  const { batches } = decodeAll("copy", resultOf("copy", expected.map(fieldsOf)), [65_536]);
  assert.deepEqual(values(batches), expected);
});

Deno.test("rows: one larger than any before is taken, and its room given back", () => {
  const expected: Row[] = [[1, "a"], [2, "x".repeat(10_000_000)], [3, "b"]];
  const body = expected.map(fieldsOf).map((row) => rowBody(row));
  const head = Uint8Array.from([...frame("D", body[0]), 68, ...word(body[1].length + 4)]);
  const tail = Uint8Array.from([...frame("D", body[2]), ...READY]);
  const sent = new Uint8Array([...head, ...body[1], ...tail]);
  const { batches, buffer } = decodeAll("cursor", sent, [100_000], { maxValueBytes: 1 << 26 });
  assert.deepEqual(values(batches), expected);
  assert.ok(buffer.bytes.length > 10_000_000);
  buffer.filled(buffer.bytes.length - buffer.end);
  buffer.start = buffer.end;
  buffer.room();
  assert.ok(buffer.bytes.length < 1 << 20);
});

function fails(
  kind: Sent,
  sent: Uint8Array,
  error: string | typeof ProtocolError,
  message: RegExp,
  limits: Limits = {},
): void {
  assert.throws(() => decodeAll(kind, sent, [100_000], limits), (thrown) => {
    assert.ok(thrown instanceof Error);
    assert.match(thrown.message, message);
    return typeof error === "string"
      ? thrown instanceof RivetError && thrown.code === error
      : thrown instanceof error;
  });
}

Deno.test("rows: what is wrong is said", () => {
  const four = [null, utf8.encode("abcd")];
  const limit = { maxValueBytes: 3 };
  fails("copy", resultOf("copy", [four]), "VALUE_OUT_OF_RANGE", /column "t"/, limit);
  const three = resultOf("cursor", [[null, null, null]]);
  fails("cursor", three, ProtocolError, /3 columns instead of 2/);
  const wide = resultOf("copy", [[new Uint8Array(8), null]]);
  fails("copy", wide, "VALUE_OUT_OF_RANGE", /"id".*changed/);
  fails("copy", resultOf("copy", [[null, null]]), "VALUE_OUT_OF_RANGE", /"id" was NOT NULL/);
  const unsigned = Uint8Array.from(frame("d", rowBody([null, null])));
  fails("copy", unsigned, ProtocolError, /signature/);
  const longer = Uint8Array.from(frame("D", [...rowBody([null, null]), 0]));
  fails("cursor", longer, ProtocolError, /another length/);
  const shorter = Uint8Array.from(frame("D", [0, 2, 255, 255, 255, 255]));
  fails("cursor", shorter, ProtocolError, /ends within/);
  const negative = Uint8Array.from(frame("D", [0, 2, 255, 255, 255, 254, 0, 0, 0, 0]));
  fails("cursor", negative, ProtocolError, /-2 bytes/);
});

Deno.test("rows: a value that is too large is named before it has come", () => {
  const limits = { maxValueBytes: 1000 };
  const begun = [0, 2, ...word(4), 0, 0, 0, 1, ...word(900_000_000)];
  const promised = [68, ...word(900_000_020), ...begun];
  fails("cursor", Uint8Array.from(promised), "VALUE_OUT_OF_RANGE", /column "t"/, limits);
  const headed = [100, ...word(900_000_039), ...HEADER, ...begun];
  fails("copy", Uint8Array.from(headed), "VALUE_OUT_OF_RANGE", /column "t"/, limits);
});

Deno.test("frames: a length that no server has is refused, without room for it", () => {
  const lie = Uint8Array.from([68, ...word(1_200_000_000)]);
  fails("cursor", lie, ProtocolError, /"D" of 1200000000 bytes/);
  fails("cursor", Uint8Array.from([68, ...word(3)]), ProtocolError, /of 3 bytes/);
});
