/** Looking for a password in everything that a command left behind. */
import { join } from "node:path";
import type { TestDatabase } from "./postgres.ts";

/** A password as it may be spelled: raw, URL-encoded in both cases, escaped in JSON, base64. */
export function spellings(password: string): string[] {
  const encoded = encodeURIComponent(password);
  const lower = encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  const all = [
    password,
    encoded,
    lower,
    JSON.stringify(password).slice(1, -1),
    new TextEncoder().encode(password).toBase64(),
  ];
  return [...new Set(all)];
}

const latin1 = new TextDecoder("latin1");

/** What a byte search for `needle` finds; files are read as bytes, so that databases count too. */
function holds(body: Uint8Array, needle: string): boolean {
  const bytes = new TextEncoder().encode(needle);
  return latin1.decode(body).includes(latin1.decode(bytes));
}

/** Paths of the files below `folder` that hold the password; `except` may. */
export async function filesWith(
  folder: string,
  password: string,
  except: readonly string[] = [],
): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await filesWith(path, password, except));
    else if (!except.includes(entry.name)) {
      const body = await Deno.readFile(path);
      if (spellings(password).some((spelling) => holds(body, spelling))) found.push(path);
    }
  }
  return found;
}

export function textHolds(text: string, password: string): boolean {
  return spellings(password).some((spelling) => text.includes(spelling));
}

/** URLs, JSON and SQL all must escape something of it. */
const AWKWARD = "s3cr3t/p@ss:w%rd é'\"";

export interface SecretRole {
  /** Of the database, for a role that may read and write in it and has this password. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  drop(): Promise<void>;
}

/** A role of the test's own: the server's may have a password that is an everyday word, or none. */
export async function secretRole(database: TestDatabase): Promise<SecretRole> {
  const user = `rivet_secret_${crypto.randomUUID().slice(0, 8)}`;
  const password = `${AWKWARD}${crypto.randomUUID().slice(0, 8)}`;
  await database.sql(
    `CREATE ROLE ${user} LOGIN PASSWORD '${password.replaceAll("'", "''")}';
     GRANT ALL ON SCHEMA public TO ${user};
     GRANT ALL ON ALL TABLES IN SCHEMA public TO ${user}`,
  );
  const url = new URL(database.url);
  url.username = user;
  url.password = encodeURIComponent(password);
  return {
    url: url.href,
    user,
    password,
    async drop() {
      await database.sql(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    },
  };
}
