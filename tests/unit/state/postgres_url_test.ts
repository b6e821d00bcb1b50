import assert from "node:assert/strict";
import { openPostgres } from "../../../state/open.ts";
import { translatePostgres } from "../../../state/postgres/errors.ts";
import { crossesNetworkInPlaintext, readStateUrl } from "../../../state/postgres/url.ts";

Deno.test("a URL is read as libpq reads it", () => {
  const url = readStateUrl(
    "postgres://ri%40vet:p%2Fw@[2001:db8::1]:6432/my%20state?sslmode=verify-ca&sslrootcert=/etc/ca.pem" +
      "&connect_timeout=3&application_name=etl&options=-csearch_path%3Drivet",
  );
  assert.deepEqual(url.hosts, [{ host: "2001:db8::1", port: 6432 }]);
  assert.equal(url.user, "ri@vet");
  assert.equal(url.password, "p/w");
  assert.equal(url.database, "my state");
  assert.equal(url.sslMode, "verify-ca");
  assert.equal(url.url.ssl.rootCert, "/etc/ca.pem");
  assert.equal(url.connectTimeoutS, 3);
  assert.equal(url.applicationName, "etl");
  assert.equal(url.url.options, "-csearch_path=rivet");
});

Deno.test("what a URL leaves out has libpq's defaults", () => {
  const url = readStateUrl("postgresql://rivet@db.internal");
  assert.equal(url.hosts[0].port, 5432);
  assert.equal(url.database, "rivet");
  assert.equal(url.password, undefined);
  assert.equal(url.sslMode, "disable");
  assert.equal(
    readStateUrl("postgresql:///state?host=/run/postgresql").hosts[0].host,
    "/run/postgresql",
  );
});

Deno.test("authorities that are named are asked, as libpq does it", () => {
  const mode = (parameters: string) => readStateUrl(`postgres://u@h/d?${parameters}`).sslMode;
  assert.equal(mode("sslmode=require"), "require");
  assert.equal(mode("sslmode=require&sslrootcert=/ca"), "verify-ca");
  assert.equal(mode("sslrootcert=/ca"), "verify-ca");
  assert.equal(mode("sslmode=require&sslrootcert=system"), "verify-full");
});

Deno.test("a password that is not given is looked up in the password file", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "h:5432:d:u:f!le\n");
    await Deno.chmod(file, 0o600);
    const env = (name: string) => name === "PGPASSFILE" ? file : undefined;
    const url = readStateUrl("postgres://u@h/d", env);
    assert.equal(url.password, "f!le");
    assert.ok(url.secrets.includes("f!le"));
    assert.equal(readStateUrl("postgres://u:given@h/d", env).password, "given");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a location holds no password", () => {
  const location = (url: string) => readStateUrl(url).location;
  assert.equal(
    location("postgresql://user:secret@host/db?sslmode=require"),
    "postgresql://user:***@host/db",
  );
  assert.equal(
    location("postgres://user:s%40crt@host:5433/db"),
    "postgresql://user:***@host:5433/db",
  );
  assert.equal(location("postgres://user@[::1]:5433/db"), "postgresql://user@[::1]:5433/db");
});

Deno.test("a URL that cannot be used is refused without repeating it", () => {
  const urls = [
    "postgres://user:secret/word@host/db",
    "postgres://user:12/secret@host/db",
    "postgres://user:aa@bb?secret@host/db",
    "postgres://user:secret@host:port/db",
    "postgres://user:secret%@host/db",
    "postgresX://user:secret@host/db",
    "postgres://user:secret@host/db?channel_binding=require",
    "postgres://user:secret@host/db?require_auth=md5",
    "postgres://user:secret@host/db?sslcrl=/x",
    "postgres://user:secret@host/db?sslmode=on",
    "postgres://user:secret@host/db?connect_timeout=soon",
  ];
  for (const url of urls) {
    assert.throws(() => readStateUrl(url), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^RIVET_STATE_URL /);
      assert.doesNotMatch(Deno.inspect(error), /secret/);
      return true;
    }, url);
  }
});

Deno.test("plain text to another host is noticed, to this one it is not", () => {
  const crosses = (url: string) => crossesNetworkInPlaintext(readStateUrl(url));
  for (const mode of ["", "?sslmode=disable", "?sslmode=allow", "?sslmode=prefer"]) {
    assert.equal(crosses(`postgres://u@db.internal/db${mode}`), true, mode);
    for (const local of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"]) {
      assert.equal(crosses(`postgres://u@${local}/db${mode}`), false, local);
    }
  }
  for (const mode of ["require", "verify-ca", "verify-full"]) {
    assert.equal(crosses(`postgres://u@db.internal/db?sslmode=${mode}`), false, mode);
  }
  assert.equal(crosses("postgres:///db?host=/run/postgresql"), false);
});

Deno.test("opening warns once about plain text, and says what an unreachable server is", async () => {
  const warnings: string[] = [];
  const url = "postgres://u:secret@state.invalid/db?connect_timeout=1";
  await assert.rejects(openPostgres(url, (message) => warnings.push(message)), (error: unknown) => {
    assert.ok(error instanceof Error && "code" in error && "hint" in error);
    assert.equal(error.code, "STATE_UNAVAILABLE");
    assert.match(error.message, /postgresql:\/\/u:\*\*\*@state\.invalid\/db/);
    assert.match(String(error.hint), /reachable/);
    assert.doesNotMatch(Deno.inspect(error), /secret/);
    return true;
  });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /without TLS.*sslmode=verify-full/);
  assert.doesNotMatch(warnings[0], /secret/);
});

Deno.test("SQLSTATEs become state errors, and messages lose the password", () => {
  const url = readStateUrl("postgres://u:s%21crt@db/x");
  const cases: [string, string, RegExp][] = [
    ["55P03", "STATE_LOCKED", /pg_stat_activity/],
    ["40P01", "STATE_LOCKED", /pg_stat_activity/],
    ["42P01", "STATE_CORRUPT", /backup/],
    ["XX001", "STATE_CORRUPT", /backup/],
    ["28P01", "STATE_UNAVAILABLE", /user and password/],
    ["3D000", "STATE_UNAVAILABLE", /Create the database/],
    ["42501", "STATE_UNAVAILABLE", /CREATE on the schema/],
    ["25006", "STATE_UNAVAILABLE", /read-only/],
    ["53300", "STATE_UNAVAILABLE", /no free connection/],
    ["53100", "STATE_UNAVAILABLE", /disk space/],
    ["ECONNREFUSED", "STATE_UNAVAILABLE", /reachable/],
  ];
  for (const [code, expected, hint] of cases) {
    const raw = Object.assign(new Error("failed with s!crt and s%21crt"), { code });
    const error = translatePostgres(raw, url);
    assert.equal(error.code, expected, code);
    assert.match(error.hint ?? "", hint);
    assert.equal(error.nativeCode, code);
    assert.match(error.message, /failed with \*\*\* and \*\*\*$/);
  }
});
