/**
 * Where a source's URL and password come from. Messages name the variable or file, never the value, and
 * what is read here is hidden in every text from then on.
 */
import { readFileSync } from "node:fs";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";
import { registerPassword, registerUrlSecret } from "../../../core/base/redact.ts";

/** Looks a variable up; undefined when it is not set. */
export type Env = (name: string) => string | undefined;

/** This process's own variables. */
export const processEnv: Env = (name) => Deno.env.get(name);

function fromEnv(env: Env, key: string, variable: string): string {
  const value = env(variable);
  if (value !== undefined && value !== "") return value;
  const state = value === undefined ? "is not set" : "is empty";
  throw new ConfigError(
    `source.${key} names the environment variable ${variable}, which ${state}`,
    [],
    {
      hint: `Set it before running: export ${variable}=...`,
    },
  );
}

function fromFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as { code?: string }).code;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code ?? "I/O error"})`;
    throw new ConfigError(`source.url_file names ${path}, which ${why}`, [], { cause: error });
  }
  const url = text.trim();
  if (url === "") throw new ConfigError(`source.url_file names ${path}, which is empty`);
  return url;
}

/** The URL of `url`, `url_env` or `url_file`; null when the source is written as fields. */
export function readUrl(source: SourceConfig, env: Env): string | null {
  const url = writtenUrl(source, env);
  if (url !== null) registerUrlSecret(url);
  return url;
}

function writtenUrl(source: SourceConfig, env: Env): string | null {
  if (source.url !== undefined) return source.url;
  if (source.url_env !== undefined) return fromEnv(env, "url_env", source.url_env);
  if (source.url_file !== undefined) return fromFile(source.url_file);
  return null;
}

/** The password of the structured form, or undefined when none is given. */
export function readPassword(source: SourceConfig, env: Env): string | undefined {
  const password = source.password_env === undefined
    ? source.password
    : fromEnv(env, "password_env", source.password_env);
  registerPassword(password, [source.user, source.database]);
  return password;
}
