/** Rules of `source:` and of its `tls:` and `tuning:`. */
import type { SourceConfig } from "../schema.ts";
import { exclusive, type Finding, present, sentence, type SourceRule } from "./rule.ts";

const URL_KEYS = ["url", "url_env", "url_file"];
const STRUCTURED_KEYS = ["host", "port", "user", "password", "password_env", "database"];
const REQUIRED_KEYS = ["host", "user", "database"];

/** The schemes of each engine's URLs. */
export const SCHEMES: Record<SourceConfig["type"], readonly string[]> = {
  postgres: ["postgres", "postgresql"],
  mysql: ["mysql", "mariadb"],
  mssql: ["mssql", "sqlserver"],
};

const urlOrFields: SourceRule = {
  name: "url_or_structured_fields",
  reads: [...URL_KEYS, ...STRUCTURED_KEYS],
  check(source) {
    const urls = present(source, URL_KEYS);
    const fields = present(source, STRUCTURED_KEYS);
    if (urls.length > 0 && fields.length > 0) {
      return [{
        path: [fields[0]],
        message: `${sentence([urls[0], ...fields], "and")} cannot be mixed; ` +
          "give either a URL or the structured fields",
      }];
    }
    if (urls.length === 0 && fields.length === 0) {
      return [{
        path: [],
        message: `no connection: give one of ${sentence(URL_KEYS, "or")}, ` +
          `or ${sentence(REQUIRED_KEYS, "and")}`,
      }];
    }
    return exclusive(source, URL_KEYS, "keep one of them");
  },
};

const structuredComplete: SourceRule = {
  name: "structured_fields_complete",
  reads: [...URL_KEYS, ...STRUCTURED_KEYS],
  check(source) {
    const fields = present(source, STRUCTURED_KEYS);
    if (fields.length === 0 || present(source, URL_KEYS).length > 0) return [];
    const absent = REQUIRED_KEYS.filter((key) => !fields.includes(key));
    if (absent.length === 0) return [];
    return [{
      path: [],
      message: `${sentence(absent, "and")} missing: a connection without a URL needs ` +
        sentence(REQUIRED_KEYS, "and"),
    }];
  },
};

const onePassword: SourceRule = {
  name: "one_password",
  reads: ["password", "password_env"],
  check: (source) => exclusive(source, ["password", "password_env"], "keep password_env"),
};

const schemeMatchesType: SourceRule = {
  name: "url_scheme_matches_type",
  reads: ["type", "url"],
  check(source) {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source.url ?? "")?.[1].toLowerCase();
    if (scheme === undefined || SCHEMES[source.type].includes(scheme)) return [];
    const owner = Object.entries(SCHEMES).find(([, schemes]) => schemes.includes(scheme))?.[0];
    const advice = owner === undefined
      ? `write ${SCHEMES[source.type][0]}://`
      : `write type: ${owner}, or a ${SCHEMES[source.type][0]}:// URL`;
    return [{
      path: ["url"],
      message: `a ${scheme}:// URL does not fit type: ${source.type}; ${advice}`,
    }];
  },
};

/** A URL in one of these is a variable that holds something else; it is not shown, nor kept. */
const fieldsAreNoUrls: SourceRule = {
  name: "fields_hold_no_url",
  reads: ["url_env", "url_file", "host", "user", "database", "password_env", "tls"],
  check(source) {
    const findings: Finding[] = [];
    const refuse = (path: string[], what: string) =>
      findings.push({
        path,
        message: `holds a URL where ${what} belongs; a connection URL goes into url or url_env`,
      });
    if (source.host !== undefined && /:\/\/|@/.test(source.host)) refuse(["host"], "a host name");
    for (const key of ["user", "database"] as const) {
      if (source[key]?.includes("://")) refuse([key], "a name");
    }
    for (const key of ["url_env", "password_env"] as const) {
      if (source[key]?.includes("://")) refuse([key], "the name of a variable");
    }
    if (source.url_file?.includes("://")) refuse(["url_file"], "a path");
    if (source.tls?.ca_file?.includes("://")) refuse(["tls", "ca_file"], "a path");
    return findings;
  },
};

const tlsConsistent: SourceRule = {
  name: "tls_fields_fit_mode",
  reads: ["tls"],
  check({ tls }) {
    if (tls === undefined) return [];
    const accepts = (["accept_invalid_certs", "accept_invalid_hostnames"] as const)
      .filter((key) => tls[key]);
    const findings: Finding[] = [];
    if (tls.mode === "disable") {
      for (const key of [...present(tls, ["ca_file"]), ...accepts]) {
        findings.push({ path: ["tls", key], message: `${key} has no meaning with mode: disable` });
      }
      return findings;
    }
    if (tls.mode === "require" && tls.ca_file !== undefined) {
      findings.push({
        path: ["tls", "ca_file"],
        message: "mode: require does not check the certificate, so ca_file would be ignored; " +
          "write mode: verify-ca or verify-full",
      });
    }
    for (const key of tls.mode === "require" ? [] : accepts) {
      findings.push({
        path: ["tls", key],
        message: `${key} weakens mode: ${tls.mode}; the server's identity is not certain`,
        severity: "warning",
      });
    }
    return findings;
  },
};

/** Engines whose connections can show a certificate. */
const CLIENT_CERTIFICATES: Record<SourceConfig["type"], boolean> = {
  postgres: true,
  mysql: true,
  mssql: false,
};

const clientCertificate: SourceRule = {
  name: "client_certificate",
  reads: ["tls", "type"],
  check({ tls, type }) {
    const [given, ...more] = present(tls ?? {}, ["cert_file", "key_file"]);
    if (tls === undefined || given === undefined) return [];
    const path = ["tls", given];
    if (!CLIENT_CERTIFICATES[type]) {
      return [{ path, message: `type: ${type} has no client certificates` }];
    }
    if (tls.mode === "disable") {
      return [{ path, message: `${given} has no meaning with mode: disable` }];
    }
    return more.length > 0 ? [] : [{ path, message: "cert_file and key_file need each other" }];
  },
};

/** Engines whose servers can ask for a password as it is. */
const CLEARTEXT_PASSWORDS: Record<SourceConfig["type"], boolean> = {
  postgres: true,
  mysql: false,
  mssql: false,
};

const cleartextPassword: SourceRule = {
  name: "cleartext_password",
  reads: ["allow_cleartext_password", "type"],
  check({ allow_cleartext_password, type }) {
    if (allow_cleartext_password === undefined || CLEARTEXT_PASSWORDS[type]) return [];
    return [{
      path: ["allow_cleartext_password"],
      message: `type: ${type} never sends the password as it is`,
    }];
  },
};

const PUBLIC_KEYS = ["allow_public_key_retrieval", "server_public_key_file"] as const;

/** Engines whose logins encrypt a password with the server's key. */
const PUBLIC_KEY_LOGINS: Record<SourceConfig["type"], boolean> = {
  postgres: false,
  mysql: true,
  mssql: false,
};

const publicKey: SourceRule = {
  name: "public_key",
  reads: [...PUBLIC_KEYS, "type"],
  check(source) {
    if (PUBLIC_KEY_LOGINS[source.type]) return [];
    return present(source, PUBLIC_KEYS).map((key) => ({
      path: [key],
      message: `type: ${source.type} encrypts no password with a key of the server`,
    }));
  },
};

const oneBatchSize: SourceRule = {
  name: "one_batch_size",
  reads: ["tuning"],
  check: (source) => tuningFindings(source.tuning),
};

/** `batch_size` and `batch_size_memory_mb` of one tuning block. */
export function tuningFindings(tuning: SourceConfig["tuning"]): Finding[] {
  const keys = ["batch_size", "batch_size_memory_mb"];
  return exclusive(tuning ?? {}, keys, "size batches by rows or by memory")
    .map((finding) => ({ ...finding, path: ["tuning", ...finding.path] }));
}

/** In the order in which they are asked. */
export const SOURCE_RULES: readonly SourceRule[] = [
  urlOrFields,
  structuredComplete,
  onePassword,
  schemeMatchesType,
  fieldsAreNoUrls,
  tlsConsistent,
  clientCertificate,
  cleartextPassword,
  publicKey,
  oneBatchSize,
];
