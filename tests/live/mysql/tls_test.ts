/**
 * TLS against a server whose certificate is of `localhost` only, so that `127.0.0.1` is another host.
 * The certificates are those of the PostgreSQL tests.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { SourceConfig, TlsConfig } from "../../../core/config/schema.ts";
import type { Source } from "../../../core/ports/source.ts";
import { caseTuning, failsWith } from "../../conformance/source.ts";
import { checkHeldBack, checkLost } from "../../conformance/tls.ts";
import { type Certificate, makeAuthority } from "../../support/certificates.ts";
import { connectOnce } from "../../support/connect_once.ts";
import { createMysqlDatabase, mysqlTest, startMariadb } from "../../support/mariadb.ts";
import { structured } from "./harness.ts";

const certificate = (name: string) =>
  fileURLToPath(new URL(`../postgres/certificates/${name}`, import.meta.url));
const CA_FILE = certificate("ca.pem");

const block = (mode: TlsConfig["mode"], rest: Partial<TlsConfig> = {}): TlsConfig => ({
  mode,
  accept_invalid_certs: false,
  accept_invalid_hostnames: false,
  ...rest,
});

/** MariaDB's own sequences; these tests start no other server. */
const WIDE = {
  sql: "SELECT seq, REPEAT('x', 10000) AS t FROM seq_1_to_30000",
  rows: 30_000,
};

const ACCEPTED: readonly (readonly [string, string, TlsConfig])[] = [
  ["require does not look at the certificate", "127.0.0.1", block("require")],
  ["verify-ca takes another host's", "127.0.0.1", block("verify-ca", { ca_file: CA_FILE })],
  ["verify-full takes this host's", "localhost", block("verify-full", { ca_file: CA_FILE })],
  [
    "verify-full with any host name",
    "127.0.0.1",
    block("verify-full", { ca_file: CA_FILE, accept_invalid_hostnames: true }),
  ],
  [
    "verify-full with any certificate",
    "127.0.0.1",
    block("verify-full", { accept_invalid_certs: true }),
  ],
];

const REFUSED: readonly (readonly [string, string, TlsConfig, RegExp])[] = [
  [
    "verify-full refuses another host",
    "127.0.0.1",
    block("verify-full", { ca_file: CA_FILE }),
    /127\.0\.0\.1|IP/,
  ],
  ["verify-full refuses an unknown CA", "localhost", block("verify-full"), /certificate/],
  ["verify-ca refuses an unknown CA", "localhost", block("verify-ca"), /certificate/],
];

async function connect(source: SourceConfig) {
  const factory = await sourceFactory("mysql");
  return await factory.connect({ source, tuning: caseTuning(), applicationName: "rivet-tls" });
}

/** What the server says the connection is encrypted with; empty for plaintext. */
async function cipherOf(config: SourceConfig): Promise<readonly [string, readonly string[]]> {
  const source = await connect(config);
  try {
    const [[, cipher]] = await source.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    return [cipher ?? "", source.info.warnings];
  } finally {
    await source.close();
  }
}

mysqlTest("mysql: TLS", async (t) => {
  const tls = { cert: certificate("server.pem"), key: certificate("server.key"), ca: CA_FILE };
  const server = await startMariadb({ tls });
  try {
    const at = (host: string, tlsBlock: TlsConfig) => ({
      ...structured(server.url),
      host,
      tls: tlsBlock,
    });
    for (const [name, host, tlsBlock] of ACCEPTED) {
      await t.step(name, async () => {
        const [cipher, warnings] = await cipherOf(at(host, tlsBlock));
        assert.match(cipher, /TLS_/);
        assert.deepEqual(warnings, []);
      });
    }
    for (const [name, host, tlsBlock, message] of REFUSED) {
      await t.step(name, async () => {
        await failsWith(connect(at(host, tlsBlock)), "SOURCE_TLS", "permanent", message);
      });
    }
    await t.step("a slow consumer holds the server back", async () => {
      const source = await connect(at("localhost", block("require")));
      try {
        await checkHeldBack(source, WIDE);
      } finally {
        await source.close();
      }
    });
    await t.step("a connection lost while rows are held back ends the read", async () => {
      const source = await connect(at("localhost", block("require")));
      const administrator = await connect(at("localhost", block("require")));
      try {
        const [[id]] = await source.rows("SELECT CONNECTION_ID()");
        await checkLost(source, WIDE, () => administrator.rows(`KILL CONNECTION ${id}`));
      } finally {
        await source.close();
        await administrator.close();
      }
    });
    await t.step("ssl-mode of a URL: preferred encrypts, and does not warn then", async () => {
      const url = `${server.url}?ssl-mode=preferred`;
      const [cipher, warnings] = await cipherOf({ type: "mysql", url });
      assert.match(cipher, /TLS_/);
      assert.deepEqual(warnings, []);
    });
    await t.step("a block that switches off what the URL asks for warns", async () => {
      const url = `${server.url}?ssl-mode=REQUIRED`;
      const [cipher, warnings] = await cipherOf({ type: "mysql", url, tls: block("disable") });
      assert.equal(cipher, "");
      assert.match(warnings[0], /disable.*wins.*require/);
    });
    await t.step("no tls block is plaintext, with a warning", async () => {
      const [cipher, warnings] = await cipherOf({ type: "mysql", url: server.url });
      assert.equal(cipher, "");
      assert.match(warnings[0], /TLS is not enforced/);
    });
    await t.step("a CA file that cannot be read is named", async () => {
      const missing = block("verify-ca", { ca_file: "/no/such/ca.pem" });
      await failsWith(connect(at("localhost", missing)), "CONFIG_INVALID", "permanent", /no\/such/);
    });
  } finally {
    await server.stop();
  }
});

mysqlTest("mysql: a server without TLS", async (t) => {
  const server = await startMariadb({ args: ["--skip-ssl"] });
  try {
    await t.step("is refused when it is required", async () => {
      const source = { ...structured(server.url), tls: block("require") };
      await failsWith(connect(source), "SOURCE_TLS", "permanent", /secure connection/);
    });
    await t.step("is used in plaintext when it is preferred", async () => {
      const url = `${server.url}?ssl-mode=PREFERRED`;
      const [cipher, warnings] = await cipherOf({ type: "mysql", url });
      assert.equal(cipher, "");
      assert.match(warnings[0], /TLS is not enforced/);
    });
  } finally {
    await server.stop();
  }
});

/** Writes `name.pem` and `name.key`. */
async function write(dir: string, name: string, { cert, key }: Certificate): Promise<void> {
  await Deno.writeTextFile(join(dir, `${name}.pem`), cert);
  await Deno.writeTextFile(join(dir, `${name}.key`), key);
}

mysqlTest("mysql: certificates", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "rivet-mysql-certificates-" });
  const file = (name: string) => join(dir, name);
  const authority = await makeAuthority();
  const names = ["localhost"];
  await write(dir, "ca", authority);
  await write(dir, "server", await authority.issue({ names }));
  await write(dir, "client", await authority.issue({ names }));
  await write(dir, "expired", await authority.issue({ names, validFrom: -10, validTo: -2 }));
  const tls = { cert: file("server.pem"), key: file("server.key"), ca: file("ca.pem") };
  const server = await startMariadb({ tls });
  try {
    const checked = block("verify-full", { ca_file: tls.ca });
    const known = { ...checked, cert_file: file("client.pem"), key_file: file("client.key") };
    const at = (tlsBlock: TlsConfig) => ({
      ...structured(server.url),
      host: "localhost",
      tls: tlsBlock,
    });
    const administrator = await createMysqlDatabase(server);
    try {
      await administrator.sql(
        "CREATE USER known IDENTIFIED BY 'kn0wn-password' REQUIRE X509; GRANT SELECT ON *.* TO known",
      );
      const account = { user: "known", password: "kn0wn-password" };
      await t.step("an account that needs a client certificate", async () => {
        assert.match((await cipherOf({ ...at(known), ...account }))[0], /TLS_/);
        await failsWith(connect({ ...at(checked), ...account }), "SOURCE_AUTH", "auth", /denied/);
        const missing = { ...known, key_file: "/no/such.key" };
        await failsWith(connect(at(missing)), "CONFIG_INVALID", "permanent", /no\/such\.key/);
      });
      await t.step("an authority that is not trusted is named", async () => {
        const message = /not trusted here \(CN=rivet test authority\)[^]*ca_file/;
        await failsWith(connect(at(block("verify-full"))), "SOURCE_TLS", "permanent", message);
      });
      await t.step("the system's authorities are those of SSL_CERT_FILE", async () => {
        const source = at(block("verify-full"));
        assert.equal(await connectOnce(source, {}), "SOURCE_TLS");
        assert.equal(await connectOnce(source, { SSL_CERT_FILE: tls.ca }), "connected");
        const mozilla = { SSL_CERT_FILE: tls.ca, DENO_TLS_CA_STORE: "mozilla" };
        assert.equal(await connectOnce(source, mozilla), "SOURCE_TLS");
      });
      await t.step("an expired certificate is said to be", async () => {
        await Deno.copyFile(file("expired.pem"), tls.cert);
        await Deno.copyFile(file("expired.key"), tls.key);
        await administrator.sql("FLUSH SSL");
        await failsWith(connect(at(checked)), "SOURCE_TLS", "permanent", /expired on \d{4}-/);
        assert.match((await cipherOf(at(block("require"))))[0], /TLS_/);
      });
    } finally {
      await administrator.drop();
    }
  } finally {
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
});

mysqlTest("mysql: a full server is tried again later", async () => {
  // One connection is the server's own check, one is kept for an administrator.
  const server = await startMariadb({
    args: ["--max-connections=10", "--extra-max-connections=1"],
  });
  const config: SourceConfig = structured(server.url);
  const sources: Source[] = [];
  try {
    const fill = async () => {
      for (let i = 0; i < 15; i++) sources.push(await connect(config));
    };
    await failsWith(fill(), "SOURCE_CAPACITY", "capacity", /connections/);
  } finally {
    for (const source of sources) await source.close();
    await server.stop();
  }
});
