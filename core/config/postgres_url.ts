/**
 * `postgresql://` URLs as libpq reads them, for every part that connects to PostgreSQL. Its grammar is not
 * that of the web: several hosts, folders of sockets, passwords that hold `?` or `#` as they are.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */

/** One server of a URL. */
export interface PostgresHost {
  /** A name, an address (IPv6 without brackets), or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** What is wrong with a URL. Repeats no part of it that may be secret. */
export class PostgresUrlError extends Error {
  override readonly name = "PostgresUrlError";
  readonly hint: string;
  /** It is not PostgreSQL's: another scheme, or none. */
  readonly foreign: boolean;

  /** @param problem follows a name of the URL: `starts with mysql://`. */
  constructor(problem: string, hint: string = ENCODE_HINT, foreign = false) {
    super(problem);
    this.hint = hint;
    this.foreign = foreign;
  }
}

/** The parts of a URL as it was written, decoded. */
export interface UrlParts {
  readonly user: string;
  readonly password: string;
  /** The password, plain and as it was written. */
  readonly secrets: readonly string[];
  /** At least one; an empty name stands for the default. */
  readonly hosts: readonly { readonly host: string; readonly port: string }[];
  readonly database: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Without the password and the parameters, for people. */
  readonly location: string;
}

/** For hints. */
export const EXAMPLE = "postgresql://user:password@host:5432/database";

const ENCODE_HINT = `Write it as ${EXAMPLE}, and percent-encode special characters of user and ` +
  "password (@ is %40, / is %2F, ? is %3F, # is %23).";

function malformed(): PostgresUrlError {
  return new PostgresUrlError("cannot be parsed");
}

/** @param what which part it is, for the message. */
function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PostgresUrlError(
      `has a ${what} that is not percent-encoded correctly`,
      "Write a literal % as %25.",
    );
  }
}

/** Forms of other tools, and what to write instead. */
function foreignForm(text: string): PostgresUrlError {
  const scheme = /^((?:jdbc:)?[a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) {
    return new PostgresUrlError("has no scheme", `Write ${EXAMPLE}.`, true);
  }
  const problem = `starts with ${scheme}://`;
  if (scheme.startsWith("jdbc:postgres")) {
    const hint = `Leave jdbc: out, and write user and password in front of the host: ${EXAMPLE}.`;
    return new PostgresUrlError(problem, hint, true);
  }
  if (/^postgres(ql)?\+/.test(scheme)) {
    const hint = `Leave ${scheme.slice(scheme.indexOf("+"))} out: postgresql://...`;
    return new PostgresUrlError(problem, hint, true);
  }
  return new PostgresUrlError(problem, `Write ${EXAMPLE}.`, true);
}

/**
 * Index of the `@` behind user and password, or -1. A `?` or `#` in front of it belongs to them, as long as
 * it does not begin a list of parameters.
 */
function userinfoEnd(rest: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  if (authority.includes("@")) return authority.lastIndexOf("@");
  if (/^\?[a-z_]+=/.test(rest.slice(authority.length))) return -1;
  const beforePath = /^[^/]*/.exec(rest)?.[0] ?? "";
  return beforePath.lastIndexOf("@");
}

function splitHost(text: string): { readonly host: string; readonly port: string } {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]@]*))(?::(\d*))?$/.exec(text);
  if (match === null) throw malformed();
  return { host: decode(match[1] ?? match[2], "host"), port: match[3] ?? "" };
}

function readParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const [, name, value] = /^([A-Za-z0-9_.-]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined) throw malformed();
    // A `+` is a blank to the web's forms, and to those who encode with their tools; libpq keeps it.
    parameters.set(name, decode(value, `parameter ${name}`));
  }
  return parameters;
}

/** @throws PostgresUrlError */
export function splitPostgresUrl(written: string): UrlParts {
  const text = written.trim();
  const [, rest] = /^postgres(?:ql)?:\/\/(.*)$/is.exec(text) ?? [];
  if (rest === undefined) throw foreignForm(text);
  const at = userinfoEnd(rest);
  const userinfo = at < 0 ? "" : rest.slice(0, at);
  const [, hostList, path, query] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(
    rest.slice(at + 1),
  ) ?? [];
  // An `@` behind the host means that a password ended too early.
  if (hostList === undefined || path?.includes("@") || path?.includes("/")) throw malformed();
  const colon = userinfo.indexOf(":");
  const user = decode(colon < 0 ? userinfo : userinfo.slice(0, colon), "user");
  const hidden = colon < 0 ? "" : ":***";
  const secret = colon < 0 ? "" : userinfo.slice(colon + 1);
  const password = decode(secret, "password");
  return {
    user,
    password,
    secrets: [password, secret],
    hosts: hostList.split(",").map(splitHost),
    database: decode(path ?? "", "database"),
    parameters: readParameters(query ?? ""),
    location: `postgresql://${at < 0 ? "" : `${user}${hidden}@`}${hostList}/${path ?? ""}`,
  };
}
