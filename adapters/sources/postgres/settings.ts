/** Where and how to connect, from the config's URL or fields. Pure but for the named files. */
import { userInfo } from "node:os";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import {
  decodeUrlPart,
  parseConnectionUrl,
  positiveParameter,
  type UrlForm,
} from "../connection_url.ts";
import { type Env, processEnv, readPassword, readUrl } from "../credentials.ts";
import type { SocketTarget, TlsMode, TlsSettings } from "./tls.ts";

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_S = 30;
const SSL_MODES: Readonly<Record<string, TlsMode>> = {
  disable: "disable",
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
};
const URL_PARAMETERS = [
  "sslmode",
  "sslrootcert",
  "connect_timeout",
  "application_name",
  "options",
  "host",
  "port",
  "user",
  "password",
  "dbname",
];

export interface ConnectionSettings extends SocketTarget {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `options=-c name=value` of a URL, sent to the server as it is. */
  readonly options: string | undefined;
}

function configTls(source: SourceConfig): TlsSettings | null {
  const tls = source.tls;
  if (tls === undefined) return null;
  return {
    mode: tls.mode,
    caFile: tls.ca_file,
    acceptInvalidCerts: tls.accept_invalid_certs,
    acceptInvalidHostnames: tls.accept_invalid_hostnames,
  };
}

function tlsOf(mode: TlsMode, caFile?: string): TlsSettings {
  return { mode, caFile, acceptInvalidCerts: false, acceptInvalidHostnames: false };
}

/** The `tls:` block wins over the URL's sslmode; without either the connection is plaintext. */
function tlsSettings(source: SourceConfig, params: URLSearchParams): TlsSettings {
  const block = configTls(source);
  if (block !== null) return block;
  const mode = params.get("sslmode");
  if (mode === null) return tlsOf("disable");
  if (!Object.hasOwn(SSL_MODES, mode)) {
    throw new ConfigError(
      `the connection URL has sslmode=${mode}; it is one of ${Object.keys(SSL_MODES).join(", ")}`,
    );
  }
  const caFile = params.get("sslrootcert") ?? undefined;
  return tlsOf(SSL_MODES[mode], caFile === "system" ? undefined : caFile);
}

const URL_FORM: UrlForm = {
  type: "postgres",
  schemes: ["postgres", "postgresql"],
  example: "postgresql://user:password@host:5432/database",
};

/** `user@/database` leaves the host to the parameters, which `URL` does not know. */
function withHost(text: string): string {
  return text.replace(/^([^/]+:\/\/)([^/?#]*@)?(?=[/?#]|$)/, "$1$2localhost");
}

function fromUrl(source: SourceConfig, text: string): ConnectionSettings {
  const url = parseConnectionUrl(withHost(text), URL_FORM);
  const params = url.searchParams;
  for (const name of params.keys()) {
    if (!URL_PARAMETERS.includes(name)) {
      throw new ConfigError(`the connection URL has the unknown parameter ${name}`, [], {
        hint: `Known are: ${URL_PARAMETERS.join(", ")}.`,
      });
    }
  }
  const part = (name: string, written: string): string | null =>
    written === "" ? params.get(name) : written;
  const port = part("port", url.port);
  const timeout = params.get("connect_timeout");
  const user = part("user", decodeUrlPart(url.username, "user")) ?? userInfo().username;
  return {
    // A host in brackets is an IPv6 address; an encoded slash starts a socket folder.
    host: params.get("host") ?? decodeUrlPart(url.hostname, "host").replace(/^\[|\]$/g, ""),
    port: port === null ? DEFAULT_PORT : positiveParameter(port, "port", 65535),
    user,
    password: part("password", decodeUrlPart(url.password, "password")) ?? "",
    database: part("dbname", decodeUrlPart(url.pathname.slice(1), "database")) ?? user,
    tls: tlsSettings(source, params),
    connectTimeoutS: timeout === null
      ? DEFAULT_CONNECT_TIMEOUT_S
      : positiveParameter(timeout, "connect_timeout", 3600),
    options: params.get("options") ?? undefined,
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
  return {
    host: required("host"),
    port: source.port ?? DEFAULT_PORT,
    user: required("user"),
    password: readPassword(source, env) ?? "",
    database: required("database"),
    tls: configTls(source) ?? tlsOf("disable"),
    connectTimeoutS: DEFAULT_CONNECT_TIMEOUT_S,
    options: undefined,
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
