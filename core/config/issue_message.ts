/** What the schema found, in the words of someone who writes YAML. */
import { redact } from "../base/redact.ts";
import { type Issue, isUnknownKey, pathOf, type Schema } from "../base/schema.ts";
import { didYouMean, nearest } from "../base/suggest.ts";
import type { ConfigPath } from "./problem.ts";
import { knownKeys, type Node, placesOf, schemaAt, variantsOf } from "./schema_keys.ts";

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

/** What is said of one issue, and where. */
export function issueMessage(root: Schema, issue: Issue, data: unknown): IssueMessage {
  const path = pathOf(issue);
  if (!isUnknownKey(issue)) return { path, message: messageAt(root, issue, path, data) };
  const block = path.slice(0, -1);
  const known = knownKeys(root, block, data);
  return { path, message: unknownKeyMessage(root, block, String(path.at(-1)), known) };
}

function unknownKeyMessage(
  root: Schema,
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

function messageAt(root: Schema, issue: Issue, path: ConfigPath, data: unknown): string {
  const value = valueAt(data, path);
  const secret = path.some((part) => SECRET_KEYS.has(String(part)));
  // `password:secret`, written without the space, is a text where a mapping belongs.
  const misplaced = typeof value === "string" &&
    /(password|passwd|pwd|secret|url)\s*[:=]/i.test(value);
  const got = secret || misplaced ? describeKind(value) : describe(value);
  const field = schemaAt(root, path, data);
  const choices = tagsOf(root, issue, path, data) ?? choicesOf(field);
  if (value === undefined) {
    const which = choices.length === 0 ? "" : `: one of ${choices.join(", ")}`;
    return `required, but missing${which}`;
  }
  if (issue.kind !== "schema") return limitMessage(issue, got);
  if (choices.length > 0) return oneOf(value, choices, got);
  if (issue.type === "union") return unionMessage(root, issue, path, data, got);
  const expected = field !== undefined && isWhole(field) ? "a whole number" : typeName(issue.type);
  const quote = expected === "text" && ["number", "boolean"].includes(typeof value)
    ? " (put it in quotes)"
    : "";
  return `expected ${expected}, got ${got}${quote}`;
}

/** Of a value of the right type that goes too far. */
function limitMessage(issue: Issue, got: string): string {
  switch (issue.type) {
    case "min_length":
      return Array.isArray(issue.input) ? "needs at least one entry" : "must not be empty";
    case "integer":
      return `expected a whole number, got ${got}`;
    case "finite":
      return `expected a number, got ${got}`;
    case "min_value":
      return `must be at least ${issue.requirement}, got ${got}`;
    case "gt_value":
      return `must be at least ${Number(issue.requirement) + 1}, got ${got}`;
    case "max_value":
      return `must be at most ${issue.requirement}, got ${got}`;
    default:
      return issue.message;
  }
}

/** The values of `type` that a variant has, where that is what is wrong; undefined for any other issue. */
function tagsOf(
  root: Schema,
  { type }: Issue,
  path: ConfigPath,
  data: unknown,
): string[] | undefined {
  if (type !== "variant") return undefined;
  const variant = schemaAt(root, path.slice(0, -1), data);
  // Else the issue is of the variant as a whole.
  if (variant?.type !== "variant") return undefined;
  return variantsOf(variant).map((option) => String(option.entries?.type.literal));
}

/** The values that a field is one of. */
function choicesOf(field: Node | undefined): string[] {
  if (field?.type === "literal") return [String(field.literal)];
  return field?.type === "picklist" ? (field.options ?? []).map(String) : [];
}

function isWhole({ type, pipe = [] }: Node): boolean {
  return type === "integer" || pipe.some(isWhole);
}

function oneOf(value: unknown, choices: readonly string[], got: string): string {
  const meant = typeof value === "string" ? didYouMean(value, choices) : "";
  return choices.length === 1
    ? `expected "${choices[0]}", got ${got}`
    : `${got} is not one of ${choices.join(", ")}${meant}`;
}

function unionMessage(
  root: Schema,
  issue: Issue,
  path: ConfigPath,
  data: unknown,
  got: string,
): string {
  const issues = issue.issues ?? [];
  // A branch that complains about something inside the value accepts its outer type: follow it.
  const inside = issues.find((one) => one.path !== undefined);
  if (inside !== undefined) return messageAt(root, inside, [...path, ...pathOf(inside)], data);
  const expected = issues.map((one) => typeName(one.type));
  return `expected ${[...new Set(expected)].join(" or ")}, got ${got}`;
}

function typeName(type: string): string {
  switch (type) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "strict_object":
    case "variant":
    case "record":
      return "a mapping";
    default:
      return type;
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
