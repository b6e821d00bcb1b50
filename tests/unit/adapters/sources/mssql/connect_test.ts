/** Logging in to the scripted server: what is said, and what becomes of refusals. */
import assert from "node:assert/strict";
import { failsWith } from "../../../../conformance/source.ts";
import { connectTo, PASSWORD } from "../../../../support/tds/connect.ts";
import { sessionRules } from "../../../../support/tds/script.ts";
import { error } from "../../../../support/tds/tokens.ts";
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
      await failsWith(connectTo(server), "SOURCE_TLS", "permanent", /negotiate encryption/);
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
