/** RIVET_STATE_URL as what the driver needs, and what may be shown of it. */
import { StateError } from "../../core/base/errors.ts";
import {
  parsePostgresUrl,
  type PostgresUrl,
  type SslMode,
} from "../../core/config/postgres_parameters.ts";
import { defaultPassFile, readPassFile } from "../../core/config/postgres_passfile.ts";
import { type PostgresHost, PostgresUrlError } from "../../core/config/postgres_url.ts";

/** Where the URL of the state is given. */
export const STATE_URL = "RIVET_STATE_URL";

/** What a RIVET_STATE_URL says. */
export interface StateUrl {
  /** Where it was given, for what is said of it. */
  readonly namedBy: string;
  readonly url: PostgresUrl;
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  /** Undefined: the driver reads PGPASSWORD. */
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
  readonly connectTimeoutS: number;
  readonly applicationName: string;
  /** `postgresql://user:***@host:port/db`, for people. */
  readonly location: string;
  /** What must not appear in any message. */
  readonly secrets: readonly string[];
  /** One line each, for the log. */
  readonly warnings: readonly string[];
}

const DEFAULT_USER = "postgres";
const DEFAULT_CONNECT_TIMEOUT_S = 10;

type Env = (name: string) => string | undefined;

function invalid(namedBy: string, problem: string, hint: string): StateError {
  return new StateError("STATE_UNAVAILABLE", `${namedBy} ${problem}`, { hint });
}

function parse(text: string, namedBy: string): PostgresUrl {
  if (text.trim() === "") {
    throw invalid(
      namedBy,
      "is empty",
      "Unset it to keep state in a file beside the config, or name a database: " +
        "postgresql://user@host/database. A secret that is not there leaves it empty, too.",
    );
  }
  try {
    return parsePostgresUrl(text);
  } catch (error) {
    if (!(error instanceof PostgresUrlError)) throw error;
    throw invalid(namedBy, error.message, error.hint);
  }
}

/** What the driver would leave out in silence. */
function refuseUnsupported({ channelBinding, requireAuth }: PostgresUrl, namedBy: string): void {
  const unsupported = channelBinding === "require"
    ? "channel_binding=require"
    : requireAuth === null
    ? null
    : "require_auth";
  if (unsupported === null) return;
  throw invalid(
    namedBy,
    `has ${unsupported}, which is not supported for the state`,
    "Use sslmode=verify-full, which leaves nobody in between.",
  );
}

/** As libpq: authorities that are named are asked, whatever the mode. */
function sslMode({ mode, rootCert }: PostgresUrl["ssl"]): SslMode {
  if (rootCert === "system") return "verify-full";
  if (rootCert !== null && (mode === null || mode === "require")) return "verify-ca";
  return mode ?? "disable";
}

function passwordOf(
  url: PostgresUrl,
  login: { readonly user: string; readonly database: string },
  env: Env,
): { readonly password: string | undefined; readonly warning: string | null } {
  if (url.password !== null) return { password: url.password, warning: null };
  const [host] = url.hosts;
  const found = readPassFile(url.passFile ?? defaultPassFile(env), { ...host, ...login });
  return { password: found.password ?? undefined, warning: found.warning };
}

/**
 * @param env reads an environment variable. @param namedBy where the URL was given.
 * @throws StateError STATE_UNAVAILABLE; the message repeats no part of the URL that may be secret.
 */
export function readStateUrl(
  text: string,
  env: Env = (name) => Deno.env.get(name),
  namedBy: string = STATE_URL,
): StateUrl {
  const url = parse(text, namedBy);
  refuseUnsupported(url, namedBy);
  const user = url.user ?? DEFAULT_USER;
  const database = url.database ?? user;
  const { password, warning } = passwordOf(url, { user, database }, env);
  return {
    namedBy,
    url,
    hosts: url.hosts,
    user,
    password,
    database,
    sslMode: sslMode(url.ssl),
    connectTimeoutS: url.connectTimeoutS ?? DEFAULT_CONNECT_TIMEOUT_S,
    applicationName: url.applicationName ?? "rivet state",
    location: url.location,
    secrets: [...url.secrets, ...password === undefined ? [] : [password]],
    warnings: [...url.warnings, ...warning === null ? [] : [warning]],
  };
}

/** Whether the password and the state would cross a network in plain text. */
export function crossesNetworkInPlaintext({ hosts, sslMode }: StateUrl): boolean {
  if (!["disable", "allow", "prefer"].includes(sslMode)) return false;
  return hosts.some(({ host }) =>
    !host.startsWith("/") && host !== "localhost" && host !== "::1" && !host.startsWith("127.")
  );
}
