import assert from "node:assert/strict";
import { classify } from "../../../../../adapters/sources/postgres/errors.ts";
import { TlsError } from "../../../../../adapters/sources/kit/tls_failure.ts";
import { RivetError } from "../../../../../core/base/errors.ts";

const CONTEXT = { address: "db:5432", statementTimeoutMs: 0, elapsedMs: 0 };

function verdict(code: string | undefined, message = "it failed", context = CONTEXT): string {
  const error = classify(Object.assign(new Error(message), { code }), context);
  return `${error.code} ${error.category}`;
}

const CASES: readonly (readonly [code: string, expected: string, message?: string])[] = [
  ["08006", "SOURCE_DISCONNECTED disconnect"],
  ["08P01", "SOURCE_QUERY permanent"],
  ["08P01", "SOURCE_AUTH auth", "no such user: bob"],
  ["08P01", "SOURCE_CAPACITY capacity", "no more connections allowed (max_client_conn)"],
  ["22P02", "SOURCE_QUERY permanent"],
  ["25006", "SOURCE_QUERY permanent"],
  ["25P03", "SOURCE_DISCONNECTED disconnect"],
  ["28P01", "SOURCE_AUTH auth"],
  ["28000", "SOURCE_AUTH auth"],
  ["3D000", "SOURCE_OBJECT_NOT_FOUND permanent"],
  ["40001", "SOURCE_DEADLOCK deadlock"],
  ["40P01", "SOURCE_DEADLOCK deadlock"],
  ["42501", "SOURCE_PERMISSION auth"],
  ["42601", "SOURCE_QUERY permanent"],
  ["42P01", "SOURCE_OBJECT_NOT_FOUND permanent"],
  ["42703", "SOURCE_OBJECT_NOT_FOUND permanent"],
  ["53300", "SOURCE_CAPACITY capacity"],
  ["55P03", "SOURCE_TIMEOUT timeout"],
  ["57P01", "SOURCE_DISCONNECTED capacity"],
  ["57P03", "SOURCE_CAPACITY capacity"],
  ["XX000", "SOURCE_QUERY permanent"],
  ["ECONNREFUSED", "SOURCE_UNREACHABLE network"],
  ["ENOTFOUND", "SOURCE_UNREACHABLE network"],
  ["ETIMEDOUT", "SOURCE_UNREACHABLE network"],
  ["ECONNRESET", "SOURCE_DISCONNECTED disconnect"],
  // As long as a SQLSTATE, but a system error.
  ["EPIPE", "SOURCE_DISCONNECTED disconnect"],
  ["CONNECTION_CLOSED", "SOURCE_DISCONNECTED disconnect"],
];

for (const [code, expected, message] of CASES) {
  Deno.test(`errors: ${code}${message === undefined ? "" : ` "${message}"`} is ${expected}`, () => {
    assert.equal(verdict(code, message), expected);
  });
}

Deno.test("errors: by message only when no code says it; unknown is permanent", () => {
  assert.equal(
    verdict(undefined, "server closed: connection reset"),
    "SOURCE_DISCONNECTED disconnect",
  );
  assert.equal(verdict(undefined), "SOURCE_QUERY permanent");
  assert.equal(classify("text", CONTEXT).message, "PostgreSQL: text");
});

Deno.test("errors: a cancelled statement says by whom", () => {
  const cancelled = Object.assign(new Error("canceling statement"), { code: "57014" });
  const own = classify(cancelled, { ...CONTEXT, statementTimeoutMs: 2000, elapsedMs: 2003 });
  assert.deepEqual([own.code, own.category], ["SOURCE_TIMEOUT", "permanent"]);
  assert.match(own.hint ?? "", /statement_timeout_s \(2 s\)/);
  const other = classify(cancelled, { ...CONTEXT, statementTimeoutMs: 2000, elapsedMs: 500 });
  assert.match(other.hint ?? "", /Somebody cancelled/);
});

Deno.test("errors: TLS, hints and what is already classified", () => {
  assert.equal(classify(new TlsError("bad certificate"), CONTEXT).code, "SOURCE_TLS");
  const denied = classify(
    Object.assign(new Error("permission denied"), { code: "42501" }),
    CONTEXT,
  );
  assert.match(denied.hint ?? "", /GRANT SELECT ON/);
  const hinted = Object.assign(new Error("no column"), {
    code: "42703",
    hint: "Perhaps you meant x.",
  });
  assert.equal(classify(hinted, CONTEXT).hint, "Perhaps you meant x.");
  const conflict = classify(
    Object.assign(new Error("canceling statement due to conflict with recovery"), {
      code: "40001",
      hint: "In a moment you should be able to reconnect.",
    }),
    CONTEXT,
  );
  assert.match(conflict.hint ?? "", /max_standby_streaming_delay/);
  const hidden = Object.assign(new Error("query would be affected by row-level security policy"), {
    code: "42501",
  });
  assert.match(classify(hidden, CONTEXT).hint ?? "", /BYPASSRLS/);
  const known = new RivetError("INTERRUPTED", "stop");
  assert.equal(classify(known, CONTEXT), known);
});
