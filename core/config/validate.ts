/** Shape and relations of a parsed file: every problem at once. */
import * as v from "valibot";
import { check, looseObject, pathOf, type Schema } from "../base/schema.ts";
import { nearest } from "../base/suggest.ts";
import { issueMessage } from "./issue_message.ts";
import type { ConfigPath } from "./problem.ts";
import { knownKeys } from "./schema_keys.ts";
import { EXPORT_RULES, ROOT_RULES, SOURCE_RULES } from "./rules.ts";
import type { Finding, Rule } from "./rules/rule.ts";
import {
  configSchema,
  exportSchema,
  lineageSchema,
  notificationsSchema,
  type RivetConfig,
  sourceSchema,
} from "./schema.ts";

export interface Validation {
  /** Null when the shape is wrong somewhere; findings say where. */
  readonly config: RivetConfig | null;
  /** With paths from the top of the file. */
  readonly findings: readonly Finding[];
}

type Block = Readonly<Record<string, unknown>>;

/** @param substituted paths (`JSON.stringify`ed) of the strings that a variable was put into. */
export function validateConfig(data: Block, substituted: ReadonlySet<string>): Validation {
  const value = typeSubstituted(data, substituted);
  const result = check(configSchema, value);
  const shape: Finding[] = (result.issues ?? [])
    .map((issue) => issueMessage(configSchema, issue, value));
  return {
    config: result.success ? result.output : null,
    findings: [...shape, ...checkRules(value)],
  };
}

/**
 * A variable's text takes the type that its field wants: `batch_size: ${ROWS}` is a number, while
 * `password: ${PASS}` stays text whatever it holds.
 */
function typeSubstituted(data: Block, substituted: ReadonlySet<string>): Block {
  let copy: Block = data;
  for (const issue of check(configSchema, data).issues ?? []) {
    const path = pathOf(issue);
    if (!substituted.has(JSON.stringify(path))) continue;
    copy = replaceAt(copy, path, (text) => typed(String(text), issue.type)) as Block;
  }
  return copy;
}

function typed(text: string, expected: string): unknown {
  if (expected === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return expected === "number" && /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

function replaceAt(value: unknown, path: ConfigPath, change: (leaf: unknown) => unknown): unknown {
  if (path.length === 0) return change(value);
  const [head, ...tail] = path;
  if (Array.isArray(value)) {
    return value.map((item, i) => i === head ? replaceAt(item, tail, change) : item);
  }
  return Object.fromEntries(
    Object.entries(value as Block)
      .map(([key, item]) => [key, key === head ? replaceAt(item, tail, change) : item]),
  );
}

function checkRules(data: Block): Finding[] {
  const exports: unknown[] = Array.isArray(data.exports) ? data.exports : [];
  const source = lenient(sourceSchema, data.source, { type: "postgres" });
  const findings = source === null ? [] : under(["source"], apply(SOURCE_RULES, source));
  exports.forEach((entry, i) => {
    const block = lenient(exportSchema, entry, EXPORT_STAND_INS);
    if (block === null) return;
    const value = {
      config: block.value,
      written: new Set(Object.keys(entry as Block)),
    };
    findings.push(...under(["exports", i], apply(EXPORT_RULES, { value, broken: block.broken })));
  });
  const root = lenient(rootSchema, { ...data, exports }, {});
  if (root !== null) {
    const value = { ...root.value, exports } as Partial<RivetConfig>;
    findings.push(...apply(ROOT_RULES, { value, broken: root.broken }));
  }
  return findings;
}

/** The blocks that root rules look at; exports stay as they are written. */
const rootSchema = looseObject({
  notifications: v.optional(notificationsSchema),
  lineage: v.optional(lineageSchema),
  parallel_exports: v.optional(v.boolean()),
  parallel_export_processes: v.optional(v.boolean()),
});

/** Keep the rest of an export checkable when a required field is missing or wrong. */
const EXPORT_STAND_INS = { name: "export", destination: { type: "local", path: "." } };

interface Lenient<T> {
  readonly value: T;
  /** Keys that did not parse, and those that an unknown key was probably meant to be. */
  readonly broken: ReadonlySet<string>;
}

/** What of a block parses, its broken keys left out; null when the block is no mapping. */
function lenient<T>(schema: Schema<T>, raw: unknown, standIns: Block): Lenient<T> | null {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return null;
  const broken = new Set<string>();
  for (const issue of check(schema, raw).issues ?? []) {
    pathOf(issue).slice(0, 1).forEach((key) => broken.add(String(key)));
  }
  const kept = Object.entries(raw).filter(([key]) => !broken.has(key));
  const needed = Object.entries(standIns).filter(([key]) => broken.has(key));
  const result = check(schema, Object.fromEntries([...kept, ...needed]));
  if (!result.success) return null;
  const known = knownKeys(schema, [], raw);
  const meant = [...broken].map((key) => nearest(key, known)).filter((key) => key !== undefined);
  return { value: result.output, broken: new Set([...broken, ...meant]) };
}

function apply<Subject>(rules: readonly Rule<Subject>[], subject: Lenient<Subject>): Finding[] {
  return rules
    .filter((rule) => !rule.reads.some((key) => subject.broken.has(key)))
    .flatMap((rule) => rule.check(subject.value));
}

function under(prefix: ConfigPath, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, path: [...prefix, ...finding.path] }));
}
