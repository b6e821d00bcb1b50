import assert from "node:assert/strict";
import { resolveConnection } from "../../../../../adapters/sources/postgres/settings.ts";
import type { SourceConfig } from "../../../../../core/config/schema.ts";
import { ConfigError } from "../../../../../core/base/errors.ts";

const env = (values: Record<string, string>) => (name: string) => values[name];
const none = env({});

function fromUrl(url: string, rest: Partial<SourceConfig> = {}) {
  return resolveConnection({ type: "postgres", url, ...rest }, none);
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

Deno.test("settings: a URL's parts are percent-decoded", () => {
  const s = fromUrl("postgresql://us%40er:p%40ss%2Fw%3Ard%25@db.example.com:6543/my%20db");
  assert.deepEqual([s.user, s.password, s.host, s.port, s.database], [
    "us@er",
    "p@ss/w:rd%",
    "db.example.com",
    6543,
    "my db",
  ]);
});

Deno.test("settings: defaults of a short URL", () => {
  const s = fromUrl("postgres://u@localhost");
  assert.deepEqual([s.port, s.password, s.database, s.tls.mode], [5432, "", "u", "disable"]);
});

Deno.test("settings: sockets and IPv6", () => {
  assert.equal(fromUrl("postgres://u@/db?host=/var/run/postgresql").host, "/var/run/postgresql");
  assert.equal(fromUrl("postgres://u@%2Ftmp/db").host, "/tmp");
  assert.equal(fromUrl("postgres://u@[::1]:5433/db").host, "::1");
});

Deno.test("settings: sslmode of the URL counts unless there is a tls block", () => {
  const url = "postgres://u@h/db?sslmode=verify-full&sslrootcert=/ca.pem";
  assert.deepEqual(fromUrl(url).tls, {
    mode: "verify-full",
    caFile: "/ca.pem",
    acceptInvalidCerts: false,
    acceptInvalidHostnames: false,
  });
  assert.equal(fromUrl("postgres://u@h/db?sslmode=allow").tls.mode, "prefer");
  const tls = {
    mode: "require",
    accept_invalid_certs: false,
    accept_invalid_hostnames: true,
  } as const;
  const block = fromUrl(url, { tls }).tls;
  assert.deepEqual([block.mode, block.caFile, block.acceptInvalidHostnames], [
    "require",
    undefined,
    true,
  ]);
});

Deno.test("settings: the URL may be in a variable or a file, the password in a variable", async () => {
  const url = "postgres://u:p@h/db";
  assert.equal(resolveConnection({ type: "postgres", url_env: "U" }, env({ U: url })).host, "h");
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `\n${url}\n`);
    assert.equal(resolveConnection({ type: "postgres", url_file: file }, none).password, "p");
    await Deno.writeTextFile(file, " \n");
    refuses({ url_file: file }, /is empty/);
  } finally {
    await Deno.remove(file);
  }
  const fields: SourceConfig = {
    type: "postgres",
    host: "h",
    user: "u",
    database: "d",
    password_env: "P",
  };
  assert.equal(resolveConnection(fields, env({ P: "s3cret" })).password, "s3cret");
  assert.equal(resolveConnection({ ...fields, password_env: undefined }, none).password, "");
});

Deno.test("settings: what is missing or wrong is named, secrets are not", () => {
  refuses({ url_env: "NOT_THERE" }, /url_env.*NOT_THERE.*not set/);
  refuses({ url_file: "/no/such/file" }, /url_file.*\/no\/such\/file.*does not exist/);
  refuses({ host: "h", user: "u", database: "d", password_env: "PW" }, /password_env.*PW.*not set/);
  refuses({ host: "h", user: "u" }, /source\.database is missing/);
  refuses({ url: "mysql://u:s3cret@h/db" }, /starts with mysql:\/\//, "s3cret");
  refuses({ url: "u:s3cret@h/db" }, /has no scheme/, "s3cret");
  refuses({ url: "postgres://u:s3cr#et@h/db" }, /cannot be parsed|percent/, "s3cr");
  refuses({ url: "postgres://u:12?s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:aa@bb?s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:12/s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:s3cret?sslmode=x@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:12?sslmode=s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:a#s3cret@h/db" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:aa@bb/s3cret@h?connect_timeout=1" }, /cannot be parsed/, "s3cret");
  refuses({ url: "postgres://u:s3%cret@h/db" }, /password.*percent-encoded/, "s3");
  refuses({ url: "postgres://u:s3cret@h/db?sslmode=maybe" }, /sslmode=maybe/, "s3cret");
  refuses({ url: "postgres://u:s3cret@h/db?schema=x" }, /unknown parameter schema/, "s3cret");
  refuses({ url: "postgres://u@h/db?connect_timeout=soon" }, /connect_timeout=soon/);
});
