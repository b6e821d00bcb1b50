/** The SQL of each export: read from `query_file` where one is named, `--param`s put in. */
import { isAbsolute, relative, resolve } from "node:path";
import { readText } from "./read.ts";
import type { Finding } from "./rules/rule.ts";
import { withoutSemicolon } from "./statement.ts";
import { type Lookup, substitute } from "./substitute.ts";

export interface ResolvedQuery {
  /** Null when the export reads a table, or has findings. */
  readonly query: string | null;
  /** Paths start at the export. */
  readonly findings: readonly Finding[];
  /** Names of the placeholders that were replaced. */
  readonly used: readonly string[];
}

/** The part of an export that names its SQL; it is looked at even when other parts are wrong. */
export interface QueryKeys {
  readonly query?: string;
  readonly query_file?: string;
  readonly allow_outside?: boolean;
}

/** @param lookup `--param` first, then the environment; a name that neither knows is an error. */
export async function resolveQuery(
  config: QueryKeys,
  dir: string,
  lookup: Lookup,
): Promise<ResolvedQuery> {
  if (config.query !== undefined) return fillIn("query", "", config.query, lookup);
  if (config.query_file === undefined) return { query: null, findings: [], used: [] };
  const path = resolve(dir, config.query_file);
  if (config.allow_outside !== true && await leaves(dir, path)) {
    return failed(
      "query_file",
      `${config.query_file} is outside the configuration's folder; allow_outside: true beside it ` +
        "permits that",
    );
  }
  const read = await readText(path);
  if ("failure" in read) return failed("query_file", `${config.query_file} ${read.failure}`);
  return fillIn("query_file", `${config.query_file}: `, read.text, lookup);
}

/** Whether the path, or what a link makes of it, is outside the folder. */
async function leaves(dir: string, path: string): Promise<boolean> {
  if (isOutside(dir, path)) return true;
  try {
    return isOutside(await Deno.realPath(dir), await Deno.realPath(path));
  } catch {
    // It is not there or not to be read, which reading it says better.
    return false;
  }
}

function isOutside(dir: string, path: string): boolean {
  const way = relative(dir, path);
  return isAbsolute(way) || way === ".." || way.startsWith("../") || way.startsWith("..\\");
}

function fillIn(key: string, prefix: string, text: string, lookup: Lookup): ResolvedQuery {
  const { text: filled, missing, used } = substitute(text, lookup);
  if (missing.length > 0) {
    const names = missing.map((name) => `\${${name}}`).join(", ");
    const advice = missing.map((name) => `--param ${name}=...`).join(" ");
    return failed(
      key,
      `${prefix}no value for ${names}: pass ${advice}, or set it in the environment`,
    );
  }
  const query = withoutSemicolon(filled);
  if (query === "") return failed(key, `${prefix}the query is empty`);
  return { query, findings: [], used };
}

function failed(key: string, message: string): ResolvedQuery {
  return { query: null, findings: [{ path: [key], message }], used: [] };
}
