import assert from "node:assert/strict";
import { ThriftReader, ThriftWriter } from "../../../../../adapters/formats/parquet/thrift.ts";

function written(body: (writer: ThriftWriter) => void): string {
  const writer = new ThriftWriter();
  body(writer);
  return writer.finish().toHex();
}

Deno.test("field headers carry the delta to the id before, or the whole id", () => {
  assert.equal(written((w) => w.i32(1, 1)), "150200");
  assert.equal(written((w) => (w.i32(1, 1), w.i32(3, -1))), "1502250100");
  // A delta of 16 does not fit into four bits: type byte, then the id as a zigzag varint.
  assert.equal(written((w) => (w.i32(1, 1), w.i32(17, 1))), "15020522" + "0200");
});

Deno.test("booleans of a field live in its header", () => {
  assert.equal(written((w) => (w.bool(1, true), w.bool(2, false))), "111200");
});

Deno.test("integers are zigzag varints", () => {
  assert.equal(written((w) => w.i64(1, 64)), "16800100");
  assert.equal(written((w) => w.i64(1, 2 ** 40)), "1680808080804000");
  assert.equal(written((w) => w.i8(1, -1)), "13ff00");
  assert.equal(written((w) => w.i16(1, 300)), "14d80400");
});

Deno.test("strings and lists have their length first", () => {
  assert.equal(written((w) => w.string(1, "hi")), "1802686900");
  assert.equal(written((w) => w.i32s(1, [1, 2])), "1925020400");
  const long = written((w) => w.bools(1, new Array<boolean>(15).fill(true)));
  assert.equal(long, "19f10f" + "01".repeat(15) + "00");
});

Deno.test("a struct starts its ids anew and the outer one goes on where it was", () => {
  const hex = written((w) => {
    w.i32(1, 1);
    w.struct(2, (inner) => inner.i32(1, 1));
    w.i32(3, 1);
  });
  assert.equal(hex, "1502" + "1c150200" + "1502" + "00");
});

Deno.test("the reader understands what the writer writes", () => {
  const writer = new ThriftWriter();
  writer.i32(1, -7);
  writer.i64(2, 2 ** 52);
  writer.bool(3, true);
  writer.binary(4, Uint8Array.of(1, 2, 3));
  writer.structs(5, [1, 2], (item, value) => item.i32(1, value));
  writer.bools(6, [true, false]);
  writer.string(40, "far");
  const read = new ThriftReader(writer.finish()).struct();
  assert.deepEqual(
    read,
    new Map<number, unknown>([
      [1, -7n],
      [2, 2n ** 52n],
      [3, true],
      [4, Uint8Array.of(1, 2, 3)],
      [5, [new Map([[1, 1n]]), new Map([[1, 2n]])]],
      [6, [true, false]],
      [40, new TextEncoder().encode("far")],
    ]),
  );
});

Deno.test("truncated input is a RangeError", () => {
  const writer = new ThriftWriter();
  writer.string(1, "a longer text");
  const bytes = writer.finish();
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => new ThriftReader(bytes.slice(0, end)).struct(), RangeError);
  }
});
