/** HTTP/1.1 requests and answers as bytes (RFC 9112), as far as object stores and proxies use them. */
import { excerpt } from "../../../../core/base/redact.ts";
import type { FileRange } from "../file_body.ts";

export interface Origin {
  readonly secure: boolean;
  /** Without brackets around an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
}

/** One request, with all that goes into its bytes but `Host` and the length. */
export interface HttpRequest {
  readonly method: string;
  readonly origin: Origin;
  /** Path and query as they are sent: signatures are made over them. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One after another. Each may be sent again. */
  readonly body: readonly (Uint8Array | FileRange)[];
}

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of several of one name, all, with commas between them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/**
 * Where a connection for the URL leads: an IPv6 address without its brackets, the scheme's port where none
 * is written.
 */
export function originOf({ protocol, hostname, port }: URL): Origin {
  const secure = protocol === "https:";
  return {
    secure,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
  };
}

/** For `Host` and for a proxy: the port only where it is not the protocol's own. */
export function authorityOf({ secure, hostname, port }: Origin): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}

export function bodyLength(body: HttpRequest["body"]): number {
  return body.reduce((sum, part) => sum + part.length, 0);
}

/** Set here, whatever an SDK says: the connection is ours, and every body has a length. */
const OWN_HEADERS = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "expect",
  "accept-encoding",
]);

/** @param target in the absolute form for a proxy, else the request's own. */
export function headOf(
  { method, origin, headers, body }: HttpRequest,
  target: string,
  extra: Readonly<Record<string, string>> = {},
): Uint8Array {
  const length = bodyLength(body);
  const own: Record<string, string> = { ...extra, host: authorityOf(origin) };
  if (length > 0 || method === "PUT" || method === "POST") own["content-length"] = String(length);
  const lines = [`${method} ${target} HTTP/1.1`];
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower === "host") own.host = value;
    else if (!OWN_HEADERS.has(lower)) lines.push(headerLine(name, value));
  }
  for (const [name, value] of Object.entries(own)) lines.push(headerLine(name, value));
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

function headerLine(name: string, value: string): string {
  if (/[\r\n\0]/.test(name + value)) throw new Error(`the header ${name} holds a line break`);
  return `${name}: ${value}`;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The connection may be used again after the body. */
  readonly keepAlive: boolean;
}

/** @param text up to the empty line, one character per byte. */
export function parseHead(text: string): AnswerHead {
  const [first, ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first);
  if (match === null) throw new NotHttp(first);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const connection = (headers.connection ?? "").toLowerCase();
  const keepAlive = match[1] === "1" ? connection !== "close" : connection === "keep-alive";
  return { status: Number(match[2]), headers, keepAlive };
}

/** How an answer's body ends. */
export type BodyEnd =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** With the connection. */
  | { readonly kind: "close" };

export function bodyEnd(method: string, { status, headers }: AnswerHead): BodyEnd {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { kind: "none" };
  }
  if (method === "CONNECT" && status < 300) return { kind: "none" };
  if (/\bchunked$/i.test(headers["transfer-encoding"] ?? "")) return { kind: "chunked" };
  const length = headers["content-length"];
  if (length === undefined) return { kind: "close" };
  if (!/^\d+$/.test(length)) throw new NotHttp(`content-length: ${length}`);
  return { kind: "length", length: Number(length) };
}

/** What answers there speaks something else. */
export class NotHttp extends Error {
  readonly code = "NOT_HTTP";

  constructor(line: string) {
    super(`not an HTTP answer: ${JSON.stringify(excerpt(line, 80))}`);
  }
}

/** The server was spoken to in plain HTTP, and wants TLS. */
export class SpeaksTls extends Error {
  readonly code = "SPEAKS_TLS";

  constructor() {
    super("the server speaks TLS, and was spoken to in plain HTTP");
  }
}

/** What TLS servers answer to plain HTTP: nginx, Go's, Apache, the stores on them. */
export function asksForTls({ status, bytes }: HttpAnswer): boolean {
  return status === 400 &&
    /HTTP request .{0,30}(?:HTTPS|SSL|TLS)[- ](?:server|port|enabled)|speaking plain HTTP to an SSL/i
      .test(new TextDecoder().decode(bytes.subarray(0, 2000)));
}
