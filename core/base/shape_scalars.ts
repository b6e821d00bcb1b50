/** Shapes of values without parts. */
import {
  checkLeast,
  checkMost,
  type Issue,
  type JsonSchema,
  type Least,
  otherType,
  Shape,
  type ShapePath,
} from "./shape.ts";

interface TextLimits {
  readonly least?: Least;
  readonly pattern?: RegExp;
  /** Said of a text without the pattern. */
  readonly message?: string;
}

export class TextShape extends Shape<string> {
  readonly #limits: TextLimits;

  constructor(limits: TextLimits = {}) {
    super();
    this.#limits = limits;
  }
  /** Of so many characters or more. */
  min(minimum: number): TextShape {
    return new TextShape({ ...this.#limits, least: { minimum, inclusive: true } });
  }
  regex(pattern: RegExp, message: string): TextShape {
    return new TextShape({ ...this.#limits, pattern, message });
  }
  read(value: unknown, path: ShapePath, issues: Issue[]): string {
    if (typeof value !== "string") return otherType("string", value, path, issues);
    const { least, pattern, message = "" } = this.#limits;
    checkLeast("string", value.length, least, path, issues);
    if (pattern?.test(value) === false) issues.push({ code: "invalid_format", path, message });
    return value;
  }
  protected json(): JsonSchema {
    const { least, pattern } = this.#limits;
    return {
      type: "string",
      ...(least === undefined ? {} : { minLength: least.minimum }),
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    };
  }
  protected again(): this {
    return new TextShape(this.#limits) as this;
  }
}

interface NumberLimits {
  readonly whole?: boolean;
  readonly least?: Least;
  readonly most?: number;
}

export class NumberShape extends Shape<number> {
  readonly #limits: NumberLimits;

  constructor(limits: NumberLimits = {}) {
    super();
    this.#limits = limits;
  }
  get isInt(): boolean {
    return this.#limits.whole === true;
  }
  int(): NumberShape {
    return new NumberShape({ ...this.#limits, whole: true });
  }
  min(minimum: number): NumberShape {
    return new NumberShape({ ...this.#limits, least: { minimum, inclusive: true } });
  }
  max(most: number): NumberShape {
    return new NumberShape({ ...this.#limits, most });
  }
  positive(): NumberShape {
    return new NumberShape({ ...this.#limits, least: { minimum: 0, inclusive: false } });
  }
  read(value: unknown, path: ShapePath, issues: Issue[]): number {
    const { whole, least, most } = this.#limits;
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return otherType("number", value, path, issues);
    }
    if (whole && !Number.isInteger(value)) return otherType("int", value, path, issues);
    const before = issues.length;
    if (whole) {
      const minimum = Number.MIN_SAFE_INTEGER;
      checkLeast("int", value, { minimum, inclusive: true }, path, issues);
      checkMost("int", value, Number.MAX_SAFE_INTEGER, path, issues);
    }
    if (issues.length > before) return value;
    checkLeast("number", value, least, path, issues);
    checkMost("number", value, most, path, issues);
    return value;
  }
  protected json(): JsonSchema {
    const { whole, least, most } = this.#limits;
    const lowest = least ??
      (whole ? { minimum: Number.MIN_SAFE_INTEGER, inclusive: true } : undefined);
    const highest = most ?? (whole ? Number.MAX_SAFE_INTEGER : undefined);
    return {
      type: whole ? "integer" : "number",
      ...(lowest === undefined
        ? {}
        : { [lowest.inclusive ? "minimum" : "exclusiveMinimum"]: lowest.minimum }),
      ...(highest === undefined ? {} : { maximum: highest }),
    };
  }
  protected again(): this {
    return new NumberShape(this.#limits) as this;
  }
}

export class FlagShape extends Shape<boolean> {
  read(value: unknown, path: ShapePath, issues: Issue[]): boolean {
    return typeof value === "boolean" ? value : otherType("boolean", value, path, issues);
  }
  protected json(): JsonSchema {
    return { type: "boolean" };
  }
  protected again(): this {
    return new FlagShape() as this;
  }
}

export class NullShape extends Shape<null> {
  read(value: unknown, path: ShapePath, issues: Issue[]): null {
    return value === null ? value : otherType("null", value, path, issues);
  }
  protected json(): JsonSchema {
    return { type: "null" };
  }
  protected again(): this {
    return new NullShape() as this;
  }
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** A point in time as ISO 8601, in UTC. */
export class InstantShape extends TextShape {
  override read(value: unknown, path: ShapePath, issues: Issue[]): string {
    if (typeof value !== "string") return otherType("string", value, path, issues);
    // A day that its month does not have would be one of the next month.
    const day = value.slice(0, 10);
    const exists = INSTANT.test(value) && !Number.isNaN(Date.parse(value)) &&
      new Date(Date.parse(`${day}T00:00Z`)).toISOString().startsWith(day);
    if (!exists) issues.push({ code: "invalid_format", path, message: "Invalid ISO datetime" });
    return value;
  }
  protected override json(): JsonSchema {
    return { type: "string", format: "date-time" };
  }
  protected override again(): this {
    return new InstantShape() as this;
  }
}
