/** Messages in packets, and out of them again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  HEADER_BYTES,
  MESSAGE,
  packetsOf,
  PacketSplitter,
  ProtocolError,
} from "../../../../../../adapters/sources/mssql/wire/packets.ts";

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The messages among `bytes`, which come cut at `cuts`. */
function messagesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const splitter = new PacketSplitter();
  const messages: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  const taker = { header: () => {}, payload: (part: Uint8Array) => void parts.push(part.slice()) };
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const piece = bytes.subarray(from, to);
    from = to;
    for (let at = 0; at < piece.length;) {
      const stopped = splitter.split(piece, at, taker);
      at = stopped.at;
      if (!stopped.ended) continue;
      messages.push(joined(parts));
      parts = [];
    }
  }
  return messages;
}

Deno.test("messages come out of packets of any size as they went in, wherever they are cut", () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 4 });
  const cuts = fc.array(fc.nat(), { maxLength: 20 });
  fc.assert(fc.property(bodies, fc.integer({ min: 9, max: 40 }), cuts, (all, size, places) => {
    const bytes = joined(all.flatMap((body) => packetsOf(MESSAGE.response, body, size)));
    const sorted = places.map((place) => place % bytes.length).sort((a, b) => a - b);
    assert.deepEqual(messagesOf(bytes, sorted), all);
  }));
});

Deno.test("packets are numbered, no larger than agreed, and the last of a message says so", () => {
  const packets = packetsOf(MESSAGE.sqlBatch, new Uint8Array(25).fill(7), HEADER_BYTES + 10);
  assert.deepEqual(packets.map((packet) => packet.length), [18, 18, 13]);
  assert.deepEqual(packets.map((packet) => packet[1]), [0, 0, 1]);
  assert.deepEqual(packets.map((packet) => packet[6]), [1, 2, 3]);
  assert.deepEqual(packets.map((packet) => (packet[2] << 8) | packet[3]), [18, 18, 13]);
  const [attention] = packetsOf(MESSAGE.attention, new Uint8Array(0), 512);
  assert.deepEqual([...attention], [6, 1, 0, 8, 0, 0, 1, 0]);
});

Deno.test("a packet shorter than its header is no packet", () => {
  const taker = { header: () => {}, payload: () => {} };
  const header = Uint8Array.of(4, 1, 0, 7, 0, 0, 1, 0);
  assert.throws(() => new PacketSplitter().split(header, 0, taker), ProtocolError);
});
