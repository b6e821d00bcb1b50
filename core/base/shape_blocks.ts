/** Shapes of values with parts: mappings and lists. */
import {
  checkLeast,
  checkMost,
  type ChoiceShape,
  type Infer,
  type Issue,
  type JsonSchema,
  type Least,
  OptionalShape,
  otherType,
  Shape,
  type ShapePath,
} from "./shape.ts";

type Block = Readonly<Record<string, unknown>>;

// The type of a shape's values does not matter where any shape may stand.
// deno-lint-ignore no-explicit-any
export type AnyShapes = Readonly<Record<string, Shape<any>>>;

type OptionalKeys<F extends AnyShapes> = {
  // deno-lint-ignore no-explicit-any
  [K in keyof F]: F[K] extends OptionalShape<any> ? K : never;
}[keyof F];

type Flat<T> = { [K in keyof T]: T[K] };

/** The type of a mapping of so shaped fields. */
export type Fields<F extends AnyShapes> = Flat<
  & { -readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> }
  & { -readonly [K in OptionalKeys<F>]?: Infer<F[K]> }
>;

function isBlock(value: unknown): value is Block {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What becomes of keys that a mapping does not know. */
export type Unknown = "refused" | "dropped" | "kept";

export class ObjectShape<F extends AnyShapes> extends Shape<Fields<F>> {
  readonly shape: F;
  readonly #unknown: Unknown;

  constructor(shape: F, unknown: Unknown) {
    super();
    this.shape = shape;
    this.#unknown = unknown;
  }

  omit<K extends keyof F & string>(keys: Readonly<Record<K, true>>): ObjectShape<Omit<F, K>> {
    const kept = Object.entries(this.shape).filter(([key]) => !Object.hasOwn(keys, key));
    return new ObjectShape(Object.fromEntries(kept) as Omit<F, K>, this.#unknown);
  }

  read(value: unknown, path: ShapePath, issues: Issue[]): Fields<F> {
    if (!isBlock(value)) return otherType("object", value, path, issues);
    const data: Record<string, unknown> = this.#unknown === "kept" ? { ...value } : {};
    for (const key in this.shape) {
      const given = Object.hasOwn(value, key) ? value[key] : undefined;
      const read = this.shape[key].read(given, [...path, key], issues);
      if (read !== undefined || Object.hasOwn(value, key)) data[key] = read;
    }
    if (this.#unknown === "refused") {
      const keys = Object.keys(value).filter((key) => !Object.hasOwn(this.shape, key));
      if (keys.length > 0) {
        const names = keys.map((key) => JSON.stringify(key)).join(", ");
        const message = `Unrecognized key${keys.length > 1 ? "s" : ""}: ${names}`;
        issues.push({ code: "unrecognized_keys", keys, path, message });
      }
    }
    return data as Fields<F>;
  }

  protected json(): JsonSchema {
    const fields = Object.entries(this.shape);
    const required = fields.filter(([, field]) => isRequired(field)).map(([key]) => key);
    return {
      type: "object",
      properties: Object.fromEntries(fields.map(([key, field]) => [key, field.jsonSchema()])),
      ...(required.length === 0 ? {} : { required }),
      ...(this.#unknown === "refused" ? { additionalProperties: false } : {}),
    };
  }

  protected again(): this {
    return new ObjectShape(this.shape, this.#unknown) as this;
  }
}

/** A field that has to be written. */
function isRequired(field: Shape<unknown>): boolean {
  // Neither kind finds anything wrong with a value that is not there.
  return !field.safeParse(undefined).success;
}

/** One of several mappings, chosen by the value of one key. */
export class VariantShape<
  // deno-lint-ignore no-explicit-any
  O extends ObjectShape<any>,
> extends Shape<Infer<O>> {
  readonly key: string;
  readonly options: readonly O[];

  constructor(key: string, options: readonly O[]) {
    super();
    this.key = key;
    this.options = options;
  }

  read(value: unknown, path: ShapePath, issues: Issue[]): Infer<O> {
    if (!isBlock(value)) return otherType("object", value, path, issues);
    const names = this.options.map((option) => tagOf(option, this.key));
    const at = names.indexOf(value[this.key]);
    if (at >= 0) return this.options[at].read(value, path, issues) as Infer<O>;
    const listed = names.map((name) => `'${name}'`).join(" | ");
    issues.push({
      ...{ code: "invalid_union", errors: [], options: names, path: [...path, this.key] },
      message: `Invalid discriminator value. Expected ${listed}`,
    });
    return value as Infer<O>;
  }

  protected json(): JsonSchema {
    return { oneOf: this.options.map((option) => option.jsonSchema()) };
  }

  protected again(): this {
    return new VariantShape(this.key, this.options) as this;
  }
}

function tagOf({ shape }: ObjectShape<AnyShapes>, key: string): unknown {
  return (shape[key] as ChoiceShape<string>).values[0];
}

/** A mapping of names that are not known beforehand; a name is any text. */
export class RecordShape<T> extends Shape<Record<string, T>> {
  readonly valueType: Shape<T>;

  constructor(valueType: Shape<T>) {
    super();
    this.valueType = valueType;
  }

  read(value: unknown, path: ShapePath, issues: Issue[]): Record<string, T> {
    if (!isBlock(value)) return otherType("record", value, path, issues);
    // `__proto__` is a name like any other: `fromEntries` defines what an assignment would not.
    return Object.fromEntries(
      Object.entries(value).map((
        [name, item],
      ) => [name, this.valueType.read(item, [...path, name], issues)]),
    );
  }

  protected json(): JsonSchema {
    return {
      type: "object",
      propertyNames: { type: "string" },
      additionalProperties: this.valueType.jsonSchema(),
    };
  }

  protected again(): this {
    return new RecordShape(this.valueType) as this;
  }
}

export class ListShape<T> extends Shape<T[]> {
  readonly element: Shape<T>;
  readonly #least: Least | undefined;

  constructor(element: Shape<T>, least?: Least) {
    super();
    this.element = element;
    this.#least = least;
  }

  /** Of so many items or more. */
  min(minimum: number): ListShape<T> {
    return new ListShape(this.element, { minimum, inclusive: true });
  }

  read(value: unknown, path: ShapePath, issues: Issue[]): T[] {
    if (!Array.isArray(value)) return otherType("array", value, path, issues);
    const items = value.map((item, i) => this.element.read(item, [...path, i], issues));
    checkLeast("array", value.length, this.#least, path, issues);
    return items;
  }

  protected json(): JsonSchema {
    const minItems = this.#least?.minimum;
    return {
      ...(minItems === undefined ? {} : { minItems }),
      type: "array",
      items: this.element.jsonSchema(),
    };
  }

  protected again(): this {
    return new ListShape(this.element, this.#least) as this;
  }
}

/** A list of two. */
export class PairShape<A, B> extends Shape<[A, B]> {
  readonly #first: Shape<A>;
  readonly #second: Shape<B>;

  constructor(first: Shape<A>, second: Shape<B>) {
    super();
    this.#first = first;
    this.#second = second;
  }

  read(value: unknown, path: ShapePath, issues: Issue[]): [A, B] {
    if (!Array.isArray(value)) return otherType("tuple", value, path, issues);
    checkLeast("array", value.length, { minimum: 2, inclusive: true }, path, issues);
    if (value.length < 2) return value as [A, B];
    checkMost("array", value.length, 2, path, issues);
    return [
      this.#first.read(value[0], [...path, 0], issues),
      this.#second.read(value[1], [...path, 1], issues),
    ];
  }

  protected json(): JsonSchema {
    const prefixItems = [this.#first.jsonSchema(), this.#second.jsonSchema()];
    return { type: "array", prefixItems, items: false, minItems: 2 };
  }

  protected again(): this {
    return new PairShape(this.#first, this.#second) as this;
  }
}
