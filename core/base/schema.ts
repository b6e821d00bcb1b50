/**
 * What checks by valibot have in common: how they are made, and what stands between its blocks and what comes from
 * outside. A list is no mapping, every key that is not known is said, and names are whatever a database calls a column.
 */
import * as v from "valibot";

/** What valibot finds wrong. */
export type Issue = v.BaseIssue<unknown>;
/** Names of keys and numbers of list items, from the outside. */
export type IssuePath = readonly (string | number)[];
/** A schema whose values are of type T. */
export type Schema<T = unknown> = v.GenericSchema<unknown, T>;

/** One fault for each value, all faults of a mapping or list. */
const CONFIG = { abortPipeEarly: true, message: wording };

/** What of a value is read, or what is wrong with it. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown): v.SafeParseResult<S> {
  return v.safeParse(schema, value, CONFIG);
}

/** @throws TypeError naming every fault */
export function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const checked = check(schema, value);
  if (checked.success) return checked.output;
  throw new TypeError(checked.issues.map(issueLine).join("; "));
}

/** Where the issue is, from the outside. */
export function pathOf(issue: Issue): IssuePath {
  return (issue.path ?? []).map((part) => part.key as string | number);
}

/** As `parts.0.rows: expected number, received string`. */
export function issueLine(issue: Issue): string {
  return [pathOf(issue).join("."), issue.message].filter((part) => part !== "").join(": ");
}

/** A key that its mapping does not know. */
export function isUnknownKey({ type, expected }: Issue): boolean {
  return type === "strict_object" && expected === "never";
}

/** What was received is of a kind: its text may be secret. */
function wording(issue: Issue): string {
  if (isUnknownKey(issue)) return "unknown key";
  if (issue.kind !== "schema") return issue.message;
  const last = issue.path?.at(-1);
  if (last?.origin === "key" && issue.input === undefined) return "required, but missing";
  const expected = issue.expected?.replace(/^[A-Z]/, (letter) => letter.toLowerCase());
  return `expected ${expected}, received ${kindOf(issue.input)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : typeof value;
}

/** The schema with another `~run` around its own. */
function around<S extends v.GenericSchema>(
  schema: S,
  run: (
    own: S["~run"],
    dataset: v.UnknownDataset,
    config: v.Config<Issue>,
  ) => v.OutputDataset<unknown, Issue>,
): S {
  const own = schema["~run"].bind(schema);
  return {
    ...schema,
    "~run": (dataset: v.UnknownDataset, config: v.Config<Issue>) => run(own, dataset, config),
  };
}

/** valibot takes a list for a mapping. */
function onMappings<S extends v.GenericSchema>(schema: S): S {
  return around(schema, (own, dataset, config) => {
    if (!Array.isArray(dataset.value)) return own(dataset, config);
    v._addIssue(schema, "type", dataset, config);
    return dataset as unknown as v.OutputDataset<unknown, Issue>;
  });
}

/** A mapping; other keys are left out. */
export function object<const E extends v.ObjectEntries>(entries: E): v.ObjectSchema<E, undefined> {
  return onMappings(v.object(entries));
}

/** A mapping; other keys stay. */
export function looseObject<const E extends v.ObjectEntries>(
  entries: E,
): v.LooseObjectSchema<E, undefined> {
  return onMappings(v.looseObject(entries));
}

/** A mapping; other keys are faults, each of them, where valibot names the first. */
export function strictObject<const E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, undefined> {
  return around(onMappings(v.strictObject(entries)), (own, dataset, config) => {
    const input = dataset.value;
    const result = own(dataset, config);
    const first = result.issues?.find((issue) => isUnknownKey(issue) && issue.path?.length === 1);
    if (first === undefined) return result;
    const issues = Object.keys(input as object)
      .filter((key) => !Object.hasOwn(entries, key))
      .map((key) => ({ ...first, input: key, path: [{ ...first.path?.[0], key }] }));
    return {
      ...result,
      issues: [...(result.issues ?? []).filter((issue) => issue !== first), ...issues],
    } as v.OutputDataset<unknown, Issue>;
  });
}

/** One of several mappings, chosen by the value of a key. */
export function variant<const K extends string, const O extends v.VariantOptions<K>>(
  key: K,
  options: O,
): v.VariantSchema<K, O, undefined> {
  return onMappings(v.variant(key, options));
}

/** A mapping of names to values. valibot leaves out `__proto__` and `constructor`, which may be columns. */
export function record<V extends v.GenericSchema>(
  value: V,
): v.RecordSchema<v.StringSchema<undefined>, V, undefined> {
  const renamed = (names: object, rename: (name: string) => string) =>
    Object.fromEntries(Object.entries(names).map(([name, item]) => [rename(name), item]));
  return around(onMappings(v.record(v.string(), value)), (own, dataset, config) => {
    const { value: input } = dataset;
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      return own(dataset, config);
    }
    const result = own({ value: renamed(input, (name) => `=${name}`) }, config);
    for (const { path } of result.issues ?? []) {
      const [place] = path ?? [];
      if (place !== undefined) Object.assign(place, { input, key: String(place.key).slice(1) });
    }
    const output = renamed(result.value as object, (name) => name.slice(1));
    return Object.assign(result, { value: output });
  });
}

/** A finite number. */
export const number = v.pipe(v.number(), v.finite());
/** A whole number. */
export const whole = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(Number.MIN_SAFE_INTEGER),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);
/** A whole number from 0. */
export const nonNegative = v.pipe(whole, v.minValue(0));
/** A whole number from 1. */
export const positive = v.pipe(
  v.number(),
  v.integer(),
  v.gtValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);
/** Text that must not be empty. */
export const text = v.pipe(v.string(), v.minLength(1));

/** A point in time as ISO 8601, in UTC. */
export const instant = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, "expected an instant in UTC"),
  v.check(isRealInstant, "expected an instant in UTC"),
);

/** A day that its month does not have would be one of the next month. */
function isRealInstant(value: string): boolean {
  const day = value.slice(0, 10);
  return !Number.isNaN(Date.parse(value)) &&
    new Date(Date.parse(`${day}T00:00Z`)).toISOString().startsWith(day);
}
