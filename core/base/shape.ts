/**
 * What a value that came from outside has to look like: one definition is its check, its type and its JSON Schema. A
 * check goes on after a fault, so that a file's problems are all said at once. Small on purpose: a run reads one
 * configuration, and pays for every module and object that is made for it.
 */

/** Names of keys and numbers of list items, from the outside. */
export type ShapePath = readonly (string | number)[];

interface At {
  readonly path: ShapePath;
  /** For files that programs write; the configuration's own words are in `issue_message.ts`. */
  readonly message: string;
}

/** One thing that is wrong with a value. */
export type Issue =
  & At
  & (
    | { readonly code: "invalid_type"; readonly expected: string }
    | { readonly code: "invalid_value"; readonly values: readonly unknown[] }
    /** Of a choice by `type`: `options`, and no `errors`. */
    | {
      readonly code: "invalid_union";
      readonly errors: readonly (readonly Issue[])[];
      readonly options?: readonly unknown[];
    }
    | {
      readonly code: "too_small";
      readonly origin: Measured;
      readonly minimum: number;
      readonly inclusive: boolean;
    }
    | { readonly code: "too_big"; readonly origin: Measured; readonly maximum: number }
    | { readonly code: "invalid_format" }
    | { readonly code: "unrecognized_keys"; readonly keys: readonly string[] }
  );

type Measured = "string" | "number" | "int" | "array";

/** Something else than what is meant, rather than a value that goes too far. */
const isOther = ({ code }: Issue): boolean =>
  code === "invalid_type" || code === "invalid_value" || code === "invalid_union";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The type of what a shape lets through. */
// deno-lint-ignore no-explicit-any
export type Infer<S extends Shape<any>> = S extends Shape<infer T> ? T : never;

/** What was read, or what is wrong with it. */
export type Checked<T> =
  | { readonly success: true; readonly data: T; readonly error?: undefined }
  | { readonly success: false; readonly data?: undefined; readonly error: ShapeError };

/** Thrown by `parse`. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => [...path, message].join(": ")).join("; "));
    this.issues = issues;
  }
}

/** How a shape appears in the JSON Schema beyond what it checks. */
interface Said {
  readonly description?: string;
}

/** A shape of values of type T; every method leaves it as it is and makes another one. */
export abstract class Shape<T> {
  #said: Said = {};

  /** The value with its defaults, as long as no issue was added. */
  abstract read(value: unknown, path: ShapePath, issues: Issue[]): T;
  /** Of the value as it is written, without its description. */
  protected abstract json(): JsonSchema;
  /** The same shape once more. */
  protected abstract again(): this;

  safeParse(value: unknown): Checked<T> {
    const issues: Issue[] = [];
    const data = this.read(value, [], issues);
    return issues.length === 0
      ? { success: true, data }
      : { success: false, error: new ShapeError(issues) };
  }

  /** @throws ShapeError */
  parse(value: unknown): T {
    const checked = this.safeParse(value);
    if (checked.success) return checked.data;
    throw checked.error;
  }

  describe(description: string): this {
    const described = this.again();
    described.#said = { description };
    return described;
  }

  optional(): OptionalShape<T> {
    return new OptionalShape(this);
  }

  nullable(): Shape<T | null> {
    return new NullableShape(this);
  }

  nullish(): OptionalShape<T | null> {
    return new OptionalShape(new NullableShape(this));
  }

  default(value: T): DefaultShape<T> {
    return new DefaultShape(this, value);
  }

  /** What is said of the shape itself stands first, and before what is said of one inside it. */
  jsonSchema(): JsonSchema {
    return { ...this.#said, ...this.json(), ...this.#said };
  }
}

/** What stands for a value that is not there. */
abstract class Wrapped<Inner, T> extends Shape<T> {
  readonly inner: Shape<Inner>;

  constructor(inner: Shape<Inner>) {
    super();
    this.inner = inner;
  }
}

export class OptionalShape<T> extends Wrapped<T, T | undefined> {
  /** Of a key that may be absent from the type, too. */
  readonly isOptional = true;

  read(value: unknown, path: ShapePath, issues: Issue[]): T | undefined {
    return value === undefined ? undefined : this.inner.read(value, path, issues);
  }
  protected json(): JsonSchema {
    return this.inner.jsonSchema();
  }
  protected again(): this {
    return new OptionalShape(this.inner) as this;
  }
}

class NullableShape<T> extends Wrapped<T, T | null> {
  read(value: unknown, path: ShapePath, issues: Issue[]): T | null {
    return value === null ? null : this.inner.read(value, path, issues);
  }
  protected json(): JsonSchema {
    return { anyOf: [this.inner.jsonSchema(), { type: "null" }] };
  }
  protected again(): this {
    return new NullableShape(this.inner) as this;
  }
}

export class DefaultShape<T> extends Wrapped<T, T> {
  readonly #value: T;

  constructor(inner: Shape<T>, value: T) {
    super(inner);
    this.#value = value;
  }
  read(value: unknown, path: ShapePath, issues: Issue[]): T {
    return value === undefined ? this.#value : this.inner.read(value, path, issues);
  }
  protected json(): JsonSchema {
    return { ...this.inner.jsonSchema(), default: this.#value };
  }
  protected again(): this {
    return new DefaultShape(this.inner, this.#value) as this;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : typeof value;
}

/** Something of another kind. What stands in for it is looked at by nobody: there is an issue. */
export function otherType<T>(
  expected: string,
  value: unknown,
  path: ShapePath,
  issues: Issue[],
): T {
  const message = `Invalid input: expected ${expected}, received ${kindOf(value)}`;
  issues.push({ code: "invalid_type", expected, path, message });
  return value as T;
}

const UNITS: Readonly<Record<Measured, string>> = {
  string: " characters",
  number: "",
  int: "",
  array: " items",
};

/** A lower bound of a number, a text's length or a list's. */
export interface Least {
  readonly minimum: number;
  readonly inclusive: boolean;
}

export function checkLeast(
  origin: Measured,
  measure: number,
  least: Least | undefined,
  path: ShapePath,
  issues: Issue[],
): void {
  if (least === undefined) return;
  const { minimum, inclusive } = least;
  if (inclusive ? measure >= minimum : measure > minimum) return;
  const to = UNITS[origin] === "" ? "be" : "have";
  const than = `${inclusive ? ">=" : ">"}${minimum}${UNITS[origin]}`;
  const message = `Too small: expected ${origin} to ${to} ${than}`;
  issues.push({ code: "too_small", origin, minimum, inclusive, path, message });
}

export function checkMost(
  origin: Measured,
  measure: number,
  maximum: number | undefined,
  path: ShapePath,
  issues: Issue[],
): void {
  if (maximum === undefined || measure <= maximum) return;
  const to = UNITS[origin] === "" ? "be" : "have";
  const message = `Too big: expected ${origin} to ${to} <=${maximum}${UNITS[origin]}`;
  issues.push({ code: "too_big", origin, maximum, path, message });
}

/** One of several values. */
export class ChoiceShape<const V extends string | number> extends Shape<V> {
  readonly values: readonly V[];

  constructor(values: readonly V[]) {
    super();
    this.values = values;
  }
  read(value: unknown, path: ShapePath, issues: Issue[]): V {
    const found = this.values.find((one) => one === value);
    if (found !== undefined) return found;
    const names = this.values.map((one) => JSON.stringify(one));
    const message = names.length === 1
      ? `Invalid input: expected ${names[0]}`
      : `Invalid option: expected one of ${names.join("|")}`;
    issues.push({ code: "invalid_value", values: this.values, path, message });
    return value as V;
  }
  protected json(): JsonSchema {
    return { type: "string", enum: [...this.values] };
  }
  protected again(): this {
    return new ChoiceShape(this.values) as this;
  }
}

/** One value alone. */
export class LiteralShape<const V extends string | number> extends ChoiceShape<V> {
  constructor(value: V) {
    super([value]);
  }
  protected override json(): JsonSchema {
    return { type: typeof this.values[0], const: this.values[0] };
  }
  protected override again(): this {
    return new LiteralShape(this.values[0]) as this;
  }
}

/** Whatever one of several shapes lets through; the first that does. */
export class UnionShape<T> extends Shape<T> {
  readonly #options: readonly Shape<T>[];

  constructor(options: readonly Shape<T>[]) {
    super();
    this.#options = options;
  }
  read(value: unknown, path: ShapePath, issues: Issue[]): T {
    const found: Issue[][] = [];
    for (const option of this.#options) {
      const own: Issue[] = [];
      const data = option.read(value, path, own);
      if (own.length === 0) return data;
      found.push(own);
    }
    // Meant is the one that only finds the value too small or in the wrong form.
    const meant = found.filter((own) => !own.some(isOther));
    if (meant.length === 1) issues.push(...meant[0]);
    else {
      const errors = found.map((own) => own.map((issue) => below(issue, path.length)));
      issues.push({ code: "invalid_union", errors, path, message: "Invalid input" });
    }
    return value as T;
  }
  protected json(): JsonSchema {
    return { anyOf: this.#options.map((option) => option.jsonSchema()) };
  }
  protected again(): this {
    return new UnionShape(this.#options) as this;
  }
}

/** The issue as seen from a place that is `depth` keys down. */
function below(issue: Issue, depth: number): Issue {
  return { ...issue, path: issue.path.slice(depth) };
}

/** Anything at all. */
export class AnyShape<T> extends Shape<T> {
  read(value: unknown): T {
    return value as T;
  }
  protected json(): JsonSchema {
    return {};
  }
  protected again(): this {
    return new AnyShape() as this;
  }
}
