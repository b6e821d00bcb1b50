/** Logging in to the scripted server: what is said, and what becomes of refusals. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import { instancePort, portOf } from "../../../../../adapters/sources/mssql/wire/instance.ts";
import { failsWith } from "../../../../conformance/source.ts";
import { makeCertificates } from "../../../../support/tds/certificate.ts";
import { certificates, connectTo, PASSWORD, withServer } from "../../../../support/tds/connect.ts";
import { sessionRules } from "../../../../support/tds/script.ts";
import { DROP, type Step } from "../../../../support/tds/server.ts";
import { error, loginTokens } from "../../../../support/tds/tokens.ts";
import { PLAIN } from "../../../../support/tds/traits.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";

traitTest(
  "connect: the login is encrypted and names the application and database",
  async ({ withSource }) => {
    await withSource([], (source, server) => {
      assert.deepEqual(server.logins, [
        { user: "reader", application: "rivet/test", database: "shop", encrypted: true },
      ]);
      assert.equal(source.info.engine, "SQL Server");
      assert.equal(source.info.version, "16.0.4135.4");
      return Promise.resolve();
    });
  },
);

traitTest(
  "connect: a server without encryption is not told the password",
  async ({ connectTo, withServer }) => {
    await withServer([], async (server) => {
      await failsWith(connectTo(server), "SOURCE_TLS", "permanent", /offers no encryption/);
      assert.deepEqual(server.logins, []);
    }, { certificates: undefined });
  },
);

traitTest("connect: what stands in between is said once, as a warning", async ({ withSource }) => {
  const cases = [
    [{}, []],
    [{ sessions: [51, 52] as const }, [/multiplexer/]],
    [{ edition: 5 }, [/Azure SQL gateway/]],
    [{ snapshots: 0 }, [/ALLOW_SNAPSHOT_ISOLATION/]],
  ] as const;
  for (const [facts, expected] of cases) {
    await withSource(sessionRules(facts), (source) => {
      const [unchecked, ...others] = source.info.warnings;
      assert.match(unchecked, /certificate is not checked/);
      assert.equal(others.length, expected.length);
      expected.forEach((pattern, i) => assert.match(others[i], pattern));
      return Promise.resolve();
    });
  }
});

traitTest(
  "connect: a refused login is an auth error that does not show the password",
  async ({ connectTo, withServer }) => {
    const login = () => [error(18456, "Login failed for user 'reader'.", 14)];
    await withServer([], async (server) => {
      const failure = await failsWith(connectTo(server), "SOURCE_AUTH", "auth", /password/);
      assert.equal(failure.nativeCode, "18456");
      assert.doesNotMatch(
        `${failure.message} ${failure.hint} ${failure.cause}`,
        new RegExp(PASSWORD),
      );
    }, { login });
  },
);

traitTest(
  "connect: a database that is not there, and a server that is busy, are told apart",
  async ({ connectTo, withServer }) => {
    const cases = [
      [4060, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
      [40613, "SOURCE_CAPACITY", "capacity"],
      [10928, "SOURCE_CAPACITY", "capacity"],
    ] as const;
    for (const [number, code, category] of cases) {
      const login = () => [error(number, "Cannot open it.", 14)];
      await withServer([], async (server) => {
        await failsWith(connectTo(server), code, category, /Cannot open it/);
      }, { login });
    }
  },
);

Deno.test("connect: a port where nobody listens and a server that hangs up", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const at = { port } as Parameters<typeof connectTo>[0];
  const hangUp = (async () => (await listener.accept()).close())();
  await failsWith(connectTo(at), "SOURCE_DISCONNECTED", "disconnect", /lost/);
  await hangUp;
  listener.close();
  const refused = connectTo(at);
  await failsWith(refused, "SOURCE_UNREACHABLE", "network", new RegExp(`127\\.0\\.0\\.1:${port}`));
  const unknown = connectTo(at, { source: { host: "no-such-host.invalid" } });
  await failsWith(unknown, "SOURCE_UNREACHABLE", "network", /no-such-host\.invalid/);
});

traitTest(
  "connect: a server that tells little about itself serves all the same",
  async ({ withSource }) => {
    const unknown = (sql: string) => ({ sql, reply: () => [error(208, "Invalid object name.")] });
    const rules = [unknown("SERVERPROPERTY"), unknown("snapshot_isolation_state")];
    await withSource(rules, (source) => {
      assert.equal(source.info.version, "");
      assert.match(source.info.warnings.at(-1) ?? "", /ALLOW_SNAPSHOT_ISOLATION/);
      return Promise.resolve();
    });
  },
);

/** ENVCHANGE 20: the login goes on elsewhere. */
function routeTo(host: string, port: number): Uint8Array {
  const name = Buffer.from(host, "utf16le");
  const value = Buffer.concat([Buffer.alloc(5), name]);
  value.writeUInt16LE(port, 1);
  value.writeUInt16LE(host.length, 3);
  const token = Buffer.concat([Buffer.from([0xe3, 0, 0, 20, 0, 0]), value, Buffer.from([0, 0])]);
  token.writeUInt16LE(token.length - 3, 1);
  token.writeUInt16LE(value.length, 4);
  return token;
}

Deno.test("connect: a gateway sends the login on, whose certificate is checked, and not for ever", async () => {
  const ca_file = await Deno.makeTempFile({ prefix: "rivet-tds-ca-" });
  await Deno.writeTextFile(ca_file, certificates.ca);
  const checked = { accept_invalid_certs: false, accept_invalid_hostnames: false } as const;
  const tls = { mode: "verify-full", ca_file, ...checked } as const;
  await withServer([], async (node) => {
    let to = node.port;
    const login = () => [loginTokens("shop", 4096, PLAIN), routeTo("localhost\\NODE", to)];
    await withServer([], async (gateway) => {
      const source = await connectTo(gateway, { source: { tls } });
      assert.deepEqual([gateway.logins.length, node.logins.length], [1, 1]);
      const [{ body }] = node.heard;
      assert.ok(body.includes(Buffer.from("localhost\\NODE", "utf16le")));
      assert.equal(source.info.version, "16.0.4135.4");
      await source.close();
      await withServer([], async (stranger) => {
        to = stranger.port;
        const refused = connectTo(gateway, { source: { tls } });
        await failsWith(refused, "SOURCE_TLS", "permanent", /not trusted/);
        assert.deepEqual(stranger.logins, []);
      }, { certificates: makeCertificates(["localhost"]) });
      to = gateway.port;
      await failsWith(connectTo(gateway), "SOURCE_AUTH", "auth", /in circles/);
    }, { login });
  });
  await Deno.remove(ca_file);
});

Deno.test("connect: the port of a named instance is asked of the Browser", async () => {
  const list = "ServerName;DB1;InstanceName;OTHER;IsClustered;No;Version;16.0;tcp;1500;;" +
    "ServerName;DB1;InstanceName;Sales;IsClustered;No;Version;16.0;np;\\\\DB1\\pipe;tcp;1600;;";
  const browser = dgram.createSocket("udp4");
  browser.on("message", (question, { port, address }) => {
    assert.deepEqual([...question], [2]);
    const head = Buffer.from([5, list.length & 0xff, list.length >> 8]);
    browser.send(Buffer.concat([head, Buffer.from(list)]), port, address);
  });
  await new Promise<void>((resolve) => browser.bind(0, "127.0.0.1", resolve));
  const { port } = browser.address();
  const { signal } = new AbortController();
  try {
    assert.equal(await instancePort("127.0.0.1", "sales", signal, port), 1600);
    await assert.rejects(instancePort("127.0.0.1", "none", signal, port), /knows no instance none/);
  } finally {
    browser.close();
  }
  const gone = AbortSignal.abort(new Error("given up"));
  await assert.rejects(instancePort("127.0.0.1", "sales", gone, port), /given up/);
  assert.equal(portOf("ServerName;DB1;InstanceName;X;np;pipe;;", "X"), null);
});

Deno.test("connect: a server that says why and hangs up within the login is heard", async () => {
  const login = (): Step[] => [error(18456, "Login failed for user 'reader'."), DROP];
  await withServer([], async (server) => {
    await failsWith(connectTo(server), "SOURCE_AUTH", "auth", /Login failed/);
  }, { login });
});
