/** When an answer is over, and what it leaves behind for the next one. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { MESSAGE, packetsOf } from "../../../../../../adapters/sources/mssql/wire/packets.ts";
import { Reply, ServerError } from "../../../../../../adapters/sources/mssql/wire/reply.ts";
import { PLAIN } from "../../../../../support/tds/traits.ts";
import { types as t } from "../../../../../support/tds/types.ts";
import { LostError, Wire } from "../../../../../../adapters/sources/mssql/wire/wire.ts";
import {
  colMetadata,
  done,
  error,
  loginTokens,
  transactionBegun,
  transactionEnded,
} from "../../../../../support/tds/tokens.ts";

/** A session whose server says this, a piece after the other, and hangs up. */
function wireThatHears(pieces: readonly Uint8Array[]): Wire {
  const left = [...pieces];
  return new Wire({
    take: () => Promise.resolve(left.shift() ?? null),
    write: () => Promise.resolve(),
    close: () => {},
  }, null);
}

function message(...tokens: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(packetsOf(MESSAGE.response, Buffer.concat(tokens), 20));
}

const CONFIRMED = done({ attention: true });

async function whole(reply: Reply): Promise<void> {
  while (!reply.over) await reply.step();
}

Deno.test("a cancelled answer is over when that is confirmed, behind it or within it", async () => {
  const answers = [
    [message(done({ error: true })), message(CONFIRMED)],
    [Buffer.concat([message(done({ rows: 1 })), message(CONFIRMED)])],
    [message(done({ more: true }), CONFIRMED)],
    [message(CONFIRMED)],
  ];
  for (const pieces of answers) {
    const wire = wireThatHears([...pieces, message(done({ rows: 7 }))]);
    const reply = new Reply(wire);
    reply.cancelled = true;
    await whole(reply);
    // The next one is that of the next statement.
    const next = new Reply(wire);
    await whole(next);
    await assert.rejects(new Reply(wire).step(), LostError);
  }
});

Deno.test("answers that come in one piece are told apart", async () => {
  const all = Buffer.concat([message(error(208, "No such table.")), message(done())]);
  for (let cut = 1; cut < all.length; cut++) {
    const wire = wireThatHears([all.subarray(0, cut), all.subarray(cut)]);
    const [first, second] = [new Reply(wire), new Reply(wire)];
    await whole(first);
    await whole(second);
    assert.ok(first.failure() instanceof ServerError);
    assert.equal(second.failure(), null);
    assert.equal(wire.ahead, 0);
  }
});

Deno.test("a failure without a word is a failure, and several are one", async () => {
  const silent = new Reply(wireThatHears([message(done({ error: true }))]));
  await whole(silent);
  assert.match(String(silent.failure()), /unknown error/);
  const many = new Reply(wireThatHears([message(error(8134, "One."), error(3621, "Two."))]));
  await whole(many);
  assert.deepEqual((many.failure() as AggregateError).errors.map(({ number }) => number), [
    8134,
    3621,
  ]);
});

Deno.test("a result that ends without a DONE is a fault, unless an error or a cancellation ended it", async () => {
  const begun = colMetadata([{ name: "id", type: t.int() }]);
  await assert.rejects(new Reply(wireThatHears([message(begun)])).step(), /without its end/);
  const failed = new Reply(wireThatHears([message(begun, error(1205, "A deadlock."))]));
  await whole(failed);
  assert.ok(failed.failure() instanceof ServerError);
  const stopped = new Reply(wireThatHears([message(begun), message(CONFIRMED)]));
  stopped.cancelled = true;
  await whole(stopped);
  const ended = new Reply(wireThatHears([message(begun, done())]));
  await whole(ended);
});

Deno.test("a message that is no response is refused", async () => {
  const wire = wireThatHears([Buffer.concat(packetsOf(MESSAGE.login7, done(), 100))]);
  await assert.rejects(new Reply(wire).step(), /message of type 16/);
});

Deno.test("what an answer changes of the session holds for what is sent next", async () => {
  const written: Uint8Array[] = [];
  const pieces = [
    message(loginTokens("shop", 512, PLAIN)),
    message(transactionBegun(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), done()),
    message(transactionEnded(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), done()),
  ];
  const wire = new Wire({
    take: () => Promise.resolve(pieces.shift() ?? null),
    write: (bytes) => {
      written.push(bytes);
      return Promise.resolve();
    },
    close: () => {},
  }, null);
  const login = new Reply(wire);
  await whole(login);
  assert.equal(login.version, 0x7400_0004);
  wire.send(MESSAGE.sqlBatch, new Uint8Array(1200));
  await whole(new Reply(wire));
  assert.deepEqual([...wire.transaction], [1, 2, 3, 4, 5, 6, 7, 8]);
  await whole(new Reply(wire));
  assert.deepEqual([...wire.transaction], [0, 0, 0, 0, 0, 0, 0, 0]);
  // Writes follow each other.
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(written.map((packet) => packet.length), [512, 512, 200]);
});
