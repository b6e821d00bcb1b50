/** Logins by certificate and bound channels, several servers of which one will do, and a standby's conflicts. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { postgres } from "../../../adapters/sources/postgres/mod.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import type { Source } from "../../../core/ports/source.ts";
import { caseTuning, failsWith, requestFor } from "../../conformance/source.ts";
import {
  PAIR_PASSWORD,
  type PostgresPair,
  startPostgresPair,
} from "../../support/postgres_pair.ts";

const file = (name: string) => fileURLToPath(new URL(`certificates/${name}`, import.meta.url));
const encoded = (name: string) => encodeURIComponent(file(name));
const ROOT = `sslrootcert=${encoded("ca.pem")}`;

const connect = (url: string, rest: Partial<SourceConfig> = {}): Promise<Source> =>
  postgres.connect({
    source: { type: "postgres", url, ...rest },
    tuning: caseTuning(),
    applicationName: "rivet-servers",
  });

/** One row of a source that is closed then, and its warnings. */
async function ask(url: string, sql: string, rest: Partial<SourceConfig> = {}) {
  const source = await connect(url, rest);
  try {
    const [row] = await source.rows(sql);
    return { row, warnings: source.info.warnings };
  } finally {
    await source.close();
  }
}

const SSL = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

async function checkBinding({ primary }: PostgresPair): Promise<void> {
  const url = (parameters: string) =>
    `postgres://rivet:${PAIR_PASSWORD}@localhost:${primary}/postgres?${parameters}`;
  const bound = `sslmode=verify-full&${ROOT}&channel_binding=require`;
  assert.deepEqual(await ask(url(bound), SSL), { row: ["t"], warnings: [] });
  const plain = ask(url("sslmode=disable&channel_binding=require"), SSL);
  await failsWith(plain, "SOURCE_AUTH", "auth", /channel_binding=require/);
  assert.deepEqual((await ask(url(`${bound}&require_auth=scram-sha-256`), SSL)).row, ["t"]);
}

async function checkCertificates({ primary }: PostgresPair): Promise<void> {
  const url = (parameters: string) =>
    `postgres://certified@localhost:${primary}/postgres?sslmode=verify-full&${ROOT}${parameters}`;
  const certificate = `&sslcert=${encoded("client.pem")}`;
  const user = "SELECT current_user";
  const open = `${certificate}&sslkey=${encoded("client.key")}`;
  assert.deepEqual((await ask(url(open), user)).row, ["certified"]);
  const locked = `${certificate}&sslkey=${encoded("client-encrypted.key")}`;
  assert.deepEqual((await ask(url(`${locked}&sslpassword=k3y`), user)).row, ["certified"]);
  const wrong = ask(url(`${locked}&sslpassword=nokey`), user);
  await failsWith(wrong, "CONFIG_INVALID", "permanent", /client key.*cannot be used/);
  await failsWith(ask(url(""), user), "SOURCE_AUTH", "auth", /certificate/);
  const tls = {
    mode: "verify-full",
    ca_file: file("ca.pem"),
    cert_file: file("client.pem"),
    key_file: file("client.key"),
    accept_invalid_certs: false,
    accept_invalid_hostnames: false,
  } as const;
  assert.deepEqual((await ask(url(""), user, { tls })).row, ["certified"]);
}

async function checkSecondAttempt({ primary }: PostgresPair): Promise<void> {
  const url = (user: string, mode: string) =>
    `postgres://${user}:${PAIR_PASSWORD}@localhost:${primary}/postgres?sslmode=${mode}`;
  assert.deepEqual(await ask(url("tls_only", "allow"), SSL), { row: ["t"], warnings: [] });
  const plain = await ask(url("plain_only", "prefer"), SSL);
  assert.deepEqual(plain.row, ["f"]);
  assert.match(plain.warnings[0], /TLS is not enforced/);
  const refused = ask(url("tls_only", "disable"), SSL);
  await failsWith(refused, "SOURCE_AUTH", "auth", /pg_hba\.conf/);
}

async function checkSocket({ primary, folder }: PostgresPair): Promise<void> {
  const url = `postgres://rivet:${PAIR_PASSWORD}@/postgres?host=${folder}&port=${primary}`;
  const { row, warnings } = await ask(url, "SELECT inet_client_addr() IS NULL");
  assert.deepEqual([row, warnings], [["t"], []]);
}

async function checkKinds({ primary, standby }: PostgresPair): Promise<void> {
  const url = (kind: string, hosts: readonly number[]) =>
    `postgres://rivet:${PAIR_PASSWORD}@${hosts.map((port) => `127.0.0.1:${port}`).join(",")}` +
    `/postgres?target_session_attrs=${kind}`;
  const recovery = "SELECT pg_is_in_recovery()";
  const found = async (kind: string, ...hosts: number[]) =>
    (await ask(url(kind, hosts), recovery)).row[0] === "t" ? "standby" : "primary";
  const nobody = 1;
  assert.equal(await found("any", nobody, standby, primary), "standby");
  assert.equal(await found("read-write", standby, primary), "primary");
  assert.equal(await found("primary", standby, primary), "primary");
  assert.equal(await found("standby", primary, standby), "standby");
  assert.equal(await found("read-only", primary, nobody, standby), "standby");
  assert.equal(await found("prefer-standby", primary, standby), "standby");
  assert.equal(await found("prefer-standby", primary, nobody), "primary");
  const none = connect(url("read-write", [nobody, standby]));
  const missing = new RegExp(`:1: [^]*${standby}: it is not read-write`);
  await failsWith(none, "SOURCE_UNREACHABLE", "network", missing);
  const wrong = url("any", [standby, primary]).replace(PAIR_PASSWORD, "wrong");
  const refused = await failsWith(connect(wrong), "SOURCE_AUTH", "auth", /password/);
  assert.ok(!refused.message.includes("; "), "the other server was not asked");
}

/** Of a standby as of any server, and of no other one. */
async function checkSharedSnapshot(pair: PostgresPair): Promise<void> {
  const at = (port: number, snapshot: string | null = null): Promise<Source> =>
    postgres.connect({
      source: {
        type: "postgres",
        url: `postgres://rivet:${PAIR_PASSWORD}@127.0.0.1:${port}/postgres?sslmode=disable`,
      },
      ...{ tuning: caseTuning(), applicationName: "rivet-servers", snapshot },
    });
  const count = "SELECT count(*) FROM seen";
  await pair.sql("CREATE TABLE seen AS SELECT 1 AS id");
  await pair.caughtUp();
  const keeper = await at(pair.standby);
  try {
    const { id } = await keeper.shareSnapshot!();
    await pair.sql("INSERT INTO seen VALUES (2)");
    await pair.caughtUp();
    const [joined, free] = [await at(pair.standby, id), await at(pair.standby)];
    try {
      assert.deepEqual([await joined.rows(count), await free.rows(count)], [[["1"]], [["2"]]]);
    } finally {
      await Promise.all([joined.close(), free.close()]);
    }
    const hint = /leads to another server/;
    await failsWith(at(pair.primary, id), "SNAPSHOT_ENDED", "permanent", hint);
  } finally {
    await keeper.close();
  }
}

/** The primary removes rows that a query of the standby still needs. */
async function checkConflict(pair: PostgresPair): Promise<void> {
  await pair.sql(`CREATE TABLE doomed AS
    SELECT i AS id, repeat('x', 1000) AS t FROM generate_series(1, 30000) i`);
  await pair.caughtUp();
  const source = await connect(
    `postgres://rivet:${PAIR_PASSWORD}@127.0.0.1:${pair.standby}/postgres?sslmode=disable`,
  );
  try {
    const query = "SELECT id, t FROM doomed";
    const request = await requestFor(source, query, { access: "cursor", fetchRows: 100 });
    const read = (async () => {
      let first = true;
      for await (const _ of source.read({ ...request, batchBytes: 1000 })) {
        if (first) await pair.sql("DELETE FROM doomed").then(() => pair.sql("VACUUM doomed"));
        if (first) await pair.caughtUp();
        first = false;
      }
    })();
    await failsWith(
      read,
      "SOURCE_DEADLOCK",
      "deadlock",
      /conflict with recovery[^]*max_standby_streaming_delay/,
    );
  } finally {
    await source.close();
  }
}

Deno.test("postgres: servers", async (t) => {
  const pair = await startPostgresPair();
  if (pair === null) {
    assert.notEqual(Deno.env.get("CI"), "true", "install PostgreSQL's server programs");
    console.log("not run: needs PostgreSQL's server programs (Debian package postgresql)");
    return;
  }
  try {
    for (const user of ["certified", "tls_only", "plain_only"]) {
      await pair.sql(`CREATE ROLE ${user} LOGIN PASSWORD '${PAIR_PASSWORD}'`);
    }
    await pair.caughtUp();
    await t.step("SCRAM is bound to the server's certificate", () => checkBinding(pair));
    await t.step("a client certificate, its key encrypted or not", () => checkCertificates(pair));
    await t.step("allow and prefer try the other way", () => checkSecondAttempt(pair));
    await t.step("a Unix socket needs no TLS", () => checkSocket(pair));
    await t.step("of several servers, the first that will do", () => checkKinds(pair));
    await t.step("a standby's snapshot is joined there only", () => checkSharedSnapshot(pair));
    await t.step("a standby's conflict is told, and can be retried", () => checkConflict(pair));
  } finally {
    await pair.stop();
  }
});
