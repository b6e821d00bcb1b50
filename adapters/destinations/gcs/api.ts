/**
 * Authorized requests to Cloud Storage's JSON API, with streamed bodies of a known length. Statuses from
 * 400 are errors; 308 is an answer: a resumable upload goes on.
 */
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ResponseCut } from "../kit/request_errors.ts";
import type { Attempt } from "../kit/requests.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** One after another; together `contentLength` bytes. */
  readonly body?: readonly (Uint8Array | Readable)[];
  readonly contentLength?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Uint8Array;
}

/** A refusal or failure that the service answered with. */
export class ApiError extends Error {
  readonly status: number;
  /** The API's word for it, e.g. `forbidden`; null when the answer has none. */
  readonly reason: string | null;
  readonly retryAfter: string | null;

  constructor(answer: ApiAnswer, facts: { reason: string | null; message: string }) {
    super(facts.message);
    this.status = answer.status;
    this.reason = facts.reason;
    const header = answer.headers["retry-after"];
    this.retryAfter = typeof header === "string" ? header : null;
  }
}

/** Headers that authorize a request to `url`; none for an emulator. */
export type Authorize = (url: URL) => Promise<Record<string, string>>;

export class GcsApi {
  readonly #authorize: Authorize;
  readonly #agents = {
    "http:": new http.Agent({ keepAlive: true }),
    "https:": new https.Agent({ keepAlive: true }),
  };

  constructor(authorize: Authorize) {
    this.#authorize = authorize;
  }

  /** @throws ApiError for a status from 400; an error of the runtime when there was no answer. */
  async send(request: ApiRequest, attempt: Attempt): Promise<ApiAnswer> {
    const authorization = await this.#authorize(request.url);
    const answer = await this.#exchange(request, authorization, attempt);
    if (answer.status >= 400) throw new ApiError(answer, errorFacts(answer));
    return answer;
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #exchange(
    { method, url, headers, body = [], contentLength = 0 }: ApiRequest,
    authorization: Record<string, string>,
    { signal, moved }: Attempt,
  ): Promise<ApiAnswer> {
    const secure = url.protocol === "https:";
    const request = (secure ? https : http).request(url, {
      method,
      headers: { ...headers, ...authorization, "content-length": String(contentLength) },
      agent: this.#agents[secure ? "https:" : "http:"],
      signal,
    });
    const answered = Promise.withResolvers<http.IncomingMessage>();
    request.on("response", answered.resolve);
    request.on("error", answered.reject);
    answered.promise.catch(() => {});
    // A service may refuse before it has taken the whole body: its answer tells more.
    const sent = pipeline(Readable.from(concatenated(body), { objectMode: false }), request)
      .catch(answered.reject);
    const response = await answered.promise;
    const bytes = await readAll(response, moved);
    await sent;
    return { status: response.statusCode ?? 0, headers: response.headers, bytes };
  }
}

async function* concatenated(
  parts: readonly (Uint8Array | Readable)[],
): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Uint8Array) yield part;
    else yield* part;
  }
}

async function readAll(response: http.IncomingMessage, moved: () => void): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    moved();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const announced = response.headers["content-length"];
  if (announced !== undefined && Number(announced) !== bytes.length) throw new ResponseCut();
  return bytes;
}

function errorFacts({ status, bytes }: ApiAnswer): { reason: string | null; message: string } {
  const text = new TextDecoder().decode(bytes);
  try {
    const { error } = JSON.parse(text);
    return {
      reason: error?.errors?.[0]?.reason ?? null,
      message: String(error?.message ?? `HTTP ${status}`),
    };
  } catch {
    // Proxies, and uploads in some cases, answer in plain text.
    return { reason: null, message: text.slice(0, 200) || `HTTP ${status}` };
  }
}
