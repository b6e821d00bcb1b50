/**
 * What a `postgresql://` URL asks for, parameters included.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
import {
  type PostgresHost,
  PostgresUrlError,
  splitPostgresUrl,
  type UrlParts,
} from "./postgres_url.ts";

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
/** libpq's `sslmode`. */
export type SslMode = typeof SSL_MODES[number];

const SESSION_KINDS = [
  "any",
  "read-write",
  "read-only",
  "primary",
  "standby",
  "prefer-standby",
] as const;
/** Which server of several is wanted (`target_session_attrs`). */
export type SessionKind = typeof SESSION_KINDS[number];

const BINDINGS = ["disable", "prefer", "require"] as const;
const AUTH_METHODS = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"] as const;
/** How a server may let one in (`require_auth`). */
export type AuthMethod = typeof AUTH_METHODS[number];

/** The system's authorities as `sslrootcert`. */
const SYSTEM_ROOTS = "system";

/** What a URL says. */
export interface PostgresUrl {
  /** In the order in which they are to be tried. */
  readonly hosts: readonly PostgresHost[];
  /** Null where the URL leaves it out, here and below. */
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  readonly ssl: {
    readonly mode: SslMode | null;
    /** A file, or `system`. */
    readonly rootCert: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly password: string | null;
    readonly direct: boolean;
    readonly minVersion: "TLSv1.2" | "TLSv1.3";
  };
  readonly channelBinding: typeof BINDINGS[number];
  readonly requireAuth: ReadonlySet<AuthMethod> | null;
  readonly sessionKind: SessionKind;
  readonly keepAlive: boolean;
  readonly connectTimeoutS: number | null;
  readonly applicationName: string | null;
  /** Server options, e.g. `-csearch_path=sales`. */
  readonly options: string | null;
  readonly passFile: string | null;
  /** Without the password and the parameters, for people. */
  readonly location: string;
  /** What must not appear in any text. */
  readonly secrets: readonly string[];
  /** One line per parameter that nobody here knows. */
  readonly warnings: readonly string[];
}

const DEFAULT_HOST = "localhost";
const DEFAULT_PORT = 5432;
const MAX_TIMEOUT_S = 3600;

/** Read below. */
const USED = new Set([
  "application_name",
  "channel_binding",
  "connect_timeout",
  "dbname",
  "fallback_application_name",
  "gssencmode",
  "host",
  "hostaddr",
  "keepalives",
  "options",
  "passfile",
  "password",
  "port",
  "require_auth",
  "ssl",
  "ssl_min_protocol_version",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslnegotiation",
  "sslpassword",
  "sslrootcert",
  "target_session_attrs",
  "user",
]);

/** Without effect here, and without harm: the encoding is UTF-8, silence is bounded by network_timeout_s. */
const HARMLESS = new Set([
  "client_encoding",
  "gssdelegation",
  "gsslib",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "krbsrvname",
  "load_balance_hosts",
  "max_protocol_version",
  "min_protocol_version",
  "ssl_max_protocol_version",
  "sslcompression",
  "sslsni",
  "tcp_user_timeout",
]);

/**
 * Those of them that ask for something which is not done, unless they ask for this: keepalive goes by the
 * system's times, and hosts are tried in their order.
 */
const IDLE: Readonly<Record<string, string>> = {
  keepalives_count: "0",
  keepalives_idle: "0",
  keepalives_interval: "0",
  load_balance_hosts: "disable",
  tcp_user_timeout: "0",
};

function idleParameters(parameters: Parameters): string[] {
  const idle = Object.keys(IDLE).filter((name) =>
    parameters.has(name) && parameters.get(name) !== IDLE[name]
  );
  if (idle.length === 0) return [];
  return [
    `of the connection URL, ${idle.join(", ")} ${idle.length === 1 ? "has" : "have"} no effect: ` +
    "TCP keepalive goes by the system's times, tuning.network_timeout_s bounds silence, and hosts are " +
    "tried in their order",
  ];
}

/** Of what decides who may listen or speak, nothing may be left out unsaid. */
const ABOUT_SECURITY =
  /^(ssl|gss|krb|scram|oauth|require|auth|tls)|^(replication|service|servicefile)$/;

type Parameters = ReadonlyMap<string, string>;

function oneOf<T extends string>(
  parameters: Parameters,
  name: string,
  allowed: readonly T[],
): T | null {
  const value = parameters.get(name);
  if (value === undefined) return null;
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw new PostgresUrlError(
    `has ${shown(name, value)}, which is not known`,
    `${name} is one of ${allowed.join(", ")}.`,
  );
}

/** What is not a plain word may be a piece of a password. */
function shown(name: string, value: string): string {
  return /^[\w-]{1,20}$/.test(value) ? `${name}=${value}` : name;
}

function wholeNumber(text: string, name: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value >= 0 && value <= max) return value;
  throw new PostgresUrlError(`has ${shown(name, text)}, which is not a number up to ${max}`);
}

function unknownParameters(parameters: Parameters): string[] {
  const unknown = [...parameters.keys()].filter((name) => !USED.has(name) && !HARMLESS.has(name));
  for (const name of unknown) {
    // The rest of a password that ended too early is no name to repeat.
    if (/[@/]/.test(parameters.get(name) ?? "")) throw new PostgresUrlError("cannot be parsed");
    if (ABOUT_SECURITY.test(name)) {
      throw new PostgresUrlError(
        `has the parameter ${name}, which is not supported`,
        "It is about security, so it is not left out by itself. Remove it, or write what it asks for " +
          "in another way (sslmode, sslrootcert, channel_binding, source.tls).",
      );
    }
  }
  return unknown.map((name) =>
    `the connection URL's parameter ${name} is not known and has no effect`
  );
}

/** One port for all hosts, or one for each. */
function hostList(parts: UrlParts): PostgresHost[] {
  const { parameters } = parts;
  const given = parameters.get("host") ?? parameters.get("hostaddr");
  const names = given === undefined ? parts.hosts.map(({ host }) => host) : given.split(",");
  const written = parameters.get("port")?.split(",") ??
    (given === undefined || parts.hosts.length === names.length
      ? parts.hosts.map(({ port }) => port)
      : [""]);
  if (written.length !== 1 && written.length !== names.length) {
    throw new PostgresUrlError(
      `has ${names.length} hosts, but ${written.length} ports`,
      "Write one port for all hosts, or one for each.",
    );
  }
  return names.map((name, i) => {
    const port = written.length === 1 ? written[0] : written[i];
    const number = port === "" ? DEFAULT_PORT : wholeNumber(port, "port", 65_535);
    if (number === 0) throw new PostgresUrlError("has port 0");
    return { host: name === "" ? DEFAULT_HOST : name.replace(/^\[|\]$/g, ""), port: number };
  });
}

/** `sslmode`, or `ssl=true` of other tools. */
function sslMode(parameters: Parameters): SslMode | null {
  const mode = oneOf(parameters, "sslmode", SSL_MODES);
  const ssl = oneOf(parameters, "ssl", ["true", "false"]);
  return mode ?? (ssl === null ? null : ssl === "true" ? "require" : "disable");
}

function sslSettings(parameters: Parameters): PostgresUrl["ssl"] {
  const mode = sslMode(parameters);
  const rootCert = parameters.get("sslrootcert") ?? null;
  if (rootCert === SYSTEM_ROOTS && (mode === "allow" || mode === "prefer" || mode === "disable")) {
    throw new PostgresUrlError(
      `has sslrootcert=system with sslmode=${mode}`,
      "Write sslmode=verify-full: those authorities vouch for anybody.",
    );
  }
  const cert = parameters.get("sslcert") ?? null;
  const key = parameters.get("sslkey") ?? null;
  if ((cert === null) !== (key === null)) {
    throw new PostgresUrlError(
      `has ${cert === null ? "sslkey without sslcert" : "sslcert without sslkey"}`,
      "A client certificate needs both.",
    );
  }
  const versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
  return {
    mode,
    rootCert,
    cert,
    key,
    password: parameters.get("sslpassword") ?? null,
    direct: oneOf(parameters, "sslnegotiation", ["postgres", "direct"]) === "direct",
    minVersion: oneOf(parameters, "ssl_min_protocol_version", versions) === "TLSv1.3"
      ? "TLSv1.3"
      : "TLSv1.2",
  };
}

/** A list of methods to allow, or with `!` of those to refuse. */
function requireAuth(parameters: Parameters): ReadonlySet<AuthMethod> | null {
  const text = parameters.get("require_auth") ?? "";
  if (text === "") return null;
  const names = text.split(",");
  const refused = names.filter((name) => name.startsWith("!"));
  const methods = names.map((name) => AUTH_METHODS.find((m) => m === name.replace(/^!/, "")));
  if (methods.includes(undefined) || (refused.length > 0 && refused.length < names.length)) {
    throw new PostgresUrlError(
      "has a require_auth that is not understood",
      `It lists methods of ${AUTH_METHODS.join(", ")}, all of them with ! or none.`,
    );
  }
  const allowed = (method: AuthMethod) => methods.includes(method) === (refused.length === 0);
  return new Set(AUTH_METHODS.filter(allowed));
}

function connectTimeout(parameters: Parameters): number | null {
  const text = parameters.get("connect_timeout");
  if (text === undefined) return null;
  const seconds = wholeNumber(text, "connect_timeout", MAX_TIMEOUT_S);
  // 0 waits for ever in libpq, which nothing does here.
  return seconds === 0 ? null : seconds;
}

/** @throws PostgresUrlError */
export function parsePostgresUrl(text: string): PostgresUrl {
  const parts = splitPostgresUrl(text);
  const { parameters } = parts;
  const warnings = [...unknownParameters(parameters), ...idleParameters(parameters)];
  if (oneOf(parameters, "gssencmode", ["disable", "prefer", "require"]) === "require") {
    throw new PostgresUrlError(
      "has gssencmode=require, which is not supported",
      "Write sslmode=verify-full for an encrypted connection.",
    );
  }
  const word = (name: string, written: string) =>
    parameters.get(name) ?? (written === "" ? null : written);
  return {
    hosts: hostList(parts),
    user: word("user", parts.user),
    password: word("password", parts.password),
    database: word("dbname", parts.database),
    ssl: sslSettings(parameters),
    channelBinding: oneOf(parameters, "channel_binding", BINDINGS) ?? "prefer",
    requireAuth: requireAuth(parameters),
    sessionKind: oneOf(parameters, "target_session_attrs", SESSION_KINDS) ?? "any",
    keepAlive: parameters.get("keepalives") !== "0",
    connectTimeoutS: connectTimeout(parameters),
    applicationName: word("application_name", parameters.get("fallback_application_name") ?? ""),
    options: word("options", ""),
    passFile: word("passfile", ""),
    location: parts.location,
    secrets: [...parts.secrets, parameters.get("password"), parameters.get("sslpassword")]
      .flatMap((secret) => secret === undefined || secret === "" ? [] : [secret]),
    warnings,
  };
}
