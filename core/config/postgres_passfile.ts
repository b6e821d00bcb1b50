/**
 * Passwords from libpq's password file.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
import { readFileSync, statSync } from "node:fs";
import { homedir, platform } from "node:os";
import { join } from "node:path";

/** For which login a password is wanted. */
export interface PassFileQuery {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** What the file says to that. */
export interface PassFileAnswer {
  readonly password: string | null;
  /** One line, when the file was not looked at though it is there. */
  readonly warning: string | null;
}

const NOTHING: PassFileAnswer = { password: null, warning: null };

/** The file that is looked at when none is named; null where the process has no home. */
export function defaultPassFile(env: (name: string) => string | undefined): string | null {
  const named = env("PGPASSFILE");
  if (named !== undefined && named !== "") return named;
  if (platform() === "win32") return join(env("APPDATA") ?? "", "postgresql", "pgpass.conf");
  // Null, whatever its type says, for a user whom the system does not know.
  const home: string | null = env("HOME") ?? homedir();
  return home === null ? null : join(home, ".pgpass");
}

/** The fields of a line, with `\:` and `\\` as the characters they stand for. */
function fieldsOf(line: string): { readonly text: string; readonly any: boolean }[] {
  const fields = `${line}:`.matchAll(/((?:\\.|[^\\:])*):/g);
  return [...fields].map(([, field]) => ({
    text: field.replace(/\\(.)/g, "$1"),
    any: field === "*",
  }));
}

/** The password of the first line that fits; null for none. */
export function findPassword(content: string, query: PassFileQuery): string | null {
  // A socket's folder stands as it is, or as localhost.
  const hosts = query.host.startsWith("/") ? [query.host, "localhost"] : [query.host];
  const wanted = [hosts, [`${query.port}`], [query.database], [query.user]];
  for (const line of content.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    if (fields.length < 5) continue;
    if (wanted.every((values, i) => fields[i].any || values.includes(fields[i].text))) {
      return fields[4].text;
    }
  }
  return null;
}

/** Looks into `path`. As libpq does, a file that others may read is not used, which is said. */
export function readPassFile(path: string | null, query: PassFileQuery): PassFileAnswer {
  if (path === null) return NOTHING;
  try {
    const info = statSync(path);
    if (!info.isFile()) return NOTHING;
    if (platform() !== "win32" && (info.mode & 0o077) !== 0) {
      return {
        password: null,
        warning: `the password file ${path} is not used: others may read it (chmod 600 it)`,
      };
    }
    return { password: findPassword(readFileSync(path, "utf8"), query), warning: null };
  } catch {
    return NOTHING;
  }
}
