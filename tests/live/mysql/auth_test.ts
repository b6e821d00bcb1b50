/** Logins: by signature, and by a key that the server would have to be trusted for. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants, generateKeyPairSync, privateDecrypt } from "node:crypto";
import { join } from "node:path";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { caseTuning, failsWith } from "../../conformance/source.ts";
import { mysqlTest, testMysql } from "../../support/mariadb.ts";
import { createMysqlDatabase } from "../../support/mariadb.ts";
import { withFolder } from "./command.ts";
import { structured } from "./harness.ts";

const PASSWORD = "sécret/1";

async function login(source: SourceConfig): Promise<string | null> {
  const factory = await sourceFactory("mysql");
  const connection = await factory.connect({
    source,
    tuning: caseTuning(),
    applicationName: "rivet-auth",
  });
  try {
    return (await connection.rows("SELECT CURRENT_USER()"))[0][0];
  } finally {
    await connection.close();
  }
}

const KEYS = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const SCRAMBLE = "abcdefghijklmnopqrst";

function packet(sequence: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  return Buffer.concat([
    Uint8Array.of(length & 255, (length >> 8) & 255, length >> 16, sequence),
    payload,
  ]);
}

/** Protocol 10, with the capabilities of a server without TLS. */
function greeting(plugin: string): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(10),
    Buffer.from("8.4.0\0"),
    Uint8Array.of(1, 0, 0, 0),
    Buffer.from(SCRAMBLE.slice(0, 8)),
    // CLIENT_PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; utf8mb4; 21 bytes of challenge.
    Uint8Array.of(0, 0x0f, 0xa2, 45, 2, 0, 0x08, 0, 21, ...new Array(10).fill(0)),
    Buffer.from(`${SCRAMBLE.slice(8)}\0${plugin}\0`),
  ]);
}

type Plugin = "caching_sha2_password" | "sha256_password";

/** What the server was told after it asked for the whole password. */
interface Told {
  /** Asked for the key that the server has. */
  readonly keyRequested: boolean;
  readonly password: string | null;
}

/** A server that asks for the whole password over plaintext, sends its key to whoever asks, and refuses. */
class Asking {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #plugin: Plugin;
  readonly told: Promise<Told>;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
    this.told = this.#serve();
  }

  get source(): SourceConfig {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return { type: "mysql", host: "127.0.0.1", port, user: "u", password: PASSWORD, database: "d" };
  }

  async #serve(): Promise<Told> {
    const socket = await this.#listener.accept();
    this.#listener.close();
    const reader = socket.readable.getReader();
    const next = async () => {
      const { value } = await reader.read();
      return value === undefined ? null : Buffer.from(value).subarray(4);
    };
    const send = (sequence: number, payload: Uint8Array) => socket.write(packet(sequence, payload));
    await send(0, greeting(this.#plugin));
    await next();
    await send(2, Buffer.from(`\xfe${this.#plugin}\0${SCRAMBLE}\0`, "latin1"));
    let answer = await next();
    let sequence = 4;
    if (this.#plugin === "caching_sha2_password") {
      // The password is not in the server's cache.
      await send(sequence, Uint8Array.of(1, 4));
      answer = await next();
      sequence += 2;
    }
    const keyRequested = answer?.length === 1;
    if (keyRequested) {
      await send(sequence, Buffer.concat([Uint8Array.of(1), Buffer.from(KEYS.publicKey)]));
      answer = await next();
      sequence += 2;
    }
    if (answer !== null) {
      // The stream's end closes the socket.
      await send(sequence, Buffer.from("\xff\x15\x04#28000Access denied", "latin1"));
      while (await next() !== null);
    }
    return { keyRequested, password: answer === null ? null : decrypt(answer) };
  }
}

function decrypt(encrypted: Uint8Array): string {
  const masked = privateDecrypt(
    { key: KEYS.privateKey, oaepHash: "sha1", padding: constants.RSA_PKCS1_OAEP_PADDING },
    encrypted,
  );
  const bytes = masked.map((byte, i) => byte ^ SCRAMBLE.charCodeAt(i % SCRAMBLE.length));
  return Buffer.from(bytes).toString().replace(/\0$/, "");
}

for (const plugin of ["caching_sha2_password", "sha256_password"] as const) {
  Deno.test(`mysql: ${plugin} gives no password to an unknown server`, async () => {
    const server = new Asking(plugin);
    await failsWith(login(server.source), "SOURCE_AUTH", "auth", /public key[^]*server_public_key/);
    assert.deepEqual(await server.told, { keyRequested: false, password: null });
  });

  Deno.test(`mysql: ${plugin} takes the key that is sent when it is told to`, async () => {
    const server = new Asking(plugin);
    const source = { ...server.source, allow_public_key_retrieval: true };
    await failsWith(login(source), "SOURCE_AUTH", "auth", /Access denied/);
    assert.deepEqual(await server.told, { keyRequested: true, password: PASSWORD });
  });

  Deno.test(`mysql: ${plugin} takes the server's key from a file`, async () => {
    await withFolder(async (dir) => {
      const file = join(dir, "server.pem");
      await Deno.writeTextFile(file, KEYS.publicKey);
      const server = new Asking(plugin);
      const source = { ...server.source, server_public_key_file: file };
      await failsWith(login(source), "SOURCE_AUTH", "auth", /Access denied/);
      assert.deepEqual(await server.told, { keyRequested: false, password: PASSWORD });
    });
  });
}

Deno.test("mysql: a key file that cannot be read is named", async () => {
  const server = new Asking("caching_sha2_password");
  const source = { ...server.source, server_public_key_file: "/no/such/key.pem" };
  await failsWith(login(source), "CONFIG_INVALID", "permanent", /no\/such\/key/);
  const closing = login({ ...server.source }).catch(() => {});
  await Promise.all([closing, server.told]);
});

/** Accounts of a plugin, and what a server has to have for them. */
const ACCOUNTS: readonly (readonly [string, string, string])[] = [
  ["ed25519", "INSTALL SONAME 'auth_ed25519'", "IDENTIFIED VIA ed25519 USING PASSWORD('%')"],
  ["parsec", "INSTALL SONAME 'auth_parsec'", "IDENTIFIED VIA parsec USING PASSWORD('%')"],
  ["caching_sha2_password", "DO 0", "IDENTIFIED WITH caching_sha2_password BY '%'"],
  ["mysql_native_password", "DO 0", "IDENTIFIED BY '%'"],
];

mysqlTest("mysql: accounts of every plugin that the server has", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const names: string[] = [];
      for (const [plugin, install, identified] of ACCOUNTS) {
        const user = `rivet_${plugin}`;
        // Some are part of no package of an old server.
        await database.sql(install).catch(() => {});
        const created = await database.sql(
          `CREATE USER ${user} ${
            identified.replace("%", PASSWORD)
          }; GRANT SELECT ON *.* TO ${user}`,
        ).then(() => true, () => false);
        if (!created) continue;
        names.push(plugin);
        const source = { ...structured(database.url), user, password: PASSWORD };
        await t.step(plugin, async () => {
          try {
            const known = { ...source, allow_public_key_retrieval: true };
            assert.equal(await login(known), `${user}@%`);
            const wrong = login({ ...known, password: "wrong" });
            await failsWith(wrong, "SOURCE_AUTH", "auth", /Access denied/);
          } finally {
            await database.sql(`DROP USER ${user}`);
          }
        });
      }
      assert.ok(names.includes("mysql_native_password"), `only ${names}`);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
