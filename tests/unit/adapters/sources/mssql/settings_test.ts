import assert from "node:assert/strict";
import { addressOf, resolveConnection } from "../../../../../adapters/sources/mssql/settings.ts";
import type { SourceConfig } from "../../../../../core/config/schema.ts";
import { ConfigError } from "../../../../../core/base/errors.ts";

const env = (name: string) => name === "URL" ? "mssql://u:p@h/d" : undefined;
const of = (source: Partial<SourceConfig>) => resolveConnection({ type: "mssql", ...source }, env);

Deno.test("a URL of either scheme, with its parts decoded", () => {
  const settings = of({ url: "sqlserver://a%40b:p%2Fw%25@db.example:1500/my%20db" });
  assert.deepEqual(settings, {
    host: "db.example",
    port: 1500,
    instance: null,
    user: "a@b",
    password: "p/w%",
    database: "my db",
    tls: { mode: "unchecked", strict: false, caFile: undefined },
    connectTimeoutS: 30,
    readOnlyIntent: false,
    warnings: [],
  });
  assert.equal(of({ url_env: "URL" }).port, 1433);
  assert.equal(of({ url: "mssql://u:p@[::1]/d" }).host, "::1");
});

Deno.test("parameters, in the spelling of other tools too", () => {
  const url = "sqlserver://u:p@h?databaseName=d&instanceName=EXPRESS&applicationIntent=ReadOnly" +
    "&Connection%20Timeout=5&encrypt=true";
  const settings = of({ url });
  assert.deepEqual(
    [settings.database, settings.instance, settings.port, settings.connectTimeoutS],
    ["d", "EXPRESS", null, 5],
  );
  assert.equal(settings.readOnlyIntent, true);
  assert.equal(addressOf(settings), "h\\EXPRESS");
});

Deno.test("fields, with an instance as Windows tools write it; a port wins over it", () => {
  const fields = { user: "u", database: "d", password: "p" };
  const named = of({ ...fields, host: "h\\EXPRESS" });
  assert.deepEqual([named.host, named.port, named.instance], ["h", null, "EXPRESS"]);
  const both = of({ ...fields, host: "h\\EXPRESS", port: 1500 });
  assert.deepEqual([both.host, both.port, both.instance], ["h", 1500, null]);
  assert.equal(addressOf(both), "h:1500");
});

Deno.test("how the URL's encryption words become checks of the certificate", () => {
  const mode = (query: string) => of({ url: `sqlserver://u:p@h/d${query}` }).tls;
  assert.equal(mode("").mode, "unchecked");
  assert.equal(mode("?encrypt=false").mode, "unchecked");
  assert.equal(mode("?encrypt=true").mode, "verify-full");
  assert.equal(mode("?encrypt=Mandatory&trustServerCertificate=true").mode, "unchecked");
  assert.equal(mode("?trustServerCertificate=false").mode, "verify-full");
  assert.deepEqual(mode("?encrypt=strict"), {
    mode: "verify-full",
    strict: true,
    caFile: undefined,
  });
});

Deno.test("the tls block wins over the URL", () => {
  const block = { accept_invalid_certs: false, accept_invalid_hostnames: false };
  const url = "sqlserver://u:p@h/d?encrypt=true";
  const mode = (tls: SourceConfig["tls"]) => of({ url, tls }).tls.mode;
  assert.equal(mode({ mode: "disable", ...block }), "unchecked");
  assert.equal(mode({ mode: "require", ...block }), "unchecked");
  assert.equal(mode({ mode: "verify-ca", ...block }), "verify-ca");
  assert.equal(mode({ mode: "verify-full", ...block }), "verify-full");
  assert.equal(
    mode({ mode: "verify-full", ...block, accept_invalid_hostnames: true }),
    "verify-ca",
  );
  assert.equal(mode({ mode: "verify-full", ...block, accept_invalid_certs: true }), "unchecked");
  const warnings = (tls: SourceConfig["tls"]) => of({ url, tls }).warnings;
  assert.match(warnings({ mode: "disable", ...block })[0], /mode: disable.*is not checked/);
  assert.match(warnings({ mode: "verify-ca", ...block })[0], /mode: verify-ca.*another host/);
  assert.deepEqual(warnings({ mode: "verify-full", ...block }), []);
  assert.deepEqual(warnings(undefined), []);
});

Deno.test("what is wrong is named, never the value of a secret", () => {
  const cases: readonly (readonly [Partial<SourceConfig>, RegExp])[] = [
    [{ url: "postgres://u:hunter2@h/d" }, /starts with postgres:\/\//],
    [{ url: "u:hunter2@h/d" }, /has no scheme/],
    [{ url: "sqlserver://u:hunter2@h" }, /names no database/],
    [{ url: "sqlserver://h/d" }, /names no user/],
    [{ url: "sqlserver://u:hunter2@h/d?encrypt=maybe" }, /encrypt=maybe/],
    [{ url: "sqlserver://u:hunter2@h/d?sslmode=require" }, /unknown parameter sslmode/],
    [{ url: "sqlserver://u:hunter2@h/d?connect_timeout=0" }, /connect_timeout=0/],
    [{ url: "sqlserver://u:hunter2%@h/d" }, /not percent-encoded/],
    [{ url: "sqlserver://u:hunter2@h:99999/d" }, /cannot be parsed/],
    [{ url: "sqlserver://u:12?hunter2@h/db" }, /cannot be parsed/],
    [{ url: "sqlserver://u:aa@bb?hunter2@h/db" }, /cannot be parsed/],
    [{ url: "sqlserver://u:12/hunter2@h/db" }, /cannot be parsed/],
    [{ url: "sqlserver://u:hunter2?sslmode=x@h/db" }, /cannot be parsed/],
    [{ url: "sqlserver://u:12?sslmode=hunter2@h/db" }, /cannot be parsed/],
    [{ url: "sqlserver://u:a#hunter2@h/db" }, /cannot be parsed/],
    [{ url: "sqlserver://u:aa@bb/hunter2@h?connect_timeout=1" }, /cannot be parsed/],
    [{ url_env: "NOT_SET" }, /NOT_SET, which is not set/],
    [{ host: "h", user: "u" }, /source\.database is missing/],
  ];
  for (const [source, message] of cases) {
    assert.throws(() => of(source), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      assert.doesNotMatch(`${error.message} ${error.hint}`, /hunter2/);
      return true;
    });
  }
});
