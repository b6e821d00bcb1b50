/** What errors of the Google Cloud SDK say. */
import {
  type FailureKind,
  type HttpFacts,
  retryAfterMs,
  type StoreWords,
} from "../kit/request_errors.ts";
import { ApiError } from "./api.ts";

/** Reasons of the JSON API; those with an underscore are ours, from messages. */
const CODES: Record<string, FailureKind> = {
  bucket_missing: "no_bucket",
  no_credentials: "credentials",
  damaged_key: "credentials",
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
  upload_lost: "passing",
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

export function gcsFacts(thrown: unknown): HttpFacts {
  if (!(thrown instanceof Error)) {
    return { status: null, code: null, message: String(thrown), retryAfterMs: null };
  }
  const { message } = thrown;
  if (thrown instanceof ApiError) {
    const { status, reason, retryAfter } = thrown;
    const code = codeOfMessage(message) ?? reason;
    return { status, code, message, retryAfterMs: retryAfterMs(retryAfter) };
  }
  // While finding a token: the authentication library's errors, and the runtime's.
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : null;
  const status = "status" in thrown && typeof thrown.status === "number" ? thrown.status : null;
  return { status, code: codeOfMessage(message) ?? code, message, retryAfterMs: null };
}

/** Other bytes than were sent arrived, and nobody noticed on the way. */
export class Damaged extends Error {
  readonly code = "damaged";
}

/** Nothing can be signed with it. */
export class DamagedKey extends Error {
  readonly code = "damaged_key";

  constructor(cause: unknown) {
    super("the private key of the credentials that were found is damaged", { cause });
  }
}

/** What the API says by its messages alone. */
function codeOfMessage(message: string): string | null {
  if (/bucket does not exist/i.test(message)) return "bucket_missing";
  if (/default credentials|invalid_grant|invalid_client/i.test(message)) return "no_credentials";
  if (/No such upload|upload .*not found/i.test(message)) return "upload_lost";
  return /MD5 hash .*match|checksum/i.test(message) ? "damaged" : null;
}

/** The answer to a request about an object that is not there. */
export function isMissingObject(error: unknown): boolean {
  const { status, code } = gcsFacts(error);
  return status === 404 && code !== "bucket_missing";
}

/** The answer to a conditional write where an object is there. */
export function isTaken(error: unknown): boolean {
  return gcsFacts(error).status === 412;
}
