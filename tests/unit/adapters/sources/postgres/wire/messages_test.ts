/** Messages, the server's as PostgreSQL 15 sent them. */
import assert from "node:assert/strict";
import { drainBuffers, dropBuffers } from "../../../../../../core/batch/buffers.ts";
import {
  cancelRequest,
  execute,
  flight,
  parse,
  saslInitialResponse,
  startup,
} from "../../../../../../adapters/sources/postgres/wire/client_messages.ts";
import { FrameBuffer } from "../../../../../../adapters/sources/postgres/wire/frame_buffer.ts";
import { ProtocolError } from "../../../../../../adapters/sources/postgres/wire/protocol_error.ts";
import {
  parseBackendKey,
  parseError,
  parseParameterStatus,
  parseRowDescription,
  parseTextRow,
} from "../../../../../../adapters/sources/postgres/wire/server_messages.ts";
import { RowFrames } from "../../../../../../adapters/sources/postgres/rows.ts";

const CAPTURED = {
  /** SELECT 12.30::numeric(10,2) AS n, NULL::text AS "größe" */
  numeric:
    "31000000043200000004540000003400026e00000000000000000006a4ffff000a000600006772c3b6c39f65000000" +
    "0000000000000019ffffffffffff0000440000001300020000000531322e3330ffffffff430000000d53454c454354" +
    "2031005a0000000549",
  /** SELECT * FROM "nö" */
  missing:
    "4500000066534552524f5200564552524f5200433432503031004d72656c6174696f6e20226ec3b62220646f" +
    "6573206e6f7420657869737400503135004670617273655f72656c6174696f6e2e63004c3133393200527061727365" +
    "724f70656e5461626c6500005a0000000549",
  /** SELECT 1; SELECT 2 */
  two:
    "450000007b534552524f5200564552524f5200433432363031004d63616e6e6f7420696e73657274206d756c746970" +
    "6c6520636f6d6d616e647320696e746f20612070726570617265642073746174656d656e740046706f737467726573" +
    "2e63004c313431390052657865635f70617273655f6d65737361676500005a0000000549",
  /** COPY (SELECT 7::int4, NULL::text, 'hé' UNION ALL SELECT 8, 'x', '') TO STDOUT (FORMAT binary) */
  copy:
    "31000000043200000004480000000d010003000100010001640000002c5047434f50590aff0d0a00000000000000" +
    "000000030000000400000007ffffffff0000000368c3a964000000170003000000040000000800000001780000000064" +
    "00000006ffff6300000004430000000b434f50592032005a0000000549",
  /** The same rows of a statement. */
  rows:
    "31000000043200000004440000001900030000000400000007ffffffff0000000368c3a9440000001700030000" +
    "00040000000800000001780000000043000000" + "0d53454c4543542032005a0000000549",
  /** SET application_name = 'x' */
  set:
    "3100000004320000000443000000085345540053000000176170706c69636174696f6e5f6e616d650078005a0000" +
    "000549",
} as const;

const bytesOf = (name: keyof typeof CAPTURED) => Uint8Array.fromHex(CAPTURED[name]);

/** What a buffer makes of bytes that come in pieces of `size`. */
function frames(bytes: Uint8Array, size: number): { type: string; body: Uint8Array }[] {
  const buffer = new FrameBuffer();
  const found: { type: string; body: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    buffer.room().set(piece);
    buffer.filled(piece.length);
    for (let f = buffer.take(); f !== null; f = buffer.take()) {
      found.push({ type: String.fromCharCode(f.type), body: f.body.slice() });
    }
  }
  return found;
}

function bodyOf(name: keyof typeof CAPTURED, type: string): Uint8Array {
  const frame = frames(bytesOf(name), 1000).find((f) => f.type === type);
  assert.ok(frame, `no ${type} in ${name}`);
  return frame.body;
}

Deno.test("frames: the server's messages, however their bytes are cut", () => {
  const types: Record<keyof typeof CAPTURED, string> = {
    numeric: "12TDCZ",
    missing: "EZ",
    two: "EZ",
    copy: "12HdddcCZ",
    rows: "12DDCZ",
    set: "12CSZ",
  };
  for (const [name, expected] of Object.entries(types)) {
    const bytes = bytesOf(name as keyof typeof CAPTURED);
    const whole = frames(bytes, bytes.length);
    assert.equal(whole.map((f) => f.type).join(""), expected, name);
    for (const size of [1, 2, 5, 7, 64]) assert.deepEqual(frames(bytes, size), whole, name);
  }
});

Deno.test("messages: the fields of a result, with their modifiers", () => {
  const common = { table: 0, attribute: 0 };
  assert.deepEqual(parseRowDescription(bodyOf("numeric", "T")), [
    { name: "n", ...common, type: 1700, modifier: 655_366 },
    { name: "größe", ...common, type: 25, modifier: -1 },
  ]);
  assert.deepEqual(parseTextRow(bodyOf("numeric", "D")), ["12.30", null]);
  const body = bodyOf("numeric", "T");
  assert.throws(() => parseRowDescription(body.subarray(0, body.length - 5)), ProtocolError);
});

Deno.test("messages: an error with its code; a second statement is one", () => {
  const missing = parseError(bodyOf("missing", "E"));
  assert.equal(missing.message, 'relation "nö" does not exist');
  assert.deepEqual([missing.code, missing.fatal, missing.detail], ["42P01", false, undefined]);
  assert.match(parseError(bodyOf("two", "E")).message, /cannot insert multiple commands/);
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const fatal = parseError(utf8("SFATAL\0VFATAL\0C57P01\0Mbye\0Dwhy\0Hwhat to do\0\0"));
  assert.deepEqual([fatal.fatal, fatal.detail, fatal.hint], [true, "why", "what to do"]);
  // In another language, before there was V.
  assert.equal(parseError(utf8("SFATAL\0C57P01\0Mau revoir\0\0")).fatal, true);
  assert.throws(() => parseError(utf8("Mnever ends")), ProtocolError);
});

Deno.test("messages: parameters and keys", () => {
  assert.deepEqual(parseParameterStatus(bodyOf("set", "S")), ["application_name", "x"]);
  const key = parseBackendKey(Uint8Array.of(0, 0, 16, 146, 1, 2, 3, 4, 5, 6));
  assert.deepEqual(key, { pid: 4242, secret: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  assert.throws(() => parseBackendKey(new Uint8Array(7)), ProtocolError);
  // The longer secrets of protocol 3.2 go back whole.
  assert.equal(cancelRequest(key).toHex(), "0000001204d2162e00001092010203040506");
});

for (const kind of ["copy", "cursor"] as const) {
  Deno.test(`rows: those of a ${kind} lie where they came`, () => {
    const buffer = new FrameBuffer();
    const bytes = bytesOf(kind === "copy" ? "copy" : "rows");
    buffer.room().set(bytes);
    buffer.filled(bytes.length);
    const rows = new RowFrames(buffer, { columnNames: ["a", "b", "c"], maxValueBytes: 100 }, kind);
    while (rows.rows === 0) if (!rows.layOut()) buffer.take();
    const { block, rows: count } = rows.take();
    assert.equal(count, 2);
    const field = (column: number, row: number) => {
      const i = column * block.stride + row;
      const from = block.positions[i];
      return block.lengths[i] < 0 ? null : bytes.subarray(from, from + block.lengths[i]).toHex();
    };
    assert.deepEqual([0, 1, 2].map((c) => field(c, 0)), ["00000007", null, "68c3a9"]);
    assert.deepEqual([0, 1, 2].map((c) => field(c, 1)), ["00000008", "78", ""]);
    assert.equal(block.bytes, buffer.bytes, "nothing was copied");
  });
}

Deno.test("messages: what is sent", () => {
  const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes);
  assert.equal(
    ascii(startup({ user: "u", database: "d" })),
    "\0\0\0\x1b\0\x03\0\0user\0u\0database\0d\0\0",
  );
  assert.equal(ascii(parse("SELECT 1")), "P\0\0\0\x10\0SELECT 1\0\0\0");
  assert.equal(
    ascii(flight(execute("binary", true))),
    "B\0\0\0\x0e\0\0\0\0\0\0\0\x01\0\x01D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04",
  );
  assert.equal(ascii(saslInitialResponse("M", "n,,")), "p\0\0\0\x0dM\0\0\0\0\x03n,,");
  for (const send of [() => parse("SELECT 1\0; DROP"), () => startup({ user: "a\0b" })]) {
    assert.throws(send, /NUL/);
  }
});

Deno.test("frames: a buffer that is not needed any more is free at once, and holds nothing", () => {
  const buffer = new FrameBuffer();
  const first = buffer.bytes;
  buffer.room().fill(1);
  buffer.filled(first.length);
  // There is no room: what came is moved to a larger one.
  buffer.room();
  assert.equal(first.byteLength, 0);
  const second = buffer.bytes;
  assert.equal(second[0], 1);
  buffer.release();
  assert.deepEqual([second.byteLength, buffer.holdsFrame, buffer.take()], [0, false, null]);
});

Deno.test("frames: where rows were laid out is the next statement's place", () => {
  dropBuffers();
  const columnNames = Array.from({ length: 8 }, (_, i) => `c${i}`);
  const frames = () => new RowFrames(new FrameBuffer(), { columnNames, maxValueBytes: 1 }, "copy");
  const first = frames();
  const { positions, lengths } = first.take().block;
  const bytes = [positions.buffer.byteLength, lengths.buffer.byteLength];
  first.release();
  first.release();
  assert.deepEqual([positions.length, lengths.length], [0, 0]);
  assert.deepEqual(drainBuffers().map(({ byteLength }) => byteLength), bytes);
});
