/** A whole session: what the server hears is what it hears of another client, through any network. */
import assert from "node:assert/strict";
import { Connection as Other, Request } from "tedious";
import { Connection } from "../../../../../../adapters/sources/mssql/connection.ts";
import { resolveConnection } from "../../../../../../adapters/sources/mssql/settings.ts";
import { failsWith } from "../../../../../conformance/source.ts";
import { startWireProxy } from "../../../../../support/tcp_proxy.ts";
import { connectTo, PASSWORD, withServer } from "../../../../../support/tds/connect.ts";
import { PACKET } from "../../../../../support/tds/packets.ts";
import { HANG, type Rule, type TdsServer } from "../../../../../support/tds/server.ts";
import { done } from "../../../../../support/tds/tokens.ts";
import { AS_A_REAL_SERVER } from "../../../../../support/tds/traits.ts";
import { until } from "../../../../../support/until.ts";

const BEGIN = "BEGIN TRANSACTION";
const WITHIN = `SELECT N'${"é日😀".repeat(9000)}' AS long`;
const COMMIT = "COMMIT TRANSACTION";
const HANGING = "WAITFOR DELAY '1:00'";
const RULES: readonly Rule[] = [
  { sql: HANGING, reply: () => [HANG] },
  { sql: /TRANSACTION|AS long/, reply: () => [done({ more: true })] },
];

/** Ours: statements, one of them larger than a packet, within a transaction; then one that is cancelled. */
async function ours(server: TdsServer): Promise<void> {
  const settings = resolveConnection({
    type: "mssql",
    host: "127.0.0.1",
    port: server.port,
    user: "réader",
    password: PASSWORD,
    database: "shöp",
  });
  const options = { applicationName: "äpp", networkTimeoutS: 0 };
  const connection = await Connection.open(settings, options);
  for (const sql of [BEGIN, WITHIN, COMMIT]) await connection.exec(sql);
  const statement = connection.start(HANGING);
  await until("the statement", () => server.asked.at(-1) === HANGING, 1);
  statement.cancel();
  await assert.rejects(statement.finish(), /cancelled/);
  await connection.close();
}

/** The same by tedious. */
async function theirs(server: TdsServer): Promise<void> {
  const connection = new Other({
    server: "127.0.0.1",
    authentication: { type: "default", options: { userName: "réader", password: PASSWORD } },
    options: {
      port: server.port,
      encrypt: true,
      trustServerCertificate: true,
      database: "shöp",
      appName: "äpp",
      packetSize: 32_767,
      requestTimeout: 0,
      language: "us_english",
      dateFormat: "ymd",
    },
  });
  await new Promise<void>((resolve, reject) =>
    connection.connect((error) => error ? reject(error) : resolve())
  );
  const run = (sql: string, started: (request: Request) => void = () => {}) =>
    new Promise<unknown>((resolve) => {
      const request = new Request(sql, resolve);
      connection.execSqlBatch(request);
      started(request);
    });
  for (const sql of [BEGIN, WITHIN, COMMIT]) await run(sql);
  let cancel = () => {};
  const cancelled = run(HANGING, (request) => cancel = () => request.cancel());
  await until("the statement", () => server.asked.at(-1) === HANGING, 1);
  cancel();
  await cancelled;
  const ended = new Promise((resolve) => connection.once("end", resolve));
  connection.close();
  await ended;
}

/** The client's name of its library, which has another length, and where it stands. */
const LIBRARY = { Tedious: 7, Rivet: 5 };
const LIBRARY_FIELD = 36 + 6 * 4;

/** LOGIN7 with the library's name and its length taken out, and the texts' places as seen from it. */
function withoutLibrary(login: Uint8Array, name: keyof typeof LIBRARY): string {
  const bytes = Uint8Array.from(login);
  const view = new DataView(bytes.buffer);
  const at = view.getUint16(LIBRARY_FIELD, true);
  const length = view.getUint16(LIBRARY_FIELD + 2, true) * 2;
  assert.equal(length, LIBRARY[name] * 2);
  assert.equal(new TextDecoder("utf-16le").decode(bytes.subarray(at, at + length)), name);
  view.setUint16(LIBRARY_FIELD + 2, 0);
  view.setUint32(0, view.getUint32(0, true) - length, true);
  const shorten = (place: number, read: "getUint16" | "getUint32") => {
    const offset = view[read](place, true);
    if (offset <= at) return;
    if (read === "getUint16") view.setUint16(place, offset - length, true);
    else view.setUint32(place, offset - length, true);
  };
  for (let field = 36; field < 72; field += 4) shorten(field, "getUint16");
  for (const field of [78, 82, 86]) shorten(field, "getUint16");
  // Where the features stand is told by a text of its own.
  shorten(view.getUint16(56, true), "getUint32");
  const [front, behind] = [bytes.subarray(0, at), bytes.subarray(at + length)];
  return front.toHex() + behind.toHex();
}

Deno.test("a session says what that of another client says, but for the name of its library", async () => {
  for (const traits of [undefined, AS_A_REAL_SERVER]) {
    const heard: TdsServer["heard"][] = [];
    for (const client of [ours, theirs]) {
      await withServer(RULES, async (server) => {
        await client(server);
        heard.push(server.heard);
      }, traits === undefined ? {} : { traits });
    }
    const [us, them] = heard;
    assert.equal(
      withoutLibrary(us[0].body, "Rivet"),
      withoutLibrary(them[0].body, "Tedious"),
    );
    const rest = (all: TdsServer["heard"]) =>
      all.slice(1).map(({ type, ignored, body }) => [type, ignored, body.toString("hex")]);
    assert.deepEqual(rest(us), rest(them));
    assert.equal(us.at(-1)?.type, PACKET.ATTENTION);
    assert.equal(us.length, 7);
  }
});

Deno.test("a login through a network that cuts messages, packets and TLS records anywhere", async () => {
  await withServer([], async (server) => {
    for (const bytes of [5, 7]) {
      const proxy = startWireProxy(
        server.port,
        () => ({ kind: "drip", afterBytes: 0, bytes, ms: 0 }),
      );
      const source = await connectTo({ port: proxy.port } as TdsServer);
      assert.equal(source.info.version, "16.0.4135.4");
      await source.close();
      await proxy.stop();
    }
  });
});

Deno.test("a server that wants another sign-in is refused in plain words", async () => {
  for (const token of [0xed, 0xee]) {
    const login = () => [Uint8Array.of(token, 2, 0, 0, 0, 1, 2)];
    await withServer([], async (server) => {
      await failsWith(connectTo(server), "SOURCE_AUTH", "auth", /another sign-in/);
    }, { login });
  }
});
