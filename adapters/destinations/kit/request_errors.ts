/** A store's refusals and failures as `DestinationError`s: one classification, the words per store. */
import {
  DestinationError,
  type ErrorCategory,
  type ErrorCode,
  type RivetErrorOptions,
} from "../../../core/base/errors.ts";
import { redact } from "../../../core/base/redact.ts";
import type { Request } from "./request.ts";

/** What an SDK's error says, in terms of HTTP. */
export interface HttpFacts {
  /** null when there was no answer. */
  readonly status: number | null;
  /** The store's error code (`NoSuchBucket`), or the system's (`ECONNRESET`). */
  readonly code: string | null;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** Why a request came to nothing, in the same few kinds for every store. */
export type FailureKind =
  | "no_bucket"
  | "credentials"
  | "permission"
  | "busy"
  | "passing"
  | "unreachable"
  | "untrusted"
  | "full"
  | "gone"
  | "location"
  | "not_tls"
  | "tls"
  | "not_http"
  | "proxy"
  /** The store does not know what it was asked for. */
  | "unsupported"
  | "other";

/** What differs between stores. */
export interface StoreWords {
  /** The store's own error codes; what is not among them is judged by its HTTP status. */
  readonly codes: Readonly<Record<string, FailureKind>>;
  /** How to give credentials that are valid. */
  readonly credentialsHint: string;
  /** `bucket` or `container`, and how it is named in the configuration. */
  readonly bucketHint: string;
  readonly connectivityHint: string;
  /** What to do when the bucket lives elsewhere. */
  readonly locationHint: string;
}

const CLASSES: Record<FailureKind, readonly [ErrorCode, ErrorCategory]> = {
  no_bucket: ["DESTINATION_NOT_FOUND", "permanent"],
  credentials: ["DESTINATION_AUTH", "auth"],
  permission: ["DESTINATION_AUTH", "auth"],
  busy: ["DESTINATION_FAILED", "capacity"],
  passing: ["DESTINATION_FAILED", "network"],
  unreachable: ["DESTINATION_UNREACHABLE", "network"],
  untrusted: ["DESTINATION_UNREACHABLE", "permanent"],
  not_tls: ["DESTINATION_UNREACHABLE", "permanent"],
  tls: ["DESTINATION_UNREACHABLE", "permanent"],
  not_http: ["DESTINATION_UNREACHABLE", "permanent"],
  proxy: ["DESTINATION_UNREACHABLE", "permanent"],
  full: ["DESTINATION_FULL", "permanent"],
  gone: ["DESTINATION_NOT_FOUND", "permanent"],
  location: ["DESTINATION_FAILED", "permanent"],
  unsupported: ["DESTINATION_FAILED", "permanent"],
  other: ["DESTINATION_FAILED", "permanent"],
};

/** Codes of the runtime and of DNS, which all stores share. */
const SYSTEM_CODES: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: "unreachable",
  ECONNRESET: "unreachable",
  ECONNABORTED: "unreachable",
  EPIPE: "unreachable",
  ETIMEDOUT: "unreachable",
  ESOCKETTIMEDOUT: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  ERR_STREAM_PREMATURE_CLOSE: "unreachable",
  UND_ERR_SOCKET: "unreachable",
  NOT_HTTP: "not_http",
  SPEAKS_TLS: "tls",
  PROXY_AUTH: "proxy",
  PROXY_REFUSED: "proxy",
};

/** For connections that broke without a code. */
const BROKEN =
  /socket hang ?up|connection (?:error|reset|refused|closed|was aborted)|reset by peer|broken pipe|network (?:error|timeout)|error sending request|premature(?: close|ly closed)|unexpected (?:eof|end of)|incomplete message|aborted|timed? ?out|dns error|failed to lookup/i;
const UNTRUSTED = /certificate|UnknownIssuer|self.signed|altname/i;
const NOT_TLS = /InvalidContentType|corrupt message|wrong version number/i;

function kindOf(facts: HttpFacts, words: StoreWords): FailureKind {
  const { code, status, message } = facts;
  if (status === null && UNTRUSTED.test(message)) return "untrusted";
  if (status === null && NOT_TLS.test(message)) return "not_tls";
  const known = code === null ? undefined : words.codes[code] ?? SYSTEM_CODES[code];
  if (known !== undefined) return known;
  if (status === null || status < 300) return BROKEN.test(message) ? "unreachable" : "other";
  return kindOfStatus(status);
}

function kindOfRequest(facts: HttpFacts, request: Request, words: StoreWords): FailureKind {
  const kind = kindOf(facts, words);
  return kind === "gone" && request.needsBucketOnly === true ? "no_bucket" : kind;
}

function kindOfStatus(status: number): FailureKind {
  if (status === 401) return "credentials";
  if (status === 403) return "permission";
  if (status === 404) return "gone";
  if (status === 429 || status === 503) return "busy";
  if (status === 507) return "full";
  if (status === 501) return "unsupported";
  if (status >= 300 && status < 400) return "location";
  return status === 408 || status >= 500 ? "passing" : "other";
}

function hintFor(kind: FailureKind, request: Request, words: StoreWords): string | undefined {
  switch (kind) {
    case "no_bucket":
      return words.bucketHint;
    case "credentials":
      return words.credentialsHint;
    case "permission":
      return `The credentials lack ${request.permission} there. Grant it, or use others.`;
    case "busy":
      return "The store asks for fewer requests: lower `parallel`, or run again later.";
    case "passing":
      return "The store failed and asks to be tried again. Run again later.";
    case "unreachable":
      return words.connectivityHint;
    case "untrusted":
      return "Its TLS certificate is not trusted here. Name the authority's certificate in `ca_file`, " +
        "or set DENO_TLS_CA_STORE=system where the machine trusts it.";
    case "not_tls":
      return "It does not speak TLS there: write http:// in `endpoint`, or the port that does.";
    case "tls":
      return "It speaks TLS there: write https:// in `endpoint`.";
    case "not_http":
      return "Something else than the store answers there: check `endpoint` and its port.";
    case "proxy":
      return "The proxy of HTTPS_PROXY or HTTP_PROXY did not let the request through: check its user " +
        "and password, or exempt the host in NO_PROXY.";
    case "full":
      return "Raise the quota or the size limit there, or write smaller files (`max_file_size`).";
    case "gone":
      return "Something removed it while it was in use. Run again.";
    case "location":
      return words.locationHint;
    case "unsupported":
    case "other":
      return undefined;
  }
}

/** What a store refused or failed at, in its kind. */
export class StoreError extends DestinationError {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options: RivetErrorOptions) {
    const [code, category] = CLASSES[kind];
    super(code, message, { category, ...options });
    this.kind = kind;
  }
}

/** @param cause the SDK's error. */
export function requestError(
  facts: HttpFacts,
  request: Request,
  words: StoreWords,
  cause: unknown,
): StoreError {
  const kind = kindOfRequest(facts, request, words);
  const native = facts.code ?? (facts.status === null ? undefined : `HTTP ${facts.status}`);
  return new StoreError(kind, `cannot ${request.doing} ${request.target}: ${reason(facts)}`, {
    hint: hintFor(kind, request, words),
    nativeCode: native,
    cause,
  });
}

function reason({ code, status, message }: HttpFacts): string {
  // Hidden first: a secret may have several lines.
  const text = redact(message).split("\n", 1)[0].trim();
  const label = code ?? (status === null ? "" : `HTTP ${status}`);
  if (text === "" || text === label) return label === "" ? "unknown error" : label;
  return label === "" || text.includes(label) ? text : `${label}: ${text}`;
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; null for anything else. */
export function retryAfterMs(header: string | null | undefined): number | null {
  if (header === null || header === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** An answer that ended before its announced length. */
export class ResponseCut extends Error {
  readonly code = "ERR_STREAM_PREMATURE_CLOSE";

  constructor() {
    super("the answer was cut off");
  }
}
