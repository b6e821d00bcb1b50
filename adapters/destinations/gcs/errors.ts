/** What errors of the Google Cloud SDK say. */
import {
  type FailureKind,
  type HttpFacts,
  retryAfterMs,
  type StoreWords,
} from "../request_errors.ts";

/** Reasons of the JSON API; `bucket_missing`, `no_credentials` and `damaged` are ours, from messages. */
const CODES: Record<string, FailureKind> = {
  bucket_missing: "no_bucket",
  no_credentials: "credentials",
  invalid_grant: "credentials",
  authError: "credentials",
  required: "credentials",
  forbidden: "permission",
  insufficientPermissions: "permission",
  accountDisabled: "permission",
  rateLimitExceeded: "busy",
  userRateLimitExceeded: "busy",
  backendError: "passing",
  internalError: "passing",
  conditionNotMet: "passing",
  damaged: "passing",
  uploadBrokenConnection: "unreachable",
  quotaExceeded: "full",
  uploadTooLarge: "full",
};

export const GCS_WORDS: StoreWords = {
  codes: CODES,
  credentialsHint: "Check credentials_file, or what Application Default Credentials find " +
    "(GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, the machine's account).",
  bucketHint: "Create the bucket, or correct `bucket`: Rivet makes no buckets.",
  connectivityHint: "Check the network, DNS and `endpoint`.",
  locationHint: "The bucket answers elsewhere: check `endpoint`.",
};

interface GoogleError extends Error {
  readonly code?: number | string;
  readonly status?: number;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
  readonly response?: {
    readonly status?: number;
    readonly headers?: Headers | Record<string, string>;
  };
}

export function gcsFacts(thrown: unknown): HttpFacts {
  if (!(thrown instanceof Error)) {
    return { status: null, code: null, message: String(thrown), retryAfterMs: null };
  }
  const error: GoogleError = thrown;
  const message = error.errors?.[0]?.message ?? error.message;
  return {
    status: statusOf(error),
    code: codeOfMessage(message) ?? error.errors?.[0]?.reason ?? systemCode(error),
    message,
    retryAfterMs: retryAfterMs(retryAfter(error)),
  };
}

function statusOf({ code, status, response }: GoogleError): number | null {
  const found = [code, status, response?.status].map(Number).find((n) => n >= 100 && n < 600);
  return found ?? null;
}

function codeOfMessage(message: string): string | null {
  if (/bucket does not exist/i.test(message)) return "bucket_missing";
  if (/default credentials|invalid_grant|invalid_client/i.test(message)) return "no_credentials";
  return /MD5 hash .*match|checksum/i.test(message) ? "damaged" : null;
}

function systemCode({ code }: GoogleError): string | null {
  return typeof code === "string" && !/^\d+$/.test(code) ? code : null;
}

function retryAfter({ response }: GoogleError): string | null {
  const headers = response?.headers;
  if (headers === undefined) return null;
  return headers instanceof Headers ? headers.get("retry-after") : headers["retry-after"] ?? null;
}

/** The answer to a request about an object that is not there. */
export function isMissingObject(error: unknown): boolean {
  const { status, code } = gcsFacts(error);
  return status === 404 && code !== "bucket_missing";
}
