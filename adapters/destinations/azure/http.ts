/** What the Azure SDK sends its requests with: the HTTP client of the destination. */
import type { TokenCredentialOptions } from "@azure/identity";
import type { HttpOperationResponse, IHttpClient, WebResource } from "@azure/storage-blob";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { RangeBody } from "../kit/file_body.ts";
import type { HttpClient } from "../kit/http/client.ts";
import { type HttpAnswer, type HttpRequest, originOf } from "../kit/http/message.ts";

type IdentityClient = NonNullable<TokenCredentialOptions["httpClient"]>;
type IdentityAnswer = Awaited<ReturnType<IdentityClient["sendRequest"]>>;

/** For requests to the blob service. */
export function storageClient(client: HttpClient): IHttpClient {
  return {
    async sendRequest(request: WebResource): Promise<HttpOperationResponse> {
      const answer = await client.send(
        httpRequest(request, request.headers.toJson({ preserveCase: true })),
      );
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      for (const [name, value] of Object.entries(answer.headers)) headers.set(name, value);
      return { request, status: answer.status, headers, ...contentOf(request, answer) };
    },
  };
}

/** For requests that find an identity and its tokens. */
export function identityClient(client: HttpClient): IdentityClient {
  return {
    async sendRequest(request): Promise<IdentityAnswer> {
      const answer = await client.send(
        httpRequest(request, request.headers.toJSON({ preserveCase: true })),
      );
      const headers = new AnswerHeaders(Object.entries(answer.headers));
      return { request, status: answer.status, headers, ...contentOf(request, answer) };
    },
  };
}

function httpRequest(
  { method, url, body }: { readonly method: string; readonly url: string; readonly body?: unknown },
  headers: Record<string, string>,
): HttpRequest {
  const parsed = new URL(url);
  return {
    method,
    origin: originOf(parsed),
    target: parsed.pathname + parsed.search,
    headers,
    body: bodyOf(body),
  };
}

function bodyOf(body: unknown): HttpRequest["body"] {
  if (body === undefined || body === null || body === "") return [];
  if (typeof body === "function") return bodyOf(body());
  if (body instanceof RangeBody) return [body.range];
  if (body instanceof Uint8Array) return [body];
  if (typeof body === "string") return [new TextEncoder().encode(body)];
  throw new Error("a request with a body of another kind");
}

function contentOf(
  { method, streamResponseStatusCodes: streamed }: {
    readonly method: string;
    readonly streamResponseStatusCodes?: Set<number>;
  },
  { status, bytes }: HttpAnswer,
): { readonly bodyAsText?: string; readonly readableStreamBody?: Readable } {
  if (method === "HEAD") return {};
  if (streamed?.has(status) || streamed?.has(Number.POSITIVE_INFINITY)) {
    return { readableStreamBody: Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)]) };
  }
  return { bodyAsText: new TextDecoder().decode(bytes) };
}

/** Names in lower case, as they come. */
class AnswerHeaders extends Map<string, string> {
  toJSON(): Record<string, string> {
    return Object.fromEntries(this);
  }

  override get(name: string): string | undefined {
    return super.get(name.toLowerCase());
  }

  override has(name: string): boolean {
    return super.has(name.toLowerCase());
  }

  override set(name: string, value: string | number | boolean): this {
    return super.set(name.toLowerCase(), String(value));
  }

  override delete(name: string): boolean {
    return super.delete(name.toLowerCase());
  }
}
