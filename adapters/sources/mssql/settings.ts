/** Where and how to connect, from the config's URL or fields. Pure but for the named files. */
import type { SourceConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import {
  decodeUrlPart,
  parseConnectionUrl,
  positiveParameter,
  type UrlForm,
} from "../kit/connection_url.ts";
import { type Env, processEnv, readPassword, readUrl } from "../kit/credentials.ts";
import { blockWords, type Protection, tlsConflict } from "../kit/tls_conflict.ts";
import { type TlsMode, type TlsSettings } from "./tls.ts";

const DEFAULT_PORT = 1433;
const DEFAULT_CONNECT_TIMEOUT_S = 30;

/** Where a server is and who logs in there, of a URL or its parts, with what is left out filled in. */
export interface ConnectionSettings {
  readonly host: string;
  /** null: the port is asked of the SQL Server Browser, by the instance's name. */
  readonly port: number | null;
  readonly instance: string | null;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsSettings;
  readonly connectTimeoutS: number;
  /** `applicationIntent=ReadOnly`: an availability group may answer from a readable secondary. */
  readonly readOnlyIntent: boolean;
  /** What of the settings contradicts itself, a line each. */
  readonly warnings: readonly string[];
}

/** What a URL may say behind its `?`, by lower-case name, with the spellings of other tools. */
const URL_PARAMETERS: Readonly<Record<string, string>> = {
  database: "database",
  databasename: "database",
  instance: "instance",
  instancename: "instance",
  encrypt: "encrypt",
  trustservercertificate: "trustservercertificate",
  applicationintent: "applicationintent",
  connect_timeout: "connect_timeout",
  "connection timeout": "connect_timeout",
  logintimeout: "connect_timeout",
};

type Parameters = ReadonlyMap<string, string>;

function parametersOf(url: URL): Parameters {
  const found = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    const known = URL_PARAMETERS[name.toLowerCase()];
    if (known === undefined) {
      throw new ConfigError(`the connection URL has the unknown parameter ${name}`, [], {
        hint:
          "Known are: database, instance, encrypt, trustServerCertificate, applicationIntent, " +
          "connect_timeout.",
      });
    }
    found.set(known, value);
  }
  return found;
}

function oneOf<T extends string>(params: Parameters, name: string, values: Record<T, boolean>) {
  const text = params.get(name);
  if (text === undefined) return undefined;
  const value = Object.keys(values).find((known) => known === text.toLowerCase());
  if (value !== undefined) return value as T;
  throw new ConfigError(
    `the connection URL has ${name}=${text}; it is one of ${Object.keys(values).join(", ")}`,
  );
}

const ENCRYPT = {
  strict: true,
  true: true,
  yes: true,
  mandatory: true,
  false: true,
  no: true,
  optional: true,
};
const YES_NO = { true: true, yes: true, false: true, no: true };
const INTENTS = { readonly: true, readwrite: true };

const isYes = (text: string | undefined): boolean => text === "true" || text === "yes";

/** What the URL asks for, where there is no `tls:` block: the certificate is checked when it says so. */
function urlTls(params: Parameters): TlsMode {
  const encrypt = oneOf(params, "encrypt", ENCRYPT);
  const trust = oneOf(params, "trustservercertificate", YES_NO);
  const asked = encrypt === "true" || encrypt === "yes" || encrypt === "mandatory";
  if (trust === undefined) return asked || encrypt === "strict" ? "verify-full" : "unchecked";
  return isYes(trust) ? "unchecked" : "verify-full";
}

/** The `tls:` block wins over the URL. The login is encrypted whatever they say. */
function tlsSettings(source: SourceConfig, params: Parameters): TlsSettings {
  const strict = params.get("encrypt")?.toLowerCase() === "strict";
  const block = source.tls;
  if (block === undefined) {
    return { mode: urlTls(params), strict, caFile: undefined };
  }
  const { mode, ca_file, accept_invalid_certs, accept_invalid_hostnames } = block;
  const weakened = mode !== "verify-full" || accept_invalid_certs || accept_invalid_hostnames;
  if (strict && weakened) {
    throw new ConfigError(
      "encrypt=strict of the connection URL checks certificate and host, and source.tls asks for less",
      [],
      { hint: "Write tls: {mode: verify-full}, with ca_file for an authority of your own." },
    );
  }
  if (mode === "disable" || mode === "require" || accept_invalid_certs) {
    return { mode: "unchecked", strict, caFile: undefined };
  }
  const anyHost = mode === "verify-ca" || accept_invalid_hostnames;
  return { mode: anyHost ? "verify-ca" : "verify-full", strict, caFile: ca_file };
}

const PROTECTION: Readonly<Record<TlsMode, Protection>> = {
  unchecked: "anybody",
  "verify-ca": "authority",
  "verify-full": "host",
};

/** The block wins; that it takes a check away which the URL asks for is worth a word. */
function conflicts({ tls }: SourceConfig, params: Parameters, settings: TlsSettings): string[] {
  if (tls === undefined) return [];
  const { mode, accept_invalid_certs, accept_invalid_hostnames } = tls;
  const block = blockWords({
    mode,
    acceptInvalidCerts: accept_invalid_certs,
    acceptInvalidHostnames: accept_invalid_hostnames,
  });
  const words = { block, url: "a certificate that is checked (encrypt, trustServerCertificate)" };
  const conflict = tlsConflict(PROTECTION[settings.mode], PROTECTION[urlTls(params)], words);
  return conflict === null ? [] : [conflict];
}

const URL_FORM: UrlForm = {
  type: "mssql",
  schemes: ["sqlserver", "mssql"],
  example: "sqlserver://user:password@host:1433/database",
};

function required(value: string | undefined, what: string): string {
  if (value !== undefined && value !== "") return value;
  throw new ConfigError(`the connection URL of the source names no ${what}`, [], {
    hint: `Write ${URL_FORM.example}.`,
  });
}

/** `host\instance`, as Windows tools write it. A port that is given makes the instance's name idle. */
function endpoint(host: string, port: number | undefined, instance: string | undefined) {
  const [name, named] = host.split("\\");
  const wanted = instance ?? named;
  const asked = wanted !== undefined && wanted !== "" && port === undefined;
  return { host: name, port: asked ? null : port ?? DEFAULT_PORT, instance: asked ? wanted : null };
}

function fromUrl(source: SourceConfig, text: string): ConnectionSettings {
  const url = parseConnectionUrl(text, URL_FORM);
  const params = parametersOf(url);
  const path = decodeUrlPart(url.pathname.replace(/^\//, ""), "database");
  const timeout = params.get("connect_timeout");
  const host = required(decodeUrlPart(url.hostname, "host").replace(/^\[|\]$/g, ""), "host");
  const port = url.port === "" ? undefined : positiveParameter(url.port, "port", 65535);
  const tls = tlsSettings(source, params);
  return {
    ...endpoint(host, port, params.get("instance")),
    user: required(decodeUrlPart(url.username, "user"), "user"),
    password: decodeUrlPart(url.password, "password"),
    database: required(path === "" ? params.get("database") : path, "database"),
    tls,
    warnings: conflicts(source, params, tls),
    connectTimeoutS: timeout === undefined
      ? DEFAULT_CONNECT_TIMEOUT_S
      : positiveParameter(timeout, "connect_timeout", 3600),
    readOnlyIntent: oneOf(params, "applicationintent", INTENTS) === "readonly",
  };
}

function fromFields(source: SourceConfig, env: Env): ConnectionSettings {
  const field = (key: "host" | "user" | "database"): string => {
    const value = source[key];
    if (value !== undefined) return value;
    throw new ConfigError(`source.${key} is missing`, [], {
      hint: "Give url, url_env or url_file, or all of host, user and database.",
    });
  };
  return {
    ...endpoint(field("host"), source.port, undefined),
    user: field("user"),
    password: readPassword(source, env) ?? "",
    database: field("database"),
    tls: tlsSettings(source, new Map()),
    warnings: [],
    connectTimeoutS: DEFAULT_CONNECT_TIMEOUT_S,
    readOnlyIntent: false,
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

/** Where the connection goes, for messages. */
export function addressOf({ host, port, instance }: ConnectionSettings): string {
  return port === null ? `${host}\\${instance}` : `${host}:${port}`;
}
