/**
 * Requests to an Iceberg REST catalog.
 * https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml
 */
import { type ErrorCategory, RETRY_POLICIES, RivetError } from "../../../core/base/errors.ts";
import { excerpt, redact, registerPassword, registerSecret } from "../../../core/base/redact.ts";
import { delay, interrupted } from "../../../core/base/wait.ts";
import { formatJson, type Json, type JsonObject, parseJson } from "./json.ts";

export interface RestSettings {
  readonly attempts: number;
  /** Of one attempt, its answer included. */
  readonly timeoutMs: number;
  /** Before the second attempt; doubles with each. */
  readonly backoffMs: number;
}

export const REST_SETTINGS: RestSettings = { attempts: 4, timeoutMs: 60_000, backoffMs: 500 };

/** How the catalog knows us; resolved, with no secret left in the environment's hands. */
export interface RestAccess {
  readonly uri: string;
  readonly warehouse: string | null;
  readonly token: string | null;
  /** For OAuth2 client credentials. */
  readonly credential: { readonly id: string | null; readonly secret: string } | null;
  readonly oauthUri: string | null;
  readonly scope: string;
}

/** A refusal or failure that the catalog answered with, or no answer. */
export class CatalogError extends RivetError {
  override readonly name = "CatalogError";
  /** 0: there was no answer. */
  readonly status: number;

  constructor(status: number, doing: string, reason: string, cause?: unknown) {
    const { code, category, hint } = classOf(status);
    super(code, `cannot ${doing}: ${reason}`, {
      category,
      hint,
      cause,
      nativeCode: status === 0 ? undefined : `HTTP ${status}`,
    });
    this.status = status;
  }

  /** Whether nobody knows what came of a request that changes something. */
  get ambiguous(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

interface ErrorClass {
  readonly code: "DESTINATION_AUTH" | "DESTINATION_UNREACHABLE" | "DESTINATION_FAILED";
  readonly category: ErrorCategory;
  readonly hint?: string;
}

function classOf(status: number): ErrorClass {
  if (status === 401 || status === 419) {
    const hint = "Check the variable of token_env or credential_env: the catalog does not take it.";
    return { code: "DESTINATION_AUTH", category: "auth", hint };
  }
  if (status === 403) {
    const hint = "Grant the catalog's role what it lacks: load, create and commit tables.";
    return { code: "DESTINATION_AUTH", category: "auth", hint };
  }
  if (status === 0) {
    const hint = "Check table_format.catalog's address, and that the catalog is up.";
    return { code: "DESTINATION_UNREACHABLE", category: "network", hint };
  }
  if (status === 429 || status === 503) return { code: "DESTINATION_FAILED", category: "capacity" };
  if (status >= 500) return { code: "DESTINATION_FAILED", category: "network" };
  return { code: "DESTINATION_FAILED", category: "permanent" };
}

export interface RestRequest {
  readonly method: "GET" | "POST";
  /** Below `/v1`, its segments escaped. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For messages: `load the table shop.orders`. */
  readonly doing: string;
  /** Only what changes nothing, or nothing the second time. */
  readonly repeats: boolean;
}

/** Whoever holds a token may commit: those of which there may be one are told to the redaction. */
function secret(text: string): string {
  registerSecret(text);
  registerPassword(text);
  return text;
}

export class RestClient {
  readonly #access: RestAccess;
  readonly #settings: RestSettings;
  readonly #signal: AbortSignal;
  #token: string | null;
  /** Of the catalog's own configuration. */
  #base: string | null = null;

  constructor(access: RestAccess, signal: AbortSignal, settings: RestSettings = REST_SETTINGS) {
    this.#access = access;
    this.#settings = settings;
    this.#signal = signal;
    this.#token = access.token;
  }

  /** @throws CatalogError; RivetError INTERRUPTED */
  async send(request: RestRequest): Promise<JsonObject> {
    const base = await this.#configured();
    return this.#authorized(`${base}${request.path}`, request);
  }

  /** Where requests go: the catalog says it, by the warehouse. */
  async #configured(): Promise<string> {
    if (this.#base !== null) return this.#base;
    const { uri, warehouse } = this.#access;
    const root = uri.replace(/\/+$/, "");
    const query = warehouse === null ? "" : `?warehouse=${encodeURIComponent(warehouse)}`;
    const config = await this.#configuration(`${root}/v1/config${query}`);
    const settings = {
      ...config.defaults as Record<string, string> | undefined,
      ...config.overrides as Record<string, string> | undefined,
    };
    const prefix = settings.prefix === undefined || settings.prefix === ""
      ? ""
      : `/${settings.prefix.split("/").map(encodeURIComponent).join("/")}`;
    return this.#base = `${(settings.uri ?? root).replace(/\/+$/, "")}/v1${prefix}`;
  }

  async #configuration(url: string): Promise<JsonObject> {
    try {
      return await this.#authorized(url, {
        method: "GET",
        path: "",
        doing: "ask the catalog for its configuration",
        repeats: true,
      });
    } catch (error) {
      // Not to be taken for a table that is missing.
      if (!(error instanceof CatalogError) || ![400, 404].includes(error.status)) throw error;
      throw new RivetError("DESTINATION_NOT_FOUND", error.message, {
        category: "permanent",
        hint: "Check table_format.catalog: the address, with its path, and the warehouse.",
        cause: error,
      });
    }
  }

  async #authorized(url: string, request: RestRequest): Promise<JsonObject> {
    for (let renewed = false;; renewed = true) {
      const token = await this.#authorization();
      try {
        return await this.#attempts(url, request, {
          ...request.headers,
          accept: "application/json",
          "content-type": "application/json",
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        }, request.body === undefined ? undefined : formatJson(request.body));
      } catch (error) {
        const expired = error instanceof CatalogError && [401, 419].includes(error.status);
        if (!expired || renewed || this.#access.credential === null) throw error;
        this.#token = null;
      }
    }
  }

  async #authorization(): Promise<string | null> {
    const { credential, oauthUri, scope, uri } = this.#access;
    if (this.#token !== null || credential === null) return this.#token;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      ...(credential.id === null ? {} : { client_id: credential.id }),
      client_secret: credential.secret,
      scope,
    });
    const answer = await this.#attempts(
      oauthUri ?? `${uri.replace(/\/+$/, "")}/v1/oauth/tokens`,
      { method: "POST", path: "", doing: "get a token for the catalog", repeats: true },
      { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      form.toString(),
    );
    const { access_token: token } = answer;
    if (typeof token !== "string" || token === "") {
      throw new CatalogError(401, "get a token for the catalog", "the answer has no access_token");
    }
    return this.#token = secret(token);
  }

  async #attempts(
    url: string,
    request: RestRequest,
    headers: Record<string, string>,
    body: string | undefined,
  ): Promise<JsonObject> {
    const { attempts, backoffMs } = this.#settings;
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#once(url, request, headers, body);
      } catch (error) {
        if (!(error instanceof CatalogError)) throw error;
        const again = request.repeats && RETRY_POLICIES[error.category].retry;
        if (!again || attempt >= attempts) throw error;
      }
      await delay(backoffMs * 2 ** (attempt - 1), this.#signal);
    }
  }

  async #once(
    url: string,
    { method, doing }: RestRequest,
    headers: Record<string, string>,
    body: string | undefined,
  ): Promise<JsonObject> {
    const timeout = AbortSignal.timeout(this.#settings.timeoutMs);
    let status: number;
    let text: string;
    try {
      const signal = AbortSignal.any([timeout, this.#signal]);
      // A token is for this address and no other.
      const answer = await fetch(url, { method, headers, body, signal, redirect: "manual" });
      status = answer.status;
      text = await answer.text();
    } catch (error) {
      if (this.#signal.aborted) throw interrupted();
      const reason = timeout.aborted
        ? `no answer for ${this.#settings.timeoutMs / 1000} s`
        : originOf(error);
      throw new CatalogError(0, doing, reason, error);
    }
    if (status >= 200 && status < 300) return jsonObject(text, status, doing);
    throw new CatalogError(status, doing, `HTTP ${status}: ${reasonOf(text)}`);
  }
}

function jsonObject(text: string, status: number, doing: string): JsonObject {
  if (text.trim() === "") return {};
  try {
    const json = parseJson(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) {
      return json as JsonObject;
    }
  } catch {
    // Falls through: a proxy's page is no answer either.
  }
  throw new CatalogError(502, doing, `HTTP ${status}, and what came is not the catalog's JSON`);
}

/** The network's own word: `fetch failed` alone helps nobody. */
function originOf(error: unknown): string {
  let origin = error;
  while (origin instanceof Error && origin.cause instanceof Error) origin = origin.cause;
  return redact(origin instanceof Error ? origin.message : String(origin));
}

const SHOWN = 200;

/** `{"error": {"message", "type", "code"}}`, or OAuth's `{"error", "error_description"}`. */
function reasonOf(text: string): string {
  try {
    const json = parseJson(text) as { error?: Json; error_description?: Json };
    const { error } = json;
    if (typeof error === "string") {
      return redact(`${error}${json.error_description ? `: ${json.error_description}` : ""}`);
    }
    const { message, type } = error as { message?: string; type?: string };
    return redact(excerpt([type, message].filter(Boolean).join(": "), SHOWN));
  } catch {
    return redact(excerpt(text.trim().split("\n", 1)[0], SHOWN)) || "no reason was given";
  }
}
