/** What the schema found, in the words of someone who writes YAML. */
import type { Issue, Shape } from "../base/shape.ts";
import { NumberShape } from "../base/shape_scalars.ts";
import { redact } from "../base/redact.ts";
import { didYouMean, nearest } from "../base/suggest.ts";
import type { ConfigPath } from "./problem.ts";
import { knownKeys, placesOf, schemaAt } from "./schema_keys.ts";

/** Fields whose value is never shown, not even in an error about it. */
const SECRET_KEYS = new Set(["password", "url", "webhook_url"]);

/** Keys of other versions, and what serves instead. */
const REPLACED: Readonly<Record<string, string>> = {
  cdc:
    "change data capture is not offered; mode: incremental reads what changed since the last run",
  load:
    "loading is not offered: the warehouse loads the files, `rivet check --target` shows their types",
  mongo: "MongoDB is not offered; leave it out",
  oneshot_budget_mb: "how files are uploaded needs no setting; leave it out",
  settle: "incremental_safety: commit_safe waits for late rows, cursor_lag reads them again",
  tables: "write an export for each table, with table:",
  keyset_incremental:
    "mode: incremental pages by cursor_column already; for a whole table by key write chunk_by_key: true",
};

export interface IssueMessage {
  readonly path: ConfigPath;
  readonly message: string;
}

/** The messages of one issue: one, except for several unknown keys in one mapping. */
export function issueMessages(root: Shape<unknown>, issue: Issue, data: unknown): IssueMessage[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(root, path, data);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: unknownKeyMessage(root, path, key, known),
    }));
  }
  return [{ path, message: issueMessage(root, issue, path, data) }];
}

function unknownKeyMessage(
  root: Shape<unknown>,
  path: ConfigPath,
  key: string,
  known: readonly string[],
): string {
  if (Object.hasOwn(REPLACED, key)) return `not a key of this version; ${REPLACED[key]}`;
  const suggestion = nearest(key, known);
  if (suggestion !== undefined) return `unknown key; did you mean "${suggestion}"?`;
  const here = path.map((part) => typeof part === "number" ? "[]" : `.${part}`).join("").slice(1);
  const places = placesOf(root, key);
  // Another `destination.type` has the key: what this one has is more help than the place.
  if (places.length === 0 || places.includes(here)) {
    return known.length <= 12 ? `unknown key; known here: ${known.join(", ")}` : "unknown key";
  }
  const names = places.map((place) => place === "" ? "the top of the file" : place);
  return `unknown key here; it belongs to ${names.join(" or ")}`;
}

function valueAt(data: unknown, path: ConfigPath): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function issueMessage(root: Shape<unknown>, issue: Issue, path: ConfigPath, data: unknown): string {
  const value = valueAt(data, path);
  const secret = path.some((part) => SECRET_KEYS.has(String(part)));
  // `password:secret`, written without the space, is a text where a mapping belongs.
  const misplaced = typeof value === "string" &&
    /(password|passwd|pwd|secret|url)\s*[:=]/i.test(value);
  const got = secret || misplaced ? describeKind(value) : describe(value);
  if (value === undefined) return missingMessage(issue);
  switch (issue.code) {
    case "invalid_type": {
      const field = schemaAt(root, path, data);
      const whole = field instanceof NumberShape && field.isInt;
      const expected = whole ? "a whole number" : typeName(issue.expected);
      const quote = expected === "text" && ["number", "boolean"].includes(typeof value)
        ? " (put it in quotes)"
        : "";
      return `expected ${expected}, got ${got}${quote}`;
    }
    case "invalid_value":
      return oneOf(value, issue.values.map(String), got);
    case "invalid_union":
      return unionMessage(root, issue, path, data, got);
    case "too_small":
      if (issue.origin === "string") return "must not be empty";
      if (issue.origin === "array") return "needs at least one entry";
      return `must be at least ${smallest(issue)}, got ${got}`;
    case "too_big":
      return `must be at most ${issue.maximum}, got ${got}`;
    case "invalid_format":
    case "unrecognized_keys":
      return issue.message;
  }
}

function missingMessage(issue: Issue): string {
  const choices = issue.code === "invalid_value"
    ? issue.values.map(String)
    : unionTypes(issue) ?? [];
  return choices.length === 0
    ? "required, but missing"
    : `required, but missing: one of ${choices.join(", ")}`;
}

/** The `type` values of a discriminated union, or undefined for any other issue. */
function unionTypes(issue: Issue): string[] | undefined {
  return issue.code === "invalid_union" && "options" in issue && Array.isArray(issue.options)
    ? issue.options.map(String)
    : undefined;
}

function oneOf(value: unknown, choices: readonly string[], got: string): string {
  const meant = typeof value === "string" ? didYouMean(value, choices) : "";
  return choices.length === 1
    ? `expected "${choices[0]}", got ${got}`
    : `${got} is not one of ${choices.join(", ")}${meant}`;
}

function unionMessage(
  root: Shape<unknown>,
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: ConfigPath,
  data: unknown,
  got: string,
): string {
  const types = unionTypes(issue);
  if (types !== undefined) return oneOf(valueAt(data, path), types, got);
  // A branch that complains about something inside the value accepts its outer type: follow it.
  const inside = issue.errors.find((branch) => branch.length > 0 && !branch.some(isTypeOfWhole));
  if (inside !== undefined) {
    const [first] = inside;
    const at = [...path, ...first.path];
    return issueMessage(root, { ...first, path: at }, at, data);
  }
  const expected = issue.errors.flatMap((branch) => branch.filter(isTypeOfWhole).map(expectedOf));
  return `expected ${[...new Set(expected)].join(" or ")}, got ${got}`;
}

function isTypeOfWhole(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === "invalid_type";
}

function expectedOf(issue: Issue): string {
  return issue.code === "invalid_type" ? typeName(issue.expected) : issue.message;
}

/** `>0` of whole numbers is "at least 1". */
function smallest(issue: Extract<Issue, { code: "too_small" }>): string {
  return issue.inclusive === false ? String(Number(issue.minimum) + 1) : String(issue.minimum);
}

function typeName(expected: string): string {
  switch (expected) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a mapping";
    default:
      return expected;
  }
}

/** A value as the message shows it, cut to a length that fits a line. */
function describe(value: unknown): string {
  if (typeof value === "string") {
    // Before it is cut: half a URL is no longer known as one.
    const text = redact(value);
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return describeKind(value);
}

function describeKind(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}
