/**
 * TLS against a proxy that ends it in front of the test server, as a load balancer does. Its certificate is
 * of `localhost` only, so that `127.0.0.1` is another host. (certificates/: a CA and one key signed by it,
 * for tests only.)
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { SourceConfig, TlsConfig } from "../../../core/config/schema.ts";
import { caseTuning, failsWith } from "../../conformance/source.ts";
import { checkHeldBack, checkLost } from "../../conformance/tls.ts";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { structured } from "./harness.ts";

const certificate = (name: string) => new URL(`certificates/${name}`, import.meta.url);
const CA_FILE = fileURLToPath(certificate("ca.pem"));

interface Proxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Answers the TLS request with `answer`, and goes on encrypted when that is `S`. */
async function startProxy(
  upstream: URL,
  answer: "S" | "N" | "Sx",
  shown: "server" | "expired" = "server",
): Promise<Proxy> {
  const key = await Deno.readTextFile(certificate(`${shown}.key`));
  const cert = await Deno.readTextFile(certificate(`${shown}.pem`));
  const sockets = new Set<net.Socket>();
  const track = <T extends net.Socket>(socket: T): T => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  const join = (client: net.Socket) => {
    const server = track(net.connect(Number(upstream.port), upstream.hostname));
    client.pipe(server).pipe(client);
  };
  const listener = net.createServer((client) => {
    track(client).once("data", (request) => {
      if (Buffer.from(request).readInt32BE(4) !== 80_877_103) {
        join(client);
        client.emit("data", request);
        return;
      }
      client.write(answer);
      if (answer !== "S") return join(client);
      const secure = new tls.TLSSocket(client, { isServer: true, key, cert });
      join(track(secure));
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

const block = (mode: TlsConfig["mode"], rest: Partial<TlsConfig> = {}): TlsConfig => ({
  mode,
  accept_invalid_certs: false,
  accept_invalid_hostnames: false,
  ...rest,
});

const WIDE = {
  sql: "SELECT i, repeat('x', 10000) AS t FROM generate_series(1, 30000) i",
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

Deno.test("postgres: TLS", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  const upstream = new URL(database.url);
  const factory = await sourceFactory("postgres");
  const open = (source: SourceConfig) =>
    factory.connect({ source, tuning: caseTuning(), applicationName: "rivet-tls" });
  const connect = async (source: SourceConfig) => {
    const connected = await open(source);
    try {
      // Through the same socket in both directions, and a cancel request through one of its own.
      for await (
        const _ of connected.read({
          sql: "SELECT i FROM generate_series(1, 1000000) i",
          columns: [{
            name: "i",
            type: { kind: "int", bits: 32, signed: true },
            nullable: true,
            nativeType: "integer",
            fidelity: "exact",
          }],
          access: "statement",
          fetchRows: 0,
          batchBytes: 1 << 20,
          batchRows: 1000,
          throttleMs: 0,
          maxValueBytes: 1 << 20,
        })
      ) break;
      assert.deepEqual(await connected.rows("SELECT 1"), [["1"]]);
      return connected.info.warnings;
    } finally {
      await connected.close();
    }
  };
  const at = (port: number, host: string, tlsBlock: TlsConfig): SourceConfig => ({
    ...structured(database.url),
    host,
    port,
    tls: tlsBlock,
  });
  const encrypted = await startProxy(upstream, "S");
  const plain = await startProxy(upstream, "N");
  const injecting = await startProxy(upstream, "Sx");
  const expired = await startProxy(upstream, "S", "expired");
  try {
    for (const [name, host, tlsBlock] of ACCEPTED) {
      await t.step(name, async () => {
        assert.deepEqual(await connect(at(encrypted.port, host, tlsBlock)), []);
      });
    }
    for (const [name, host, tlsBlock, message] of REFUSED) {
      await t.step(name, async () => {
        await failsWith(
          connect(at(encrypted.port, host, tlsBlock)),
          "SOURCE_TLS",
          "permanent",
          message,
        );
      });
    }
    const [[version]] = await database.sql("SELECT version()");
    // The embedded PostgreSQL has one session, which neither waits nor ends another.
    const ignore = version?.includes("PGlite") === true;
    await t.step({
      name: "a slow consumer holds the server back",
      ignore,
      async fn() {
        const source = await open(at(encrypted.port, "localhost", block("require")));
        try {
          await checkHeldBack(source, WIDE);
        } finally {
          await source.close();
        }
      },
    });
    await t.step({
      name: "a connection lost while rows are held back ends the read",
      ignore,
      async fn() {
        const source = await open(at(encrypted.port, "localhost", block("require")));
        try {
          const [[pid]] = await source.rows("SELECT pg_backend_pid()");
          const kill = () => database.sql(`SELECT pg_terminate_backend(${pid})`);
          await checkLost(source, WIDE, kill);
        } finally {
          await source.close();
        }
      },
    });
    await t.step("a server without TLS is refused", async () => {
      const connecting = connect(at(plain.port, "localhost", block("require")));
      await failsWith(connecting, "SOURCE_TLS", "permanent", /does not offer TLS/);
    });
    await t.step("bytes before the handshake are refused", async () => {
      const connecting = connect(at(injecting.port, "localhost", block("require")));
      await failsWith(connecting, "SOURCE_TLS", "permanent", /more than one byte/);
    });
    await t.step("a CA file that is not there is named", async () => {
      const source = at(
        encrypted.port,
        "localhost",
        block("verify-full", { ca_file: "/no/ca.pem" }),
      );
      await failsWith(connect(source), "CONFIG_INVALID", "permanent", /\/no\/ca\.pem/);
    });
    await t.step("an expired certificate is said to be expired", async () => {
      const ca_file = fileURLToPath(certificate("expired-ca.pem"));
      const source = at(expired.port, "localhost", block("verify-full", { ca_file }));
      const message = /certificate expired on 2021-01-01/;
      await failsWith(connect(source), "SOURCE_TLS", "permanent", message);
    });
    await t.step("require with a CA file checks the certificate, as libpq does", async () => {
      const url = (parameters: string): SourceConfig => {
        const u = new URL(database.url);
        u.host = `localhost:${encrypted.port}`;
        return { type: "postgres", url: `${u.href}?${parameters}` };
      };
      const ca = `sslrootcert=${encodeURIComponent(CA_FILE)}`;
      const other = `sslrootcert=${
        encodeURIComponent(fileURLToPath(certificate("expired-ca.pem")))
      }`;
      for (const parameters of [ca, `sslmode=require&${ca}`]) {
        assert.deepEqual(await connect(url(parameters)), []);
      }
      const untrusted = /authority that is not trusted here[^]*SSL_CERT_FILE/;
      for (const rest of [other, `sslmode=require&${other}`, "sslrootcert=system"]) {
        await failsWith(connect(url(rest)), "SOURCE_TLS", "permanent", untrusted);
      }
    });
    await t.step("sslmode of a URL encrypts; prefer falls back, and says so", async () => {
      const url = (port: number, mode: string) => {
        const u = new URL(database.url);
        u.port = String(port);
        u.searchParams.set("sslmode", mode);
        return { type: "postgres", url: u.href } as const;
      };
      assert.deepEqual(await connect(url(encrypted.port, "require")), []);
      for (const mode of ["prefer", "allow"]) {
        const [warning] = await connect(url(plain.port, mode));
        assert.match(warning, /TLS is not enforced/, mode);
      }
      assert.deepEqual(await connect(url(encrypted.port, "prefer")), []);
      await failsWith(connect(url(plain.port, "require")), "SOURCE_TLS", "permanent", /not offer/);
    });
  } finally {
    for (const proxy of [encrypted, plain, injecting, expired]) await proxy.stop();
    await database.drop();
    await server.stop();
  }
});
