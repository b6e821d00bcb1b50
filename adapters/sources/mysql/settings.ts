/** Where and how to connect, from the config's URL or fields. Pure but for the named files. */
import type { SourceConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import { didYouMean } from "../../../core/base/suggest.ts";
import {
  decodeUrlPart,
  parseConnectionUrl,
  positiveParameter,
  type UrlForm,
} from "../kit/connection_url.ts";
import { type Env, processEnv, readPassword, readUrl } from "../kit/credentials.ts";
import { blockWords, type Protection, protectionOf, tlsConflict } from "../kit/tls_conflict.ts";
import { type TlsMode, type TlsSettings, verifies } from "./tls.ts";

const DEFAULT_PORT = 3306;
const DEFAULT_CONNECT_TIMEOUT_S = 30;

/** The server's own names, and the ones that PostgreSQL's URLs have made common. */
const SSL_MODES: Readonly<Record<string, TlsMode>> = {
  disabled: "disable",
  disable: "disable",
  preferred: "prefer",
  prefer: "prefer",
  required: "require",
  require: "require",
  "verify-ca": "verify-ca",
  "verify-identity": "verify-full",
  "verify-full": "verify-full",
};

const URL_PARAMETERS = [
  "ssl-mode",
  "sslmode",
  "ssl-ca",
  "sslrootcert",
  "ssl-cert",
  "sslcert",
  "ssl-key",
  "sslkey",
  "connect_timeout",
  "charset",
  "socket",
];

/** Rows always cross the network as UTF-8, whatever a column's own character set is. */
const CHARSETS = ["utf8mb4", "utf8", "utf-8"];

export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket, instead of host and port. */
  readonly socket: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly allowPublicKeyRetrieval: boolean;
  readonly serverPublicKeyFile: string | undefined;
  /** Empty: none, so that every table has to be named with its own. */
  readonly database: string;
  readonly connectTimeoutS: number;
  readonly tls: TlsSettings;
  /** What of the settings contradicts itself, a line each. */
  readonly warnings: readonly string[];
}

/** Where the connection goes, for messages. */
export function addressOf({ host, port, socket }: ConnectionSettings): string {
  return socket ?? `${host}:${port}`;
}

function configTls(source: SourceConfig): TlsSettings | null {
  const tls = source.tls;
  if (tls === undefined) return null;
  return {
    mode: tls.mode,
    caFile: tls.ca_file,
    acceptInvalidCerts: tls.accept_invalid_certs,
    certFile: tls.cert_file,
    keyFile: tls.key_file,
    acceptInvalidHostnames: tls.accept_invalid_hostnames,
  };
}

function tlsOf(mode: TlsMode, files: Partial<TlsSettings> = {}): TlsSettings {
  return {
    mode,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    acceptInvalidCerts: false,
    acceptInvalidHostnames: false,
    ...files,
  };
}

/** The `tls:` block wins over the URL's ssl-mode; without either the connection is plaintext. */
function tlsSettings(source: SourceConfig, params: URLSearchParams): TlsSettings {
  return configTls(source) ?? urlTls(params) ?? tlsOf("disable");
}

/** One name of each pair is the server's own, the other that of PostgreSQL's URLs. */
const FILE_PARAMETERS = {
  caFile: ["ssl-ca", "sslrootcert"],
  certFile: ["ssl-cert", "sslcert"],
  keyFile: ["ssl-key", "sslkey"],
} as const;

/** Null when the URL says nothing of TLS. As the server's own clients do, a CA file alone asks for a check. */
function urlTls(params: URLSearchParams): TlsSettings | null {
  const [caFile, certFile, keyFile] = Object.values(FILE_PARAMETERS).map((names) =>
    names.map((name) => params.get(name)).find((value) => value !== null) ?? undefined
  );
  const written = params.get("ssl-mode") ?? params.get("sslmode");
  if (written === null && caFile === undefined && certFile === undefined) return null;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ConfigError("the connection URL needs ssl-cert and ssl-key, not one of them");
  }
  const fallback = caFile === undefined ? "required" : "verify-ca";
  const mode = (written ?? fallback).toLowerCase().replaceAll("_", "-");
  if (!Object.hasOwn(SSL_MODES, mode)) {
    throw new ConfigError(
      `the connection URL has ssl-mode=${written}; it is one of ` +
        "disabled, preferred, required, verify-ca, verify-identity",
    );
  }
  return tlsOf(SSL_MODES[mode], { caFile, certFile, keyFile });
}

function protection(settings: TlsSettings): Protection {
  const { mode, acceptInvalidHostnames } = settings;
  return protectionOf({
    encrypted: mode !== "disable",
    verified: verifies(settings),
    host: mode === "verify-full" && !acceptInvalidHostnames,
  });
}

/** The block wins; that it takes a protection away which the URL asks for is worth a word. */
function conflicts(source: SourceConfig, params: URLSearchParams): string[] {
  const [block, asked] = [configTls(source), urlTls(params)];
  if (block === null || asked === null) return [];
  const words = { block: blockWords(block), url: `ssl-mode ${asked.mode}` };
  const conflict = tlsConflict(protection(block), protection(asked), words);
  return conflict === null ? [] : [conflict];
}

function keySettings(
  source: SourceConfig,
): Pick<ConnectionSettings, "allowPublicKeyRetrieval" | "serverPublicKeyFile"> {
  return {
    allowPublicKeyRetrieval: source.allow_public_key_retrieval ?? false,
    serverPublicKeyFile: source.server_public_key_file,
  };
}

function checkParameters(params: URLSearchParams): void {
  for (const name of params.keys()) {
    if (URL_PARAMETERS.includes(name)) continue;
    throw new ConfigError(
      `the connection URL has the unknown parameter ${name}${didYouMean(name, URL_PARAMETERS)}`,
      [],
      { hint: `Known are: ${URL_PARAMETERS.join(", ")}.` },
    );
  }
  const charset = params.get("charset");
  if (charset === null || CHARSETS.includes(charset.toLowerCase())) return;
  throw new ConfigError(
    `the connection URL has charset=${charset}, but rows are always read as utf8mb4`,
    [],
    { hint: "Leave charset out: the server converts columns of every character set." },
  );
}

const URL_FORM: UrlForm = {
  type: "mysql",
  schemes: ["mysql", "mariadb"],
  example: "mysql://user:password@host:3306/database",
};

function timeoutSeconds(text: string | null): number {
  return text === null
    ? DEFAULT_CONNECT_TIMEOUT_S
    : positiveParameter(text, "connect_timeout", 3600);
}

function fromUrl(source: SourceConfig, text: string): ConnectionSettings {
  const url = parseConnectionUrl(text, URL_FORM);
  const params = url.searchParams;
  checkParameters(params);
  const user = decodeUrlPart(url.username, "user");
  const database = decodeUrlPart(url.pathname.slice(1), "database");
  if (user === "") throw new ConfigError("the connection URL of the source names no user");
  return {
    // A host in brackets is an IPv6 address.
    host: decodeUrlPart(url.hostname, "host").replace(/^\[|\]$/g, "") || "localhost",
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    socket: params.get("socket") ?? undefined,
    user,
    password: decodeUrlPart(url.password, "password"),
    ...keySettings(source),
    database,
    connectTimeoutS: timeoutSeconds(params.get("connect_timeout")),
    tls: tlsSettings(source, params),
    warnings: conflicts(source, params),
  };
}

function fromFields(source: SourceConfig, env: Env): ConnectionSettings {
  const required = (key: "host" | "user" | "database"): string => {
    const value = source[key];
    if (value !== undefined) return value;
    throw new ConfigError(`source.${key} is missing`, [], {
      hint: "Give url, url_env or url_file, or all of host, user and database.",
    });
  };
  const host = required("host");
  return {
    host,
    port: source.port ?? DEFAULT_PORT,
    socket: host.startsWith("/") ? host : undefined,
    user: required("user"),
    password: readPassword(source, env) ?? "",
    ...keySettings(source),
    database: required("database"),
    connectTimeoutS: DEFAULT_CONNECT_TIMEOUT_S,
    tls: configTls(source) ?? tlsOf("disable"),
    warnings: [],
  };
}

/** @throws ConfigError naming the variable, file or part of the URL that is wrong, never its value. */
export function resolveConnection(
  source: SourceConfig,
  env: Env = processEnv,
): ConnectionSettings {
  const url = readUrl(source, env);
  return url === null ? fromFields(source, env) : fromUrl(source, url);
}
