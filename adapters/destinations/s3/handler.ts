/** What the AWS SDK sends its requests with: the HTTP client of the destination. */
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { RangeBody } from "../kit/file_body.ts";
import type { HttpClient } from "../kit/http/client.ts";
import type { HttpRequest } from "../kit/http/message.ts";

type Handler = Extract<S3ClientConfig["requestHandler"], { handle: unknown }>;
type SdkRequest = Parameters<Handler["handle"]>[0];
type SdkAnswer = Awaited<ReturnType<Handler["handle"]>>;

export function sdkHandler(client: HttpClient): Handler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request: SdkRequest): Promise<SdkAnswer> {
      const { status, headers, bytes } = await client.send(httpRequest(request));
      const body = Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)]);
      return { response: { statusCode: status, headers: { ...headers }, body } };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => client.close(),
  } as Handler;
}

function httpRequest(request: SdkRequest): HttpRequest {
  const { method, protocol, hostname, port, path, query, headers, body } = request;
  const secure = protocol === "https:";
  return {
    method,
    origin: {
      secure,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port ?? (secure ? 443 : 80),
    },
    target: `${path === "" ? "/" : path}${queryString(query ?? {})}`,
    headers,
    body: bodyOf(body),
  };
}

/** Encoded as the SDK encodes it when it signs. */
function queryString(query: NonNullable<SdkRequest["query"]>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.map((one) => one === null ? escaped(name) : `${escaped(name)}=${escaped(one)}`);
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function bodyOf(body: unknown): HttpRequest["body"] {
  if (body === undefined || body === null) return [];
  if (body instanceof RangeBody) return [body.range];
  if (body instanceof Uint8Array) return [body];
  if (typeof body === "string") return [new TextEncoder().encode(body)];
  throw new Error("a request with a body of another kind");
}
