/** What errors of the Azure SDK say. */
import { RestError } from "@azure/storage-blob";
import {
  type FailureKind,
  type HttpFacts,
  retryAfterMs,
  type StoreWords,
} from "../kit/request_errors.ts";

const CODES: Record<string, FailureKind> = {
  ContainerNotFound: "no_bucket",
  ContainerBeingDeleted: "no_bucket",
  ContainerDisabled: "no_bucket",
  InvalidResourceName: "no_bucket",
  AuthenticationFailed: "credentials",
  InvalidAuthenticationInfo: "credentials",
  NoAuthenticationInformation: "credentials",
  CredentialUnavailableError: "credentials",
  ChainedTokenCredentialError: "credentials",
  AggregateAuthenticationError: "credentials",
  AuthenticationRequiredError: "credentials",
  AuthenticationError: "credentials",
  AccountIsDisabled: "permission",
  // A key that is not the account's, and a storage firewall: the account does not say which.
  AuthorizationFailure: "credentials",
  AuthorizationPermissionMismatch: "permission",
  AuthorizationProtocolMismatch: "permission",
  AuthorizationResourceTypeMismatch: "permission",
  AuthorizationServiceMismatch: "permission",
  AuthorizationSourceIPMismatch: "permission",
  InsufficientAccountPermissions: "permission",
  BlobImmutableDueToPolicy: "permission",
  ServerBusy: "busy",
  AccountBeingCreated: "busy",
  InternalError: "passing",
  OperationTimedOut: "passing",
  // Damaged or cut on the way.
  Md5Mismatch: "passing",
  IncompleteBody: "passing",
  PARSE_ERROR: "passing",
  REQUEST_SEND_ERROR: "unreachable",
  RequestBodyTooLarge: "full",
  BlockCountExceedsLimit: "full",
};

export const AZURE_WORDS: StoreWords = {
  codes: CODES,
  credentialsHint:
    "Check the account's name and its key, SAS token (has it expired?) or connection string, or what " +
    "the default identity chain finds (AZURE_CLIENT_ID, a managed identity, `az login`). A storage " +
    "firewall that keeps this machine out answers alike.",
  bucketHint: "Create the container, or correct `bucket`: Rivet makes no containers.",
  connectivityHint: "Check the network, DNS, `account_name` and `endpoint`.",
  locationHint: "The account answers elsewhere: set `endpoint`.",
};

export function azureFacts(thrown: unknown): HttpFacts {
  if (!(thrown instanceof Error)) {
    return { status: null, code: null, message: String(thrown), retryAfterMs: null };
  }
  if (thrown instanceof RestError) {
    const headers = thrown.response?.headers;
    return {
      status: thrown.statusCode ?? null,
      code: headers?.get("x-ms-error-code") ?? thrown.code ?? null,
      message: thrown.message,
      retryAfterMs: retryAfterMs(headers?.get("retry-after")),
    };
  }
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : thrown.name;
  return {
    status: null,
    code: code === "Error" ? null : code,
    message: thrown.message,
    retryAfterMs: null,
  };
}

/** The answer to a request about a blob that is not there. */
export function isMissingBlob(error: unknown): boolean {
  const { status, code } = azureFacts(error);
  return status === 404 && CODES[code ?? ""] === undefined;
}

/** The answer to a conditional write where a blob is there. */
export function isTaken(error: unknown): boolean {
  const { status, code } = azureFacts(error);
  return status === 412 || code === "BlobAlreadyExists";
}
