/**
 * Authorized requests to Cloud Storage's JSON API. Statuses from 400 are errors; 308 is an answer: a
 * resumable upload goes on.
 */
import { excerpt } from "../../../core/base/redact.ts";
import type { HttpClient } from "../kit/http/client.ts";
import { type HttpAnswer, type HttpRequest, originOf } from "../kit/http/message.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
}

/** A refusal or failure that the service answered with. */
export class ApiError extends Error {
  readonly status: number;
  /** The API's word for it, e.g. `forbidden`; null when the answer has none. */
  readonly reason: string | null;
  readonly retryAfter: string | null;

  constructor(answer: HttpAnswer, facts: { reason: string | null; message: string }) {
    super(facts.message);
    this.status = answer.status;
    this.reason = facts.reason;
    this.retryAfter = answer.headers["retry-after"] ?? null;
  }
}

/** Headers that authorize a request to `url`; none for an emulator. */
export type Authorize = (url: URL) => Promise<Record<string, string>>;

export class GcsApi {
  readonly #client: HttpClient;
  readonly #authorize: Authorize;

  constructor(client: HttpClient, authorize: Authorize) {
    this.#client = client;
    this.#authorize = authorize;
  }

  /** @throws ApiError for a status from 400; what `HttpClient.send` throws when there was no answer. */
  async send({ method, url, headers, body = [] }: ApiRequest): Promise<HttpAnswer> {
    const authorization = await this.#authorize(url);
    const answer = await this.#client.send({
      method,
      origin: originOf(url),
      target: url.pathname + url.search,
      headers: { ...headers, ...authorization },
      body,
    });
    if (answer.status >= 400) throw new ApiError(answer, errorFacts(answer));
    return answer;
  }

  close(): void {
    this.#client.close();
  }
}

function errorFacts({ status, bytes }: HttpAnswer): { reason: string | null; message: string } {
  const text = new TextDecoder().decode(bytes);
  try {
    const { error } = JSON.parse(text);
    return {
      reason: error?.errors?.[0]?.reason ?? null,
      message: String(error?.message ?? `HTTP ${status}`),
    };
  } catch {
    // Proxies, and uploads in some cases, answer in plain text.
    return { reason: null, message: excerpt(text, 200) || `HTTP ${status}` };
  }
}
