/**
 * Loading a configuration: read, parse, substitute, validate, resolve. Every problem is reported at
 * once, each with `file:line:column: path: message`.
 */
import { dirname, resolve } from "node:path";
import { ConfigError } from "../base/errors.ts";
import {
  redact,
  registerNames,
  registerPassword,
  registerSecret,
  registerUrlSecret,
} from "../base/redact.ts";
import { type ConfigDocument, parseConfigDocument } from "./document.ts";
import type { LoadedConfig, NamedConfig, NamedExport } from "./loaded.ts";
import { shownNames } from "./names.ts";
import { type ConfigPath, formatProblem, type Problem, sortProblems } from "./problem.ts";
import { type QueryKeys, resolveQuery } from "./query.ts";
import { readConfigText } from "./read.ts";
import { resolveExport, resolveSource } from "./resolve.ts";
import type { Finding } from "./rules/rule.ts";
import { type Lookup, mapStrings, substitute } from "./substitute.ts";
import { validateConfig } from "./validate.ts";

export interface LoadOptions {
  /**
   * `--param key=value`. Values are put into the SQL as text, not as bound parameters: they must be
   * trusted, like the query itself.
   */
  readonly params: ReadonlyMap<string, string>;
  /** The environment. */
  readonly env: Lookup;
}

/**
 * @param path as the user wrote it: messages name it so.
 * @throws ConfigError CONFIG_NOT_FOUND, or CONFIG_INVALID with every problem in `problems` and, as
 * lines, in its message.
 */
export async function loadConfig(path: string, options: LoadOptions): Promise<LoadedConfig> {
  const document = parseConfigDocument(await readConfigText(path));
  const report = new Report(path, document);
  report.throwIfWrong();
  const data = topMapping(document.value, report);
  const variables = new Set<string>();
  const env: Lookup = (name) => {
    variables.add(name);
    return options.env(name);
  };
  const { value, substituted } = substituteEnv(data, env, report);
  registerSecrets(value);
  // As it is written, where no variable's value is in it; of the values those that are names.
  registerNames(shownNames(data));

  const { config, findings } = validateConfig(value, substituted);
  findings.forEach((finding) => report.add(finding));
  const absolute = resolve(path);
  const dir = dirname(absolute);
  const queries = await resolveQueries(value.exports, dir, { ...options, env }, report);
  report.throwIfWrong();
  for (const { name, table = "" } of config?.exports ?? []) registerNames([name, table]);
  // `throwIfWrong` has thrown when there is no configuration: its absence is a finding too.
  if (config === null) throw new ConfigError(`${path}: invalid configuration`);
  return {
    path: absolute,
    dir,
    source: resolveSource(config.source, dir),
    exports: config.exports.map((entry, i) => resolveExport(entry, queries[i], config.source, dir)),
    config,
    variables: [...variables],
    warnings: report.warnings(),
  };
}

/**
 * The names of a configuration's exports. Nothing else of it is judged: no query, and no variable that is
 * not set, keeps anybody from looking at the state.
 * @throws ConfigError CONFIG_NOT_FOUND, or CONFIG_INVALID when the file is no YAML mapping.
 */
export async function loadNames(path: string, env: Lookup): Promise<NamedConfig> {
  const document = parseConfigDocument(await readConfigText(path));
  const report = new Report(path, document);
  report.throwIfWrong();
  const data = topMapping(document.value, report);
  const { value } = substituteEnv(data, env, report);
  registerSecrets(value);
  registerNames(shownNames(data));
  const entries = Array.isArray(value.exports) ? value.exports : [];
  const absolute = resolve(path);
  return { path: absolute, dir: dirname(absolute), exports: entries.flatMap(namedExport) };
}

function namedExport(entry: unknown): NamedExport[] {
  const { name, cursor_column: column, cursor_fallback_column: fallback } = Object(entry);
  if (typeof name !== "string") return [];
  if (typeof column !== "string") return [{ name }];
  const cursorColumn = typeof fallback === "string" ? `coalesce(${column},${fallback})` : column;
  return [{ name, cursorColumn }];
}

/** Collects problems and gives each its place in the file. */
class Report {
  readonly #problems: Problem[];
  /** Variables that were not set, by the path of the string that names them. */
  readonly #unset = new Map<string, string>();
  readonly #file: string;
  readonly #document: ConfigDocument;

  constructor(file: string, document: ConfigDocument) {
    this.#file = file;
    this.#document = document;
    this.#problems = [...document.problems];
  }

  add(finding: Finding): void {
    const unset = this.#unset.get(JSON.stringify(finding.path));
    const because = unset === undefined || finding.severity === "warning"
      ? ""
      : ` (not set in the environment: ${unset})`;
    this.#problems.push({
      severity: finding.severity ?? "error",
      path: finding.path,
      message: finding.message + because,
      position: this.#document.positionOf(finding.path),
    });
  }

  /** A warning that has no place in the file. */
  warn(message: string): void {
    this.#problems.push({ severity: "warning", path: [], message, position: null });
  }

  unset(path: ConfigPath, names: readonly string[]): void {
    const list = names.join(", ");
    this.#unset.set(JSON.stringify(path), list);
    this.add({
      path,
      message: `not set in the environment, so replaced by nothing: ${list}`,
      severity: "warning",
    });
  }

  warnings(): string[] {
    return this.#lines("warning");
  }

  throwIfWrong(): void {
    const lines = this.#lines("error");
    if (lines.length === 0) return;
    const message = lines.length === 1
      ? lines[0]
      : `${lines.length} problems in ${this.#file}:\n${lines.map((l) => `  ${l}`).join("\n")}`;
    throw new ConfigError(message, lines);
  }

  #lines(severity: Problem["severity"]): string[] {
    return sortProblems(this.#problems.filter((p) => p.severity === severity))
      .map((problem) => redact(formatProblem(this.#file, problem)));
  }
}

function topMapping(value: unknown, report: Report): Record<string, unknown> {
  if (value === null || value === undefined) {
    report.add({ path: [], message: "the file is empty; it needs source and exports" });
  } else if (typeof value !== "object" || Array.isArray(value)) {
    const kind = Array.isArray(value)
      ? "a list"
      : `a ${typeof value === "string" ? "text" : typeof value}`;
    report.add({
      path: [],
      message: `the file is ${kind}; it must be a mapping with source and exports`,
    });
  }
  report.throwIfWrong();
  return value as Record<string, unknown>;
}

/** `${VAR}` everywhere but in queries, whose placeholders `resolveQuery` fills in. */
function substituteEnv(
  data: Record<string, unknown>,
  env: Lookup,
  report: Report,
): { value: Record<string, unknown>; substituted: Set<string> } {
  const substituted = new Set<string>();
  const value = mapStrings(data, (text, path) => {
    if (path.length === 3 && path[0] === "exports" && path[2] === "query") return text;
    const result = substitute(text, env);
    if (result.missing.length > 0) report.unset(path, result.missing);
    if (result.used.length > 0) substituted.add(JSON.stringify(path));
    return result.text;
  });
  return { value: value as Record<string, unknown>, substituted };
}

/** By the names of keys, wherever they stand: a misplaced password is a secret too. */
function registerSecrets(data: Record<string, unknown>): void {
  const source = data.source as Record<string, unknown> | null | undefined;
  const shown = [source?.user, source?.database].filter((v) => typeof v === "string");
  mapStrings(data, (text, path) => {
    const key = path[path.length - 1];
    if (key === "password") registerPassword(text, shown);
    if (key === "webhook_url") registerSecret(text);
    if (text.includes("://")) registerUrlSecret(text);
    return text;
  });
}

async function resolveQueries(
  exports: unknown,
  dir: string,
  { params, env }: LoadOptions,
  report: Report,
): Promise<(string | null)[]> {
  const used = new Set<string>();
  const queries: (string | null)[] = [];
  for (const [i, entry] of (Array.isArray(exports) ? exports : []).entries()) {
    const resolved = await resolveQuery(
      queryKeys(entry),
      dir,
      (name) => params.get(name) ?? env(name),
    );
    resolved.used.forEach((name) => used.add(name));
    for (const finding of resolved.findings) {
      report.add({ ...finding, path: ["exports", i, ...finding.path] });
    }
    queries.push(resolved.query);
  }
  for (const name of params.keys()) {
    if (!used.has(name)) report.warn(`no query uses \${${name}}, which --param gives`);
  }
  return queries;
}

/** Whatever of an export's SQL is text; what is not is a problem of its own already. */
function queryKeys(entry: unknown): QueryKeys {
  const { query, query_file, allow_outside } = Object(entry) as Record<string, unknown>;
  return {
    ...(typeof query === "string" ? { query } : {}),
    ...(typeof query_file === "string" && query_file !== "" ? { query_file } : {}),
    ...(allow_outside === true ? { allow_outside } : {}),
  };
}
