/** What errors of the AWS SDK say. */
import type { FailureKind, HttpFacts, StoreWords } from "../kit/request_errors.ts";
import { retryAfterMs } from "../kit/request_errors.ts";

const CODES: Record<string, FailureKind> = {
  NoSuchBucket: "no_bucket",
  InvalidBucketName: "no_bucket",
  CredentialsProviderError: "credentials",
  InvalidAccessKeyId: "credentials",
  SignatureDoesNotMatch: "credentials",
  ExpiredToken: "credentials",
  ExpiredTokenException: "credentials",
  InvalidToken: "credentials",
  TokenRefreshRequired: "credentials",
  InvalidSecurity: "credentials",
  NotSignedUp: "credentials",
  RequestTimeTooSkewed: "credentials",
  AccessDenied: "permission",
  AccountProblem: "permission",
  AllAccessDisabled: "permission",
  SlowDown: "busy",
  Throttling: "busy",
  ThrottlingException: "busy",
  RequestLimitExceeded: "busy",
  TooManyRequests: "busy",
  ServiceUnavailable: "busy",
  InternalError: "passing",
  RequestTimeout: "passing",
  OperationAborted: "passing",
  ConditionalRequestConflict: "passing",
  NotImplemented: "unsupported",
  // Damaged or cut on the way, or an upload whose end was done by an answer that got lost.
  BadDigest: "passing",
  InvalidDigest: "passing",
  IncompleteBody: "passing",
  XAmzContentSHA256Mismatch: "passing",
  NoSuchUpload: "passing",
  TimeoutError: "unreachable",
  EntityTooLarge: "full",
  QuotaExceeded: "full",
  XMinioStorageFull: "full",
  PermanentRedirect: "location",
  TemporaryRedirect: "location",
  AuthorizationHeaderMalformed: "location",
  IllegalLocationConstraintException: "location",
};

export const S3_WORDS: StoreWords = {
  codes: CODES,
  credentialsHint:
    "Check access_key_env and secret_key_env, or what the AWS default chain finds (AWS_PROFILE, " +
    "AWS_ACCESS_KEY_ID, the instance's role), and this machine's clock.",
  bucketHint: "Create the bucket, or correct `bucket` and `endpoint`: Rivet makes no buckets.",
  connectivityHint: "Check the network, DNS and `endpoint`.",
  locationHint: "The bucket is in another region: set `region`.",
};

interface AwsError extends Error {
  readonly Code?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Record<string, string> };
}

/** Names of errors that say nothing of the cause: HEAD answers have no body. */
const VAGUE = new Set(["Error", "UnknownError", "Unknown", "NotFound", "AbortError", "Forbidden"]);

export function s3Facts(thrown: unknown): HttpFacts {
  if (!(thrown instanceof Error)) {
    return { status: null, code: null, message: String(thrown), retryAfterMs: null };
  }
  const error: AwsError = thrown;
  const names = [error.Code, error.code, error.name];
  const code = names.find((name) => name !== undefined && !VAGUE.has(name) && !/^\d+$/.test(name));
  const message = error.message === "UnknownError" ? "" : error.message;
  return {
    status: error.$metadata?.httpStatusCode ?? null,
    code: code ?? null,
    message,
    retryAfterMs: retryAfterMs(error.$response?.headers?.["retry-after"]),
  };
}

/** The answer to a request about an object that is not there. */
export function isMissingObject(error: unknown): boolean {
  const { status, code } = s3Facts(error);
  return code === "NoSuchKey" || (status === 404 && code === null);
}

/** The answer to a conditional write where an object is there. */
export function isTaken(error: unknown): boolean {
  const { status, code } = s3Facts(error);
  return status === 412 || code === "PreconditionFailed";
}

export function isMissingUpload(error: unknown): boolean {
  return s3Facts(error).code === "NoSuchUpload";
}

/** A refusal without a word of why. */
export function isUnexplained(error: unknown): boolean {
  const { status, code } = s3Facts(error);
  return (status === 403 || status === 400) && code === null;
}
