import assert from "node:assert/strict";
import { forgetSecrets, registerSecret } from "../../../../../core/base/redact.ts";
import { S3_WORDS, s3Facts } from "../../../../../adapters/destinations/s3/errors.ts";
import { ApiError } from "../../../../../adapters/destinations/gcs/api.ts";
import { GCS_WORDS, gcsFacts } from "../../../../../adapters/destinations/gcs/errors.ts";
import {
  requestError,
  retryAfterMs,
} from "../../../../../adapters/destinations/kit/request_errors.ts";

const REQUEST = { doing: "write", target: "s3://b/k", permission: "s3:PutObject" };

function aws(name: string, status: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

function s3(error: Error) {
  return requestError(s3Facts(error), REQUEST, S3_WORDS, error);
}

Deno.test("s3 errors: each in its class", () => {
  const cases: readonly (readonly [Error, string, string])[] = [
    [aws("NoSuchBucket", 404), "DESTINATION_NOT_FOUND", "permanent"],
    [aws("SignatureDoesNotMatch", 403), "DESTINATION_AUTH", "auth"],
    [aws("ExpiredToken", 400), "DESTINATION_AUTH", "auth"],
    [aws("AccessDenied", 403), "DESTINATION_AUTH", "auth"],
    [aws("SlowDown", 503), "DESTINATION_FAILED", "capacity"],
    [aws("UnknownError", 429), "DESTINATION_FAILED", "capacity"],
    [aws("UnknownError", 502), "DESTINATION_FAILED", "network"],
    [aws("BadDigest", 400), "DESTINATION_FAILED", "network"],
    [aws("NoSuchUpload", 404), "DESTINATION_FAILED", "network"],
    [aws("EntityTooLarge", 400), "DESTINATION_FULL", "permanent"],
    [aws("PermanentRedirect", 301), "DESTINATION_FAILED", "permanent"],
    [aws("InvalidArgument", 400), "DESTINATION_FAILED", "permanent"],
    [
      Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
      "DESTINATION_UNREACHABLE",
      "network",
    ],
    [new Error("socket hang up"), "DESTINATION_UNREACHABLE", "network"],
    [
      new Error("invalid peer certificate: UnknownIssuer"),
      "DESTINATION_UNREACHABLE",
      "permanent",
    ],
    [new Error("something else"), "DESTINATION_FAILED", "permanent"],
  ];
  for (const [error, code, category] of cases) {
    const found = s3(error);
    assert.deepEqual(
      { code: found.code, category: found.category },
      { code, category },
      error.name,
    );
  }
});

Deno.test("s3 errors: a refusal names the permission, a redirect the setting", () => {
  assert.match(s3(aws("AccessDenied", 403, "Access Denied")).hint ?? "", /s3:PutObject/);
  assert.equal(
    s3(aws("AccessDenied", 403, "Access Denied")).message,
    "cannot write s3://b/k: AccessDenied: Access Denied",
  );
  assert.match(s3(aws("PermanentRedirect", 301)).hint ?? "", /`region`/);
  // A HEAD request's answer has no body, hence no name.
  assert.equal(
    s3(aws("UnknownError", 403, "UnknownError")).message,
    "cannot write s3://b/k: HTTP 403",
  );
});

Deno.test("gcs errors: rate limits are no refusals, a lost session begins anew", () => {
  const api = (status: number, reason: string | null, message: string) => {
    const error = new ApiError({ status, headers: {}, bytes: new Uint8Array() }, {
      reason,
      message,
    });
    return requestError(gcsFacts(error), REQUEST, GCS_WORDS, error);
  };
  assert.equal(api(403, "rateLimitExceeded", "slow down").category, "capacity");
  assert.equal(api(403, "forbidden", "no").category, "auth");
  assert.equal(
    api(404, "notFound", "The specified bucket does not exist.").code,
    "DESTINATION_NOT_FOUND",
  );
  assert.equal(api(404, null, "No such upload").category, "network");
  assert.equal(api(400, "invalid", "Provided MD5 hash doesn't match.").category, "network");
});

Deno.test("retryAfterMs reads seconds and dates, and nothing else", () => {
  assert.equal(retryAfterMs("2"), 2000);
  assert.equal(retryAfterMs(new Date(Date.now() - 5000).toUTCString()), 0);
  const ahead = retryAfterMs(new Date(Date.now() + 10_000).toUTCString()) ?? 0;
  assert.ok(ahead > 8000 && ahead <= 10_000, String(ahead));
  assert.equal(retryAfterMs("soon"), null);
  assert.equal(retryAfterMs(undefined), null);
});

Deno.test("a 404 is about the bucket where nothing else is needed", () => {
  const answer = { status: 404, headers: {}, bytes: new Uint8Array(0) };
  const error = new ApiError(answer, { reason: null, message: "Not Found" });
  const request = { doing: "list", target: "gs://b", permission: "storage.objects.list" };
  const of = (needsBucketOnly: boolean) =>
    requestError(gcsFacts(error), { ...request, needsBucketOnly }, GCS_WORDS, error);
  assert.match(of(true).hint ?? "", /Create the bucket/);
  assert.match(of(false).hint ?? "", /Run again/);
});

Deno.test("a secret of several lines is hidden before the first line is taken", () => {
  const secret = "first-line-of-a-key\nsecond-line-of-a-key";
  registerSecret(secret);
  try {
    assert.doesNotMatch(s3(aws("InvalidArgument", 400, `of ${secret}`)).message, /first-line/);
  } finally {
    forgetSecrets();
  }
});
