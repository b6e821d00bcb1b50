/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in the way of curl. */
import { ConfigError } from "../../../../core/base/errors.ts";
import { registerSecret } from "../../../../core/base/redact.ts";
import type { Env } from "../environment.ts";
import { type Origin, originOf } from "./message.ts";

export interface Proxy {
  readonly origin: Origin;
  /** Of `Proxy-Authorization`; null without a user. */
  readonly authorization: string | null;
  /** The variable that named it. */
  readonly variable: string;
}

/** The proxy for a request, or null for a direct one. */
export type ProxyFor = (origin: Origin) => Proxy | null;

/** A cloud's own addresses of identities, which no proxy can reach for us. */
const NEVER = ["169.254.0.0/16", "metadata.google.internal"];

const SECURE = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const PLAIN = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const EXEMPT = ["no_proxy", "NO_PROXY"];
/** Every variable that is looked at. */
export const PROXY_VARIABLES: readonly string[] = [...new Set([...SECURE, ...PLAIN, ...EXEMPT])];

/** @throws ConfigError for a proxy that is no http:// URL. */
export function proxies(env: Env): ProxyFor {
  // HTTP_PROXY in capitals too: what sets it in CGI does not run this program.
  const secure = proxyOf(env, SECURE);
  const plain = proxyOf(env, PLAIN);
  const exempt = [...NEVER, ...(env("no_proxy") ?? env("NO_PROXY") ?? "").split(/[\s,]+/)]
    .filter((entry) => entry !== "");
  return (origin) =>
    exempt.some((entry) => covers(entry, origin)) ? null : origin.secure ? secure : plain;
}

function proxyOf(env: Env, variables: readonly string[]): Proxy | null {
  const variable = variables.find((name) => (env(name) ?? "").trim() !== "");
  if (variable === undefined) return null;
  const text = (env(variable) ?? "").trim();
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || url.protocol !== "http:") {
    throw new ConfigError(`${variable}: not a proxy that can be used`, [], {
      hint:
        "Give an http:// URL, e.g. http://user:password@proxy.example:3128; the connection to a " +
        "store behind it is encrypted all the same.",
    });
  }
  const [user, password] = [url.username, url.password].map(decodeURIComponent);
  registerSecret(password);
  registerSecret(url.password);
  const authorization = user === ""
    ? null
    : `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
  return { origin: originOf(url), authorization, variable };
}

/** `*`, `example.com` (and what is below it), `.example.com`, `host:9000`, `10.0.0.0/8`. */
function covers(entry: string, { hostname, port }: Origin): boolean {
  if (entry === "*") return true;
  const host = hostname.toLowerCase();
  if (entry.includes("/")) return inNetwork(host, entry);
  const { name, only } = split(entry);
  if (only !== null && only !== port) return false;
  const wanted = name.toLowerCase().replace(/^\*?\./, "");
  return wanted !== "" && (host === wanted || host.endsWith(`.${wanted}`));
}

/** `host:9000`, `[::1]:9000`; several colons without brackets are an address. */
function split(entry: string): { readonly name: string; readonly only: number | null } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry);
  if (match === null) return { name: entry, only: null };
  const [, address, host, port] = match;
  return { name: address ?? host, only: port === undefined ? null : Number(port) };
}

/** IPv4 only. */
function inNetwork(host: string, network: string): boolean {
  const [base, bits] = network.split("/");
  const [address, start] = [addressOf(host), addressOf(base)];
  if (address === null || start === null || !/^\d+$/.test(bits) || Number(bits) > 32) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(start / size);
}

function addressOf(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  return match.slice(1).reduce((sum, part) => sum * 256 + Number(part), 0);
}
