/** What a rule is: one named relation between fields, checked on fields that parsed. */
import type { ConfigPath } from "../problem.ts";
import type { ExportConfig, RivetConfig, SourceConfig } from "../schema.ts";

/** One thing that a rule found wrong. */
export interface Finding {
  /** Relative to the block that the rule looks at. */
  readonly path: ConfigPath;
  readonly message: string;
  /** Default: error. A warning is for a key that is ignored, but harmlessly so. */
  readonly severity?: "warning";
}

/** A relation that must hold in a block, and how it is checked. */
export interface Rule<Subject> {
  /** What must hold, in snake case; tests are named by it. */
  readonly name: string;
  /** Top-level keys of the block that it reads: it is not asked when one of them did not parse. */
  readonly reads: readonly string[];
  check(subject: Subject): Finding[];
}

export interface ExportSubject {
  readonly config: ExportConfig;
  /** Keys that are written in the file; `config` has defaults for others. */
  readonly written: ReadonlySet<string>;
}

/** A rule of one entry of `exports:`. */
export type ExportRule = Rule<ExportSubject>;
export type SourceRule = Rule<SourceConfig>;
/** The blocks at the top of the file; exports have rules of their own. */
export type RootRule = Rule<Partial<RivetConfig>>;

/** The keys of `keys` that have a value in a block. */
export function present(block: object, keys: readonly string[]): string[] {
  const values = block as Readonly<Record<string, unknown>>;
  return keys.filter((key) => values[key] !== undefined);
}

/** `a`, `a and b`, `a, b and c`. */
export function sentence(words: readonly string[], last: "and" | "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${last} ${words[words.length - 1]}`;
}

/** One finding on the second of several keys that exclude each other, or none. */
export function exclusive(block: object, keys: readonly string[], advice: string): Finding[] {
  const given = present(block, keys);
  if (given.length < 2) return [];
  return [{ path: [given[1]], message: `${sentence(given, "and")} exclude each other; ${advice}` }];
}
