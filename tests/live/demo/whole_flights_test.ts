/** The embedded server of the demo and of tests, whose connections share one session. */
import assert from "node:assert/strict";
import {
  execute,
  flight,
  parse,
  startup,
} from "../../../adapters/sources/postgres/wire/client_messages.ts";
import { startPglite } from "../../support/pglite.ts";

/** The types of the messages up to the next ReadyForQuery, of a row its last character as well. */
async function answer(conn: Deno.Conn): Promise<string> {
  const types: string[] = [];
  let pending = new Uint8Array(0);
  const buffer = new Uint8Array(64 * 1024);
  while (types.at(-1) !== "Z") {
    const read = await conn.read(buffer);
    assert.ok(read !== null, `the connection ended after ${types.join("")}`);
    pending = new Uint8Array([...pending, ...buffer.subarray(0, read)]);
    while (pending.length >= 5) {
      const length = 1 + new DataView(pending.buffer).getInt32(1);
      if (pending.length < length) break;
      const type = String.fromCharCode(pending[0]);
      // Settings are told when the server likes.
      if (type !== "S") {
        types.push(type === "D" ? `D${String.fromCharCode(pending[length - 1])}` : type);
      }
      pending = pending.slice(length);
    }
  }
  return types.join("");
}

Deno.test("a flight of messages stays whole beside other connections", async () => {
  const server = await startPglite();
  const { hostname, port } = new URL(server.url);
  const conns: Deno.Conn[] = [];
  try {
    for (let i = 0; i < 2; i++) {
      const conn = await Deno.connect({ hostname, port: Number(port) });
      conns.push(conn);
      await conn.write(startup({ user: "postgres", database: "postgres" }));
      assert.match(await answer(conn), /^R.*Z$/);
    }
    const [first, second] = conns;
    for (let round = 0; round < 5; round++) {
      await first.write(parse("SELECT 1"));
      // What came first is at the server when a whole round trip of another connection could have been.
      const other = second.write(flight(parse("SELECT 2"), execute("text"))).then(() =>
        answer(second)
      );
      await Promise.race([other, new Promise((done) => setTimeout(done, 50))]);
      await first.write(flight(execute("text")));
      assert.equal(await answer(first), "12D1CZ");
      assert.equal(await other, "12D2CZ");
    }
    // A connection that goes amid a flight holds nobody up.
    await first.write(parse("SELECT 1"));
    first.close();
    conns.shift();
    await second.write(flight(parse("SELECT 2"), execute("text")));
    assert.equal(await answer(second), "12D2CZ");
  } finally {
    for (const conn of conns) conn.close();
    await server.stop();
  }
});
