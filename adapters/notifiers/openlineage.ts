/**
 * A receiver of OpenLineage events behind HTTP (Marquez, DataHub, ...). What the configuration leaves out
 * comes from the variables that OpenLineage's own clients read.
 */
import type { LineageConfig } from "../../core/config/schema.ts";
import { ConfigError, RivetError } from "../../core/base/errors.ts";
import { jsonLine } from "../../core/base/json_text.ts";
import { registerPassword, registerSecret } from "../../core/base/redact.ts";
import type {
  LineageProbe,
  LineageReceiver,
  ParentRun,
  RunReference,
} from "../../core/ports/lineage.ts";
import { addressOfUrl, type EnvLookup, type NeedsOf } from "../../core/ports/needs.ts";
import { originOf, postJson, type PostSettings, type Recipient } from "./kit/post.ts";

const URL_ENV = "OPENLINEAGE_URL";
const KEY_ENV = "OPENLINEAGE_API_KEY";
const DEFAULT_ENDPOINT = "api/v1/lineage";
const DEFAULT_NAMESPACE = "default";
const ATTEMPTS = 2;
const BACKOFF_MS = 250;

/**
 * Null when `OPENLINEAGE_DISABLED` says so.
 * @throws ConfigError without an address, or one that is not http(s), or a key that is not set.
 */
export function openLineage(config: LineageConfig, env: EnvLookup): LineageReceiver | null {
  if (isDisabled(env)) return null;
  return new HttpReceiver(config, env);
}

function isDisabled(env: EnvLookup): boolean {
  return /^(true|1)$/i.test(given(env, "OPENLINEAGE_DISABLED") ?? "");
}

/** The receiver's host. The runtime itself takes proxies from the environment. */
export const lineageNeeds: NeedsOf<LineageConfig> = (config, env) => ({
  net: isDisabled(env) ? [] : [addressOfUrl(baseUrl(config, env).href) ?? "*"],
  env: [
    "OPENLINEAGE_*",
    ...[config.url_env, config.api_key_env].filter((name) => name !== undefined),
  ],
});

function given(env: EnvLookup, name: string): string | undefined {
  const text = env(name)?.trim();
  return text === "" ? undefined : text;
}

/** @throws ConfigError */
function baseUrl({ url: written, url_env }: LineageConfig, env: EnvLookup): URL {
  const name = url_env ?? URL_ENV;
  const key = url_env === undefined ? "lineage.url" : "lineage.url_env";
  const text = written ?? given(env, name);
  if (text === undefined) {
    throw new ConfigError(`${key}: the environment variable ${name} is not set`);
  }
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(`${key}: not a http:// or https:// address`);
  }
  registerPassword(decodeURIComponent(url.password));
  return url;
}

function endpointOf(base: URL, { endpoint }: LineageConfig, env: EnvLookup): URL {
  const path = endpoint ?? given(env, "OPENLINEAGE_ENDPOINT") ?? DEFAULT_ENDPOINT;
  const folder = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
  const url = new URL(folder + path.replace(/^\/+/, ""), base);
  url.search = base.search;
  return url;
}

/** @throws ConfigError */
function apiKey({ api_key_env }: LineageConfig, env: EnvLookup): string | undefined {
  const key = given(env, api_key_env ?? KEY_ENV);
  if (key === undefined && api_key_env !== undefined) {
    throw new ConfigError(
      `lineage.api_key_env: the environment variable ${api_key_env} is not set`,
    );
  }
  registerSecret(key);
  return key;
}

/** `user:password@` of a URL, which `fetch` does not take there. */
function authorization(url: URL, key: string | undefined): Record<string, string> {
  if (key !== undefined) return { authorization: `Bearer ${key}` };
  if (url.username === "") return {};
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const bytes = new TextEncoder().encode(user);
  return { authorization: `Basic ${bytes.toBase64()}` };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `namespace/job/run id`, as Airflow, dbt and Spark hand it on; a namespace may hold `/` itself. */
function runReference(text: string | undefined): RunReference | null {
  const parts = text?.split("/") ?? [];
  const [job = "", runId = ""] = parts.slice(-2);
  const namespace = parts.slice(0, -2).join("/");
  if (namespace === "" || job === "" || !UUID.test(runId)) return null;
  return { namespace, job, runId: runId.toLowerCase() };
}

/** What started this process; null: nothing that says so. */
export function parentRun(env: EnvLookup): ParentRun | null {
  const parent = runReference(given(env, "OPENLINEAGE_PARENT_ID"));
  if (parent === null) return null;
  return { ...parent, root: runReference(given(env, "OPENLINEAGE_ROOT_PARENT_ID")) };
}

class HttpReceiver implements LineageReceiver {
  readonly namespace: string;
  readonly parent: ParentRun | null;
  readonly address: string;
  readonly #recipient: Recipient;
  readonly #settings: PostSettings;

  constructor(config: LineageConfig, env: EnvLookup) {
    const base = baseUrl(config, env);
    const url = endpointOf(base, config, env);
    const headers = authorization(base, apiKey(config, env));
    [url.username, url.password] = ["", ""];
    this.namespace = config.namespace ?? given(env, "OPENLINEAGE_NAMESPACE") ?? DEFAULT_NAMESPACE;
    this.parent = parentRun(env);
    this.address = url.host;
    this.#recipient = { name: `OpenLineage at ${url.host}`, url, headers, code: "LINEAGE_FAILED" };
    const timeoutMs = config.timeout_s * 1000;
    this.#settings = {
      attempts: ATTEMPTS,
      timeoutMs,
      backoffMs: BACKOFF_MS,
      maxWaitMs: timeoutMs,
    };
  }

  async send(event: object): Promise<void> {
    // Of both attempts together.
    const bound = AbortSignal.timeout(this.#settings.timeoutMs);
    try {
      await postJson(this.#recipient, jsonLine(event), this.#settings, bound);
    } catch (error) {
      throw bound.aborted ? this.#failed(this.#silence()) : error;
    }
  }

  async probe(signal: AbortSignal): Promise<LineageProbe> {
    const { url, headers } = this.#recipient;
    const bound = AbortSignal.timeout(this.#settings.timeoutMs);
    let response: Response;
    try {
      response = await fetch(url, {
        headers,
        redirect: "manual",
        signal: AbortSignal.any([bound, signal]),
      });
      await response.body?.cancel();
    } catch (error) {
      throw this.#failed(bound.aborted ? this.#silence() : originOf(error));
    }
    // Nothing is to be had there by GET: any other refusal comes from the receiver itself.
    const { status } = response;
    if (status >= 300 && status < 400) {
      throw this.#failed(`HTTP ${status} leads elsewhere, where no event is sent`);
    }
    if (status === 401 || status === 403 || status >= 500) throw this.#failed(`HTTP ${status}`);
    // Some receivers know the address for events alone.
    const doubt = status === 404 || status === 410
      ? `HTTP ${status}: nothing seems to be at ${url.pathname}. Check lineage.url and ` +
        "lineage.endpoint, unless events arrive"
      : null;
    return { answer: `answers (HTTP ${status})`, doubt };
  }

  #silence(): string {
    return `no answer within ${this.#settings.timeoutMs / 1000} s`;
  }

  #failed(reason: string): RivetError {
    return new RivetError("LINEAGE_FAILED", `${this.#recipient.name}: ${reason}`, {
      hint: "Check lineage.url, the key, and whether the receiver runs (docs/lineage.md).",
    });
  }
}
