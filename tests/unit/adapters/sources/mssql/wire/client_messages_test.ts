/** What is said to the server is what another client says, byte by byte. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { Connection } from "tedious";
import Login7Payload from "tedious/lib/login7-payload.js";
import PreloginPayload from "tedious/lib/prelogin-payload.js";
import SqlBatchPayload from "tedious/lib/sqlbatch-payload.js";
import {
  encryptionOf,
  INITIAL_SQL,
  login7,
  type LoginData,
  prelogin,
  sqlBatch,
} from "../../../../../../adapters/sources/mssql/wire/client_messages.ts";

type Payload = Record<string, unknown> & { toBuffer(): Buffer };
type PayloadClass = new (options: object) => Payload;

/** LOGIN7 as tedious writes it. */
function theirLogin(data: LoginData): Buffer {
  const payload = new (Login7Payload as unknown as PayloadClass)({
    tdsVersion: 0x7400_0004,
    packetSize: 32_767,
    clientProgVer: 0,
    clientPid: data.clientPid,
    connectionId: 0,
    clientTimeZone: data.timeZone,
    clientLcid: 0x0409,
  });
  Object.assign(payload, {
    userName: data.user,
    password: data.password,
    hostname: data.clientHost,
    serverName: data.server,
    appName: data.application,
    libraryName: "Rivet",
    language: "us_english",
    database: data.database,
    clientId: Buffer.from([1, 2, 3, 4, 5, 6]),
    readOnlyIntent: data.readOnly,
    initDbFatal: true,
  });
  return payload.toBuffer();
}

Deno.test("LOGIN7 is that of another client", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.record({
        user: text,
        password: text,
        database: text,
        application: text,
        server: text,
        clientHost: text,
        clientPid: fc.integer({ min: 0, max: 0xffff_ffff }),
        timeZone: fc.integer({ min: -840, max: 840 }),
        readOnly: fc.boolean(),
      }),
      (data) => {
        assert.equal(Buffer.from(login7(data)).toString("hex"), theirLogin(data).toString("hex"));
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("a password is not written as it is", () => {
  const data = { user: "u", database: "d", application: "a", server: "s", clientHost: "h" };
  const login = login7({ ...data, password: "S3cret", clientPid: 1, timeZone: 0, readOnly: false });
  assert.equal(Buffer.from(login).includes(Buffer.from("S3cret", "utf16le")), false);
});

Deno.test("what a session begins with, and a batch within a transaction, are those of another client", () => {
  const { config } = new Connection({
    server: "127.0.0.1",
    authentication: { type: "default", options: { userName: "u", password: "p" } },
    options: { encrypt: true, trustServerCertificate: true, dateFormat: "ymd" },
  }) as unknown as { readonly config: { readonly options: object } };
  const initial = Connection.prototype as unknown as { getInitialSql(): string };
  assert.equal(
    INITIAL_SQL,
    initial.getInitialSql.call({
      ...Connection.prototype,
      config,
      getIsolationLevelText: () => "read committed",
    } as never),
  );
  const transaction = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
  type Batch = new (sql: string, transaction: Buffer, options: object) => Iterable<Buffer>;
  const batch = new (SqlBatchPayload as unknown as Batch)("SELECT N'é'", transaction, {
    tdsVersion: "7_4",
  });
  assert.deepEqual(Buffer.from(sqlBatch("SELECT N'é'", transaction)), Buffer.concat([...batch]));
});

Deno.test("PRELOGIN says of encryption what another client reads, and the other way round", () => {
  interface Prelogin {
    readonly data: Buffer;
    readonly encryptionString: string;
    readonly marsString: string;
    readonly instance: number;
  }
  const Other = PreloginPayload as unknown as new (from: object) => Prelogin;
  for (const encrypt of [true, false]) {
    const found = new Other(Buffer.from(prelogin(encrypt)));
    assert.equal(found.encryptionString, encrypt ? "ON" : "NOT_SUP");
    assert.equal(found.marsString, "OFF");
    assert.equal(found.instance, 0);
    const version = { major: 1, minor: 0, build: 0, subbuild: 0 };
    assert.equal(encryptionOf(new Other({ encrypt, version }).data), encrypt ? 1 : 2);
  }
  const whole = prelogin(true);
  // The one option is cut off, or points behind the end.
  assert.equal(encryptionOf(whole.subarray(0, 8)), null);
  assert.equal(encryptionOf(Uint8Array.of(1, 0, 9, 0, 1, 0xff)), null);
  assert.equal(encryptionOf(Uint8Array.of(0xff)), null);
});
