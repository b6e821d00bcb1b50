import assert from "node:assert/strict";
import { resolveConnection } from "../../../../../adapters/sources/postgres/settings.ts";
import type { SourceConfig } from "../../../../../core/config/schema.ts";
import { ConfigError } from "../../../../../core/base/errors.ts";

const env = (values: Record<string, string>) => (name: string) =>
  ({ HOME: "/no/such/home", ...values })[name];
const none = env({});

const resolve = (source: Partial<SourceConfig>, values: Record<string, string> = {}) =>
  resolveConnection({ type: "postgres", ...source }, env(values));

function fromUrl(url: string, rest: Partial<SourceConfig> = {}) {
  const { servers: [first], warnings } = resolve({ url, ...rest });
  return { ...first, warnings };
}

function refuses(source: Partial<SourceConfig>, message: RegExp, secret?: string): void {
  assert.throws(() => resolveConnection({ type: "postgres", ...source }, none), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, message);
    if (secret !== undefined) {
      assert.doesNotMatch(`${error.message} ${error.hint}`, new RegExp(secret));
    }
    return true;
  });
}

Deno.test("settings: a URL names the server, the user and the database", () => {
  const s = fromUrl("postgresql://us%40er:p%40ss@db.example.com:6543/my%20db");
  assert.deepEqual([s.host, s.port, s.database], ["db.example.com", 6543, "my db"]);
  assert.deepEqual([s.credentials.user, s.credentials.password], ["us@er", "p@ss"]);
});

Deno.test("settings: defaults of a short URL", () => {
  const s = fromUrl("postgres://u@localhost");
  assert.deepEqual([s.port, s.credentials.password, s.database], [5432, null, "u"]);
  assert.deepEqual([s.tls.mode, s.connectTimeoutS, s.keepAlive], ["disable", 30, true]);
});

Deno.test("settings: every host of a URL is a server to try", () => {
  const { servers, sessionKind } = resolve({
    url: "postgres://u:p@a,b:5433/d?target_session_attrs=primary",
  });
  assert.deepEqual(servers.map(({ host, port }) => [host, port]), [["a", 5432], ["b", 5433]]);
  assert.equal(sessionKind, "primary");
});

Deno.test("settings: sslmode and sslrootcert verify as libpq does", () => {
  const mode = (parameters: string) => {
    const { tls } = fromUrl(`postgres://u@h/db?${parameters}`);
    return [tls.mode, tls.caFile];
  };
  assert.deepEqual(mode(""), ["disable", undefined]);
  assert.deepEqual(mode("sslmode=require"), ["require", undefined]);
  assert.deepEqual(mode("sslmode=require&sslrootcert=/ca"), ["verify-ca", "/ca"]);
  assert.deepEqual(mode("sslrootcert=/ca"), ["verify-ca", "/ca"]);
  assert.deepEqual(mode("sslmode=require&sslrootcert=system"), ["verify-full", "system"]);
  assert.deepEqual(mode("sslrootcert=system"), ["verify-full", "system"]);
  assert.deepEqual(mode("sslmode=verify-full&sslrootcert=/ca"), ["verify-full", "/ca"]);
  assert.deepEqual(mode("sslmode=allow"), ["allow", undefined]);
});

Deno.test("settings: a tls block wins over the URL, and says what that gives up", () => {
  const url = "postgres://u@h/db?sslmode=verify-full&sslrootcert=/ca.pem";
  const block = { accept_invalid_certs: false, accept_invalid_hostnames: true } as const;
  const required = fromUrl(url, {
    tls: { ...block, mode: "require", cert_file: "/c", key_file: "/k" },
  });
  assert.deepEqual([required.tls.mode, required.tls.caFile], ["require", undefined]);
  assert.deepEqual([required.tls.certFile, required.tls.keyFile], ["/c", "/k"]);
  assert.equal(required.tls.acceptInvalidHostnames, true);
  assert.match(required.warnings[0], /mode: require.*sslmode=verify-full.*is not checked/);
  const anyHost = fromUrl(url, { tls: { ...block, mode: "verify-full" } });
  assert.match(anyHost.warnings[0], /accept_invalid_hostnames: true.*another host/);
  const asMuch = { mode: "verify-full", accept_invalid_certs: false } as const;
  assert.deepEqual(
    fromUrl(url, { tls: { ...asMuch, accept_invalid_hostnames: false } }).warnings,
    [],
  );
  const disabled = fromUrl(url, { tls: { ...block, mode: "disable" } });
  assert.equal(disabled.tls.mode, "disable");
  assert.match(disabled.warnings[0], /mode: disable.*sslmode=verify-full.*plaintext/);
});

Deno.test("settings: the URL may be in a variable or a file, the password in a variable", async () => {
  const url = "postgres://u:p@h/db";
  assert.equal(resolve({ url_env: "U" }, { U: url }).servers[0].host, "h");
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `\n${url}\n`);
    assert.equal(resolve({ url_file: file }).servers[0].credentials.password, "p");
    await Deno.writeTextFile(file, " \n");
    refuses({ url_file: file }, /is empty/);
  } finally {
    await Deno.remove(file);
  }
  const fields = { host: "h", user: "u", database: "d" };
  const password = (source: Partial<SourceConfig>, values = {}) =>
    resolve(source, values).servers[0].credentials.password;
  assert.equal(password({ ...fields, password_env: "P" }, { P: "s3cret" }), "s3cret");
  assert.equal(password(fields), null);
});

Deno.test("settings: a password that is not given is looked up in the password file", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "a:5432:d:u:of-a\nb:*:*:u:of-b\n");
    await Deno.chmod(file, 0o600);
    const passwords = (source: Partial<SourceConfig>, values = {}) =>
      resolve(source, values).servers.map(({ credentials }) => credentials.password);
    const encoded = encodeURIComponent(file);
    assert.deepEqual(passwords({ url: `postgres://u@a,b,c/d?passfile=${encoded}` }), [
      "of-a",
      "of-b",
      null,
    ]);
    assert.deepEqual(passwords({ url: "postgres://u:given@a/d" }, { PGPASSFILE: file }), ["given"]);
    const fields = { host: "a", user: "u", database: "d" };
    assert.deepEqual(passwords(fields, { PGPASSFILE: file }), ["of-a"]);
    await Deno.chmod(file, 0o644);
    const { warnings } = resolve(fields, { PGPASSFILE: file });
    assert.match(warnings.join(), /is not used/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("settings: what is missing or wrong is named, secrets are not", () => {
  refuses({ url_env: "NOT_THERE" }, /url_env.*NOT_THERE.*not set/);
  refuses({ url_file: "/no/such/file" }, /url_file.*\/no\/such\/file.*does not exist/);
  refuses({ host: "h", user: "u", database: "d", password_env: "PW" }, /password_env.*PW.*not set/);
  refuses({ host: "h", user: "u" }, /source\.database is missing/);
  refuses({ url: "mysql://u:s3cret@h/db" }, /type is postgres.*starts with mysql:\/\//, "s3cret");
  refuses({ url: "u:s3cret@h/db" }, /has no scheme/, "s3cret");
  refuses({ url: "postgres://u:aa@bb?s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:12/s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:s3cret?sslmode=x@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:12?sslmode=s3cret@h/db" }, /has sslmode, which/, "s3cret");
  refuses({ url: "postgres://u:aa@bb/s3cret@h?connect_timeout=1" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:s3%cret@h/db" }, /password.*percent-encoded/, "s3");
  refuses({ url: "postgres://u:s3cret@h/db?sslmode=maybe" }, /sslmode=maybe/, "s3cret");
  assert.match(fromUrl("postgres://u:s3cret@h/db?schema=x").warnings[0], /parameter schema/);
});
