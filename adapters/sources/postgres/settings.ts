/** Where and how to connect, from the config's URL or fields. Pure but for the named files. */
import { userInfo } from "node:os";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";
import {
  parsePostgresUrl,
  type PostgresUrl,
  type SessionKind,
} from "../../../core/config/postgres_parameters.ts";
import { defaultPassFile, readPassFile } from "../../../core/config/postgres_passfile.ts";
import { type PostgresHost, PostgresUrlError } from "../../../core/config/postgres_url.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { type Env, processEnv, readPassword, readUrl } from "../kit/credentials.ts";
import { SYSTEM_ROOTS } from "../kit/system_roots.ts";
import type { Credentials } from "./wire/login.ts";
import { blockWords, type Protection, protectionOf, tlsConflict } from "../kit/tls_conflict.ts";
import { type TlsMode, type TlsSettings, verifies } from "./wire/tls_options.ts";

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_S = 30;

/** One server to try, with what is the same for all. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly credentials: Credentials;
  readonly tls: TlsSettings;
  readonly keepAlive: boolean;
  readonly connectTimeoutS: number;
  /** `options=-c name=value` of a URL, sent to the server as it is. */
  readonly options: string | null;
  /** Of the URL, which wins over the one that Rivet gives. */
  readonly applicationName: string | null;
}

/** A source's servers. */
export interface ResolvedConnection {
  /** At least one, in the order in which they are to be tried. */
  readonly servers: readonly ConnectionSettings[];
  /** Where a password was looked for; null: one is given. */
  readonly passFile: string | null;
  /** Else the system's user is asked for. */
  readonly namesUser: boolean;
  readonly sessionKind: SessionKind;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
}

const PLAIN: TlsSettings = {
  mode: "disable",
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  keyPassword: undefined,
  acceptInvalidCerts: false,
  acceptInvalidHostnames: false,
  direct: false,
  minVersion: "TLSv1.2",
};

function blockTls(source: SourceConfig): TlsSettings | null {
  const { tls } = source;
  if (tls === undefined) return null;
  return {
    ...PLAIN,
    mode: tls.mode,
    caFile: tls.ca_file,
    certFile: tls.cert_file,
    keyFile: tls.key_file,
    acceptInvalidCerts: tls.accept_invalid_certs,
    acceptInvalidHostnames: tls.accept_invalid_hostnames,
  };
}

/** As libpq: authorities that are named are asked, whatever the mode; the system's vouch for anybody else. */
function urlMode({ mode, rootCert }: PostgresUrl["ssl"]): TlsMode {
  if (rootCert === SYSTEM_ROOTS) return "verify-full";
  if (rootCert !== null && (mode === null || mode === "require")) return "verify-ca";
  return mode ?? "disable";
}

function urlTls(ssl: PostgresUrl["ssl"]): TlsSettings {
  return {
    ...PLAIN,
    mode: urlMode(ssl),
    caFile: ssl.rootCert ?? undefined,
    certFile: ssl.cert ?? undefined,
    keyFile: ssl.key ?? undefined,
    keyPassword: ssl.password ?? undefined,
    direct: ssl.direct,
    minVersion: ssl.minVersion,
  };
}

const SECURE_MODES: readonly TlsMode[] = ["require", "verify-ca", "verify-full"];

function protection(settings: TlsSettings): Protection {
  const { mode, acceptInvalidHostnames } = settings;
  return protectionOf({
    encrypted: SECURE_MODES.includes(mode),
    verified: verifies(settings),
    host: mode === "verify-full" && !acceptInvalidHostnames,
  });
}

/** The `tls:` block wins over the URL, which is said where that gives up what the URL asks for. */
function tlsOf(source: SourceConfig, url: PostgresUrl | null, warnings: string[]): TlsSettings {
  const block = blockTls(source);
  const asked = url === null ? PLAIN : urlTls(url.ssl);
  if (block === null) return asked;
  const words = { block: blockWords(block), url: `sslmode=${asked.mode}` };
  const conflict = tlsConflict(protection(block), protection(asked), words);
  if (conflict !== null) warnings.push(conflict);
  return block;
}

interface Login {
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
}

/** As PostgreSQL's own clients do where none is named. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new ConfigError(
      "the connection URL names no user, and the system does not name this one",
      [],
      {
        hint: "write postgres://USER@HOST/DATABASE",
        cause,
      },
    );
  }
}

function ofUrl(url: PostgresUrl): Login {
  const user = url.user ?? ownName();
  return { hosts: url.hosts, user, password: url.password, database: url.database ?? user };
}

function ofFields(source: SourceConfig, env: Env): Login {
  const required = (key: "host" | "user" | "database"): string => {
    const value = source[key];
    if (value !== undefined) return value;
    throw new ConfigError(`source.${key} is missing`, [], {
      hint: "Give url, url_env or url_file, or all of host, user and database.",
    });
  };
  return {
    hosts: [{ host: required("host"), port: source.port ?? DEFAULT_PORT }],
    user: required("user"),
    password: readPassword(source, env) ?? null,
    database: required("database"),
  };
}

function parseUrl(text: string): PostgresUrl {
  try {
    return parsePostgresUrl(text);
  } catch (error) {
    if (!(error instanceof PostgresUrlError)) throw error;
    const subject = error.foreign
      ? "source.type is postgres, but its connection URL"
      : "the connection URL of the source";
    throw new ConfigError(`${subject} ${error.message}`, [], { hint: error.hint });
  }
}

/** The password that is given, or the one that the password file has for this server. */
function passwordFor(
  { user, password, database }: Login,
  { host, port }: PostgresHost,
  passFile: string | null,
  warnings: Set<string>,
): string | null {
  if (password !== null) return password;
  const found = readPassFile(passFile, { host, port, database, user });
  if (found.warning !== null) warnings.add(found.warning);
  registerSecret(found.password ?? undefined, [user, database]);
  return found.password;
}

/** @throws ConfigError naming the variable, file or part of the URL that is wrong, never its value. */
export function resolveConnection(source: SourceConfig, env: Env = processEnv): ResolvedConnection {
  const text = readUrl(source, env);
  const url = text === null ? null : parseUrl(text);
  const login = url === null ? ofFields(source, env) : ofUrl(url);
  for (const secret of url?.secrets ?? []) registerSecret(secret, [login.user, login.database]);
  const warnings = [...url?.warnings ?? []];
  const tls = tlsOf(source, url, warnings);
  const fileWarnings = new Set<string>();
  const passFile = url?.passFile ?? defaultPassFile(env);
  const servers = login.hosts.map((server) => ({
    ...server,
    database: login.database,
    credentials: {
      user: login.user,
      password: passwordFor(login, server, passFile, fileWarnings),
      channelBinding: url?.channelBinding ?? "prefer",
      requireAuth: url?.requireAuth ?? null,
      allowCleartext: source.allow_cleartext_password ?? false,
    },
    tls,
    keepAlive: url?.keepAlive ?? true,
    connectTimeoutS: url?.connectTimeoutS ?? DEFAULT_CONNECT_TIMEOUT_S,
    options: url?.options ?? null,
    applicationName: url?.applicationName ?? null,
  }));
  return {
    servers,
    passFile: login.password === null ? passFile : null,
    namesUser: url === null || url.user !== null,
    sessionKind: url?.sessionKind ?? "any",
    warnings: [...warnings, ...fileWarnings],
  };
}
