/**
 * RIVET_STATE_URL as connection options. Parsed here rather than by the driver, which would send libpq
 * parameters such as `sslrootcert` to the server, and because nothing of the URL may be shown unredacted.
 * Format: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
import { StateError } from "../../core/base/errors.ts";

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
/** `sslmode`, in libpq's words. */
export type SslMode = typeof SSL_MODES[number];

/** What a RIVET_STATE_URL says. */
export interface PostgresUrl {
  /** A host name, an address (IPv6 without brackets), or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Undefined: the driver reads PGPASSWORD. */
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
  /** Path of a CA certificate file. */
  readonly sslRootCert: string | undefined;
  readonly connectTimeoutS: number;
  readonly applicationName: string;
  /** Server options, e.g. `-csearch_path=rivet`. */
  readonly options: string | undefined;
  /** `postgresql://user:***@host:port/db`, for people. */
  readonly location: string;
  /** What must not appear in any message: the password, plain and as the URL spells it. */
  readonly secrets: readonly string[];
}

const PARAMETERS = new Set([
  "host",
  "sslmode",
  "sslrootcert",
  "connect_timeout",
  "application_name",
  "options",
]);

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_S = 10;

function invalid(problem: string): StateError {
  return new StateError("STATE_UNAVAILABLE", `RIVET_STATE_URL ${problem}`, {
    hint: "Write it as postgresql://user:password@host:5432/database?sslmode=verify-full, " +
      "with special characters in the password percent-encoded (@ is %40, / is %2F, # is %23).",
  });
}

/** @throws StateError STATE_UNAVAILABLE; the message repeats no part of the URL that may be secret. */
export function parsePostgresUrl(url: string): PostgresUrl {
  const parsed = parseUrl(url);
  const parameters = readParameters(parsed.searchParams);
  const host = parameters.host ?? (stripBrackets(parsed.hostname) || "localhost");
  const port = parsed.port === "" ? DEFAULT_PORT : Number(parsed.port);
  const user = decode(parsed.username) || "postgres";
  const password = decode(parsed.password);
  const database = decode(parsed.pathname.slice(1)) || user;
  const sslMode = SSL_MODES.find((mode) => mode === (parameters.sslmode ?? "disable"));
  if (sslMode === undefined) {
    throw invalid(`has an unknown sslmode; known: ${SSL_MODES.join(", ")}`);
  }
  const userInfo = password === "" ? user : `${user}:***`;
  const shownHost = parsed.hostname || host;
  return {
    host,
    port,
    user,
    password: password === "" ? undefined : password,
    database,
    sslMode,
    sslRootCert: parameters.sslrootcert,
    connectTimeoutS: connectTimeout(parameters.connect_timeout),
    applicationName: parameters.application_name ?? "rivet state",
    options: parameters.options,
    location: `postgresql://${userInfo}@${shownHost}${
      parsed.port === "" ? "" : `:${parsed.port}`
    }/${database}`,
    secrets: [password, parsed.password].filter((secret) => secret !== ""),
  };
}

function parseUrl(url: string): URL {
  if (!/^postgres(ql)?:\/\//.test(url)) throw invalid("does not start with postgresql://");
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // An unescaped `/`, `?` or `#` in a password ends the host too early; the rest then holds an `@`.
  const rest = parsed === null ? "" : parsed.pathname + parsed.search + parsed.hash;
  if (parsed === null || rest.includes("@") || parsed.hash !== "") {
    throw invalid("is not a valid PostgreSQL URL");
  }
  return parsed;
}

function readParameters(search: URLSearchParams): Partial<Record<string, string>> {
  const unknown = [...search.keys()].filter((key) => !PARAMETERS.has(key));
  if (unknown.length > 0) {
    throw invalid(
      `has parameters that are not supported: ${unknown.join(", ")}; known: ${
        [...PARAMETERS].join(", ")
      }`,
    );
  }
  return Object.fromEntries(search);
}

function connectTimeout(value: string | undefined): number {
  if (value === undefined) return DEFAULT_CONNECT_TIMEOUT_S;
  if (!/^[1-9]\d*$/.test(value)) throw invalid("needs connect_timeout in whole seconds");
  return Number(value);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone % sign; the part itself may be the password.
    throw invalid("has a % that is not percent-encoding");
  }
}

function stripBrackets(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** Whether the password and the state would cross a network in plain text. */
export function crossesNetworkInPlaintext(url: PostgresUrl): boolean {
  const local = url.host.startsWith("/") || url.host === "localhost" || url.host === "::1" ||
    url.host.startsWith("127.");
  return !local && ["disable", "allow", "prefer"].includes(url.sslMode);
}
