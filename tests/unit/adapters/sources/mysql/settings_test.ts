import assert from "node:assert/strict";
import { resolveConnection } from "../../../../../adapters/sources/mysql/settings.ts";
import type { SourceConfig } from "../../../../../core/config/schema.ts";
import { ConfigError } from "../../../../../core/base/errors.ts";
import { forgetSecrets, redact } from "../../../../../core/base/redact.ts";

const env = (values: Record<string, string>) => (name: string) => values[name];
const none = env({});

function fromUrl(url: string, rest: Partial<SourceConfig> = {}) {
  return resolveConnection({ type: "mysql", url, ...rest }, none);
}

function refuses(source: Partial<SourceConfig>, message: RegExp, secret?: string): void {
  assert.throws(() => resolveConnection({ type: "mysql", ...source }, none), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(`${error.message}\n${error.hint ?? ""}`, message);
    if (secret !== undefined) assert.ok(!`${error.message} ${error.hint}`.includes(secret));
    return true;
  });
}

Deno.test("settings: a URL's parts are percent-decoded", () => {
  const s = fromUrl("mysql://us%40er:p%40ss%2Fw%3Ard%25@db.example.com:3307/my%20db");
  assert.deepEqual([s.user, s.password, s.host, s.port, s.database], [
    "us@er",
    "p@ss/w:rd%",
    "db.example.com",
    3307,
    "my db",
  ]);
});

Deno.test("settings: defaults of a short URL, both schemes", () => {
  for (const scheme of ["mysql", "mariadb"]) {
    const s = fromUrl(`${scheme}://u@localhost/db`);
    assert.deepEqual(
      [s.port, s.password, s.tls.mode, s.connectTimeoutS, s.socket],
      [3306, "", "disable", 30, undefined],
    );
  }
});

Deno.test("settings: IPv6 and sockets", () => {
  assert.equal(fromUrl("mysql://u@[::1]:3307/db").host, "::1");
  assert.equal(
    fromUrl("mysql://u@localhost/db?socket=/run/mysqld/mysqld.sock").socket,
    "/run/mysqld/mysqld.sock",
  );
});

Deno.test("settings: ssl-mode in every spelling, unless there is a tls block", () => {
  const modes = {
    DISABLED: "disable",
    PREFERRED: "prefer",
    REQUIRED: "require",
    VERIFY_CA: "verify-ca",
    VERIFY_IDENTITY: "verify-full",
    "verify-full": "verify-full",
  };
  for (const [written, mode] of Object.entries(modes)) {
    assert.equal(fromUrl(`mysql://u@h/db?ssl-mode=${written}`).tls.mode, mode, written);
    assert.equal(fromUrl(`mysql://u@h/db?sslmode=${written}`).tls.mode, mode, written);
  }
  assert.equal(fromUrl("mysql://u@h/db?ssl-mode=verify-ca&ssl-ca=/ca.pem").tls.caFile, "/ca.pem");
  const tls = {
    mode: "verify-full",
    accept_invalid_certs: false,
    accept_invalid_hostnames: true,
  } as const;
  assert.deepEqual(fromUrl("mysql://u@h/db?ssl-mode=DISABLED", { tls }).tls, {
    mode: "verify-full",
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    acceptInvalidCerts: false,
    acceptInvalidHostnames: true,
  });
});

Deno.test("settings: a URL may name no database", () => {
  assert.equal(fromUrl("mysql://u@h").database, "");
  assert.equal(fromUrl("mysql://u@h/?connect_timeout=5").database, "");
});

Deno.test("settings: a CA file alone asks for a check of the certificate", () => {
  assert.equal(fromUrl("mysql://u@h/db?ssl-ca=/ca.pem").tls.mode, "verify-ca");
  assert.equal(fromUrl("mysql://u@h/db?ssl-ca=/ca.pem&ssl-mode=required").tls.mode, "require");
});

Deno.test("settings: a client certificate of a URL, in either spelling", () => {
  for (const [cert, key] of [["ssl-cert", "ssl-key"], ["sslcert", "sslkey"]]) {
    const { tls } = fromUrl(`mysql://u@h/db?${cert}=/c.pem&${key}=/k.pem`);
    assert.deepEqual([tls.mode, tls.certFile, tls.keyFile], ["require", "/c.pem", "/k.pem"]);
  }
  assert.throws(() => fromUrl("mysql://u@h/db?ssl-cert=/c.pem"), /ssl-cert and ssl-key/);
});

Deno.test("settings: a block that takes away what the URL asks for is worth a warning", () => {
  const off = { mode: "disable", accept_invalid_certs: false, accept_invalid_hostnames: false };
  const tls = off as SourceConfig["tls"];
  const warningsOf = (query: string) => fromUrl(`mysql://u@h/db${query}`, { tls }).warnings;
  assert.match(warningsOf("?ssl-mode=VERIFY_IDENTITY")[0], /disable.*verify-full.*plaintext/);
  assert.match(warningsOf("?ssl-ca=/ca.pem")[0], /verify-ca/);
  assert.deepEqual(warningsOf(""), []);
  assert.deepEqual(warningsOf("?ssl-mode=disabled"), []);
  assert.deepEqual(fromUrl("mysql://u@h/db?ssl-mode=verify-ca").warnings, []);
  const blocks: readonly (readonly [Partial<NonNullable<SourceConfig["tls"]>>, RegExp])[] = [
    [{ mode: "require" }, /mode: require.*verify-full.*is not checked/],
    [{ mode: "verify-ca" }, /mode: verify-ca.*another host/],
    [{ mode: "verify-full", accept_invalid_certs: true }, /accept_invalid_certs.*is not checked/],
  ];
  for (const [more, message] of blocks) {
    const weak = { ...off, ...more } as SourceConfig["tls"];
    const { warnings } = fromUrl("mysql://u@h/db?ssl-mode=verify-identity", { tls: weak });
    assert.match(warnings[0], message);
  }
  const full = { ...off, mode: "verify-full" } as SourceConfig["tls"];
  assert.deepEqual(fromUrl("mysql://u@h/db?ssl-mode=verify-ca", { tls: full }).warnings, []);
});

Deno.test("settings: what is wrong with a URL is named, its password never shown", () => {
  const secret = "s3cr3t-pw";
  const wrong: readonly (readonly [string, RegExp])[] = [
    [`postgres://u:${secret}@h/db`, /type is mysql.*postgres:\/\/[^]*mysql:\/\/user/],
    [`h/db`, /has no scheme/],
    [`mysql://:${secret}@h/db`, /names no user/],
    [`mysql://u:${secret}@h/db?charset=klingon`, /charset=klingon.*utf8mb4/],
    [`mysql://u:${secret}@h/db?charset=latin1`, /charset=latin1/],
    [`mysql://u:${secret}@h/db?ssl-mode=sometimes`, /ssl-mode=sometimes/],
    [`mysql://u:${secret}@h/db?ssl-mod=required`, /unknown parameter ssl-mod.*ssl-mode/],
    [`mysql://u:${secret}@h/db?connect_timeout=soon`, /connect_timeout=soon/],
    [`mysql://u:${secret}%ZZ@h/db`, /password .* not percent-encoded/],
    [`mysql://u:${secret}@h:port/db`, /cannot be parsed/],
    [`mysql://u:12?${secret}@h/db`, /cannot be parsed/],
    [`mysql://u:aa@bb?${secret}@h/db`, /cannot be parsed/],
    [`mysql://u:12/${secret}@h/db`, /cannot be parsed/],
    [`mysql://u:${secret}?sslmode=x@h/db`, /cannot be parsed/],
    [`mysql://u:12?sslmode=${secret}@h/db`, /cannot be parsed/],
    [`mysql://u:a#${secret}@h/db`, /cannot be parsed/],
    [`mysql://u:aa@bb/${secret}@h?connect_timeout=1`, /cannot be parsed/],
  ];
  for (const [url, message] of wrong) refuses({ url }, message, secret);
});

Deno.test("settings: utf8mb4 may be written, since that is what is read anyway", () => {
  assert.equal(fromUrl("mysql://u@h/db?charset=utf8mb4").database, "db");
});

Deno.test("settings: structured fields", () => {
  const source = {
    type: "mysql",
    host: "h",
    user: "u",
    password_env: "PW",
    database: "d",
  } as const;
  const s = resolveConnection(source, env({ PW: "from-env" }));
  assert.deepEqual([s.host, s.port, s.user, s.password, s.database], [
    "h",
    3306,
    "u",
    "from-env",
    "d",
  ]);
  assert.throws(() => resolveConnection(source, none), /PW.*is not set/);
  refuses({ host: "h", user: "u" }, /source\.database is missing/);
});

Deno.test("settings: a password from the environment is hidden from then on", () => {
  try {
    const structured = { host: "h", user: "u", password_env: "PW", database: "d" } as const;
    resolveConnection({ type: "mysql", ...structured }, env({ PW: "hidden-pw-1" }));
    resolveConnection({ type: "mysql", url_env: "URL" }, env({ URL: "mysql://u:hidden-pw-2@h/d" }));
    assert.equal(redact("it said hidden-pw-1 and hidden-pw-2"), "it said REDACTED and REDACTED");
  } finally {
    forgetSecrets();
  }
});
