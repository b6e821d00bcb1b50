import assert from "node:assert/strict";
import { classify } from "../../../../../adapters/sources/mysql/errors.ts";
import { TlsError } from "../../../../../adapters/sources/kit/tls_failure.ts";
import {
  type ErrorCategory,
  type ErrorCode,
  SourceError,
} from "../../../../../core/base/errors.ts";

const CONTEXT = { address: "db:3306", statementTimeoutS: 5 };

function driverError(
  fields: { errno?: number; code?: string; sqlState?: string },
  message = "it failed",
) {
  return Object.assign(new Error(message), fields);
}

const NUMBERS: readonly (readonly [number, ErrorCode, ErrorCategory])[] = [
  [1040, "SOURCE_CAPACITY", "capacity"],
  [1044, "SOURCE_PERMISSION", "auth"],
  [1045, "SOURCE_AUTH", "auth"],
  [1049, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
  [1053, "SOURCE_DISCONNECTED", "capacity"],
  [1054, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
  [1064, "SOURCE_QUERY", "permanent"],
  [1115, "SOURCE_QUERY", "permanent"],
  [1130, "SOURCE_AUTH", "auth"],
  [1142, "SOURCE_PERMISSION", "auth"],
  [1146, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
  [1153, "SOURCE_QUERY", "permanent"],
  [1203, "SOURCE_CAPACITY", "capacity"],
  [1205, "SOURCE_TIMEOUT", "timeout"],
  [1213, "SOURCE_DEADLOCK", "deadlock"],
  [1226, "SOURCE_CAPACITY", "capacity"],
  [1251, "SOURCE_AUTH", "auth"],
  [1317, "SOURCE_TIMEOUT", "permanent"],
  [1698, "SOURCE_AUTH", "auth"],
  [1792, "SOURCE_QUERY", "permanent"],
  [1927, "SOURCE_DISCONNECTED", "disconnect"],
  [1969, "SOURCE_TIMEOUT", "permanent"],
  [2006, "SOURCE_DISCONNECTED", "disconnect"],
  [2013, "SOURCE_DISCONNECTED", "disconnect"],
  [3024, "SOURCE_TIMEOUT", "permanent"],
  [3159, "SOURCE_TLS", "permanent"],
  [9001, "SOURCE_CAPACITY", "capacity"],
];

Deno.test("errors: by number, whatever the message says", () => {
  for (const [errno, code, category] of NUMBERS) {
    const error = classify(driverError({ errno, sqlState: "HY000" }, "gone away"), CONTEXT);
    assert.ok(error instanceof SourceError);
    assert.deepEqual([error.code, error.category, error.nativeCode], [
      code,
      category,
      String(errno),
    ]);
  }
});

Deno.test("errors: by the driver's or the system's code", () => {
  const cases: readonly (readonly [string, ErrorCode, ErrorCategory])[] = [
    ["ECONNREFUSED", "SOURCE_UNREACHABLE", "network"],
    ["ENOTFOUND", "SOURCE_UNREACHABLE", "network"],
    ["ETIMEDOUT", "SOURCE_UNREACHABLE", "network"],
    ["ECONNRESET", "SOURCE_DISCONNECTED", "disconnect"],
    ["PROTOCOL_CONNECTION_LOST", "SOURCE_DISCONNECTED", "disconnect"],
    ["HANDSHAKE_NO_SSL_SUPPORT", "SOURCE_TLS", "permanent"],
    ["AUTH_SWITCH_PLUGIN_ERROR", "SOURCE_AUTH", "auth"],
  ];
  for (const [driverCode, code, category] of cases) {
    // Node numbers system errors below zero.
    const error = classify(driverError({ errno: -111, code: driverCode }), CONTEXT);
    assert.deepEqual([error.code, error.category, error.nativeCode], [code, category, driverCode]);
  }
});

Deno.test("errors: by SQLSTATE, then by message, else permanent", () => {
  const verdict = (sqlState: string, message: string) => {
    const { code, category } = classify(driverError({ errno: 60_001, sqlState }, message), CONTEXT);
    return [code, category];
  };
  assert.deepEqual(verdict("08S01", "x"), ["SOURCE_DISCONNECTED", "disconnect"]);
  assert.deepEqual(verdict("28000", "x"), ["SOURCE_AUTH", "auth"]);
  assert.deepEqual(verdict("40001", "x"), ["SOURCE_DEADLOCK", "deadlock"]);
  assert.deepEqual(verdict("HY000", "MySQL server has gone away"), [
    "SOURCE_DISCONNECTED",
    "disconnect",
  ]);
  assert.deepEqual(verdict("HY000", "something new"), ["SOURCE_QUERY", "permanent"]);
});

Deno.test("errors: a statement's own timeout says which setting it was", () => {
  const own = classify(driverError({ errno: 1969 }), CONTEXT);
  assert.match(own.hint ?? "", /tuning\.statement_timeout_s \(5 s\)/);
  const server = classify(driverError({ errno: 3024 }), { ...CONTEXT, statementTimeoutS: 0 });
  assert.match(server.hint ?? "", /server's own limit/);
});

Deno.test("errors: messages name the address where that helps", () => {
  const message = (fields: { code: string }) => classify(driverError(fields), CONTEXT).message;
  assert.match(message({ code: "ECONNREFUSED" }), /cannot reach MySQL at db:3306/);
  assert.match(message({ code: "ECONNRESET" }), /connection to MySQL at db:3306 was lost/);
  const tls = classify(new TlsError("certificate has expired"), CONTEXT);
  assert.equal(tls.code, "SOURCE_TLS");
  assert.match(tls.message, /db:3306: certificate has expired/);
});

Deno.test("errors: what is classified already passes", () => {
  const known = new SourceError("SOURCE_DEADLOCK", "x", { category: "deadlock" });
  assert.equal(classify(known, CONTEXT), known);
});
