/**
 * `${NAME}` in the configuration's strings. The result is never looked at again: what a variable holds
 * is not substituted a second time. `$${NAME}` stands for the text `${NAME}` itself.
 */
import type { ConfigPath } from "./problem.ts";

/** Letters, digits, `_`, `-`, `.` after a first letter or `_`; anything else in `${...}` stays as it is. */
const PLACEHOLDER = /\$?\$\{([A-Za-z_][A-Za-z0-9_.-]*)\}/g;

/** The value of a name in `${...}`; undefined when it has none. */
export type Lookup = (name: string) => string | undefined;

export interface Substitution {
  readonly text: string;
  /** Names without a value, each once, in order; they are replaced by nothing. */
  readonly missing: readonly string[];
  /** Names that were replaced. */
  readonly used: readonly string[];
}

export function substitute(text: string, lookup: Lookup): Substitution {
  const missing = new Set<string>();
  const used = new Set<string>();
  const result = text.replace(PLACEHOLDER, (found, name: string) => {
    if (found.startsWith("$$")) return found.slice(1);
    const value = lookup(name);
    (value === undefined ? missing : used).add(name);
    return value ?? "";
  });
  return { text: result, missing: [...missing], used: [...used] };
}

/** The text as it has to be written for a reader who substitutes: names of others hold no placeholder. */
export function literal(text: string): string {
  return text.replace(PLACEHOLDER, "$$$&");
}

/** A copy of a plain value with every string (not the keys) replaced by what `change` returns. */
export function mapStrings(
  value: unknown,
  change: (text: string, path: ConfigPath) => string,
  path: ConfigPath = [],
): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) return value.map((item, i) => mapStrings(item, change, [...path, i]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapStrings(item, change, [...path, key])]),
  );
}
