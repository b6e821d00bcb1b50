/** T-SQL expressions as functions of a row, with the type that the server gives them. */
import { createHash } from "node:crypto";
import type { Cursor } from "./lexer.ts";
import { DEFAULT_COLLATION, type SqlType, sqlType } from "./sql_type.ts";
import {
  compare,
  convert,
  type Instant,
  isBinary,
  isCodePage,
  isExact,
  isFloat,
  isInteger,
  isText,
  type Raw,
  SqlError,
  type Value,
} from "./values.ts";

export interface Column {
  readonly name: string;
  readonly type: SqlType;
  /** Left out by `*`. */
  readonly hidden?: boolean;
}

/** A row, and all rows of its set, for aggregates. */
export interface Context {
  readonly row: readonly Value[];
  readonly rows: readonly (readonly Value[])[];
}

/** How much the collation of a text weighs: coercible default, implicit, explicit. */
type Label = 0 | 1 | 2;

export interface Expression {
  readonly type: SqlType;
  readonly label: Label;
  readonly aggregate: boolean;
  value(context: Context): Value;
}

export type Scope = readonly Column[];

const typed = (
  type: SqlType,
  parts: readonly Expression[],
  value: (context: Context) => Value,
): Expression => ({
  type,
  label: Math.max(0, ...parts.map((part) => part.label)) as Label,
  aggregate: parts.some((part) => part.aggregate),
  value,
});

const constant = (text: string, value: Value): Expression => typed(sqlType(text), [], () => value);

/** Lowest first: what is lower is converted to what is higher. */
const PRECEDENCE = [
  "binary",
  "varbinary",
  "rowversion",
  "char",
  "varchar",
  "nchar",
  "nvarchar",
  "uniqueidentifier",
  "bit",
  "tinyint",
  "smallint",
  "int",
  "bigint",
  "smallmoney",
  "money",
  "decimal",
  "real",
  "float",
  "time",
  "date",
  "smalldatetime",
  "datetime",
  "datetime2",
  "datetimeoffset",
];

const widest = (a: SqlType, b: SqlType): SqlType["size"] =>
  a.size === "max" || b.size === "max" ? "max" : Math.max(a.size, b.size);

const DIGITS: Readonly<Record<string, number>> = { bit: 1, tinyint: 3, smallint: 5, int: 10 };

function asDecimal(type: SqlType): SqlType {
  if (type.name === "decimal") return type;
  const digits = type.name === "money" ? 19 : type.name === "smallmoney" ? 10 : 0;
  return { ...type, precision: digits || (DIGITS[type.name] ?? 19) };
}

/** The type that both are compared or combined as. */
export function commonType(a: Expression, b: Expression): SqlType {
  const rank = ({ type }: Expression) => PRECEDENCE.indexOf(type.name);
  const [low, high] = rank(a) <= rank(b) ? [a, b] : [b, a];
  if (isText(low.type) && isText(high.type)) {
    const { collation } = (a.label >= b.label ? a : b).type;
    if (a.label === 1 && b.label === 1 && a.type.collation !== b.type.collation) {
      throw new SqlError(468, "Cannot resolve the collation conflict.");
    }
    return { ...high.type, size: widest(low.type, high.type), collation };
  }
  if (high.type.name === "decimal" && !isText(low.type)) {
    const [x, y] = [asDecimal(low.type), asDecimal(high.type)];
    const scale = Math.max(x.scale, y.scale);
    const whole = Math.max(x.precision - x.scale, y.precision - y.scale);
    return { ...high.type, precision: Math.min(38, whole + scale), scale };
  }
  if (high.type.name === low.type.name) {
    return { ...high.type, size: widest(low.type, high.type) };
  }
  return high.type;
}

function compared(a: Expression, b: Expression, holds: (order: number) => boolean): Predicate {
  const type = commonType(a, b);
  return {
    aggregate: a.aggregate || b.aggregate,
    holds(context) {
      const [x, y] = [a, b].map((side) => convert(side.value(context), side.type, type));
      return x === null || y === null ? null : holds(compare(x, y, type));
    },
  };
}

/** NULL comes first. */
export function compareValues(a: Value, b: Value, type: SqlType): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return compare(a, b, type);
}

/** Three-valued. */
export interface Predicate {
  readonly aggregate: boolean;
  holds(context: Context): boolean | null;
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "<>": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function both(a: Predicate, b: Predicate): Predicate {
  return {
    aggregate: a.aggregate || b.aggregate,
    holds(context) {
      const [x, y] = [a.holds(context), b.holds(context)];
      return x === false || y === false ? false : x === null || y === null ? null : true;
    },
  };
}

function negated(a: Predicate): Predicate {
  return {
    aggregate: a.aggregate,
    holds(context) {
      const holds = a.holds(context);
      return holds === null ? null : !holds;
    },
  };
}

/** A parser of expressions over columns. */
export class ExpressionParser {
  constructor(readonly cursor: Cursor, readonly scope: Scope) {}

  predicate(): Predicate {
    let left = this.#conjunction();
    while (this.cursor.take("OR")) {
      left = negated(both(negated(left), negated(this.#conjunction())));
    }
    return left;
  }

  #conjunction(): Predicate {
    let left = this.#term();
    while (this.cursor.take("AND")) left = both(left, this.#term());
    return left;
  }

  #term(): Predicate {
    if (this.cursor.take("NOT")) return negated(this.#term());
    if (this.cursor.is("(") && this.#isPredicate()) {
      this.cursor.expect("(");
      const inner = this.predicate();
      this.cursor.expect(")");
      return inner;
    }
    return this.#comparison(this.expression());
  }

  /** Whether a parenthesis holds a condition: a comparison stands in it before it is closed. */
  #isPredicate(): boolean {
    for (let ahead = 1, depth = 1; depth > 0; ahead++) {
      if (this.cursor.peek(ahead) === undefined) return false;
      if (this.cursor.is("(", ahead)) depth++;
      else if (this.cursor.is(")", ahead)) depth--;
      else if (
        depth === 1 &&
        ["<", ">", "=", "<=", ">=", "<>", "IS", "BETWEEN"].some((text) =>
          this.cursor.is(text, ahead)
        )
      ) return true;
    }
    return false;
  }

  #comparison(left: Expression): Predicate {
    const { cursor } = this;
    if (cursor.take("IS")) {
      const not = cursor.take("NOT");
      cursor.expect("NULL");
      const { aggregate } = left;
      return { aggregate, holds: (context) => (left.value(context) === null) !== not };
    }
    if (cursor.take("BETWEEN")) {
      const low = this.expression();
      cursor.expect("AND");
      const high = this.expression();
      return both(compared(left, low, COMPARISONS[">="]), compared(left, high, COMPARISONS["<="]));
    }
    const { text } = cursor.next();
    return compared(left, this.expression(), COMPARISONS[text]);
  }

  expression(): Expression {
    let left = this.#factor();
    for (;;) {
      if (this.cursor.take("+")) left = sum(left, this.#factor());
      else if (this.cursor.take("-")) left = whole(left, this.#factor(), (a, b) => a - b);
      else return left;
    }
  }

  #factor(): Expression {
    let left = this.#collated();
    for (;;) {
      if (this.cursor.take("*")) left = whole(left, this.#collated(), (a, b) => a * b);
      else if (this.cursor.take("/")) left = whole(left, this.#collated(), (a, b) => a / b);
      else if (this.cursor.take("%")) left = whole(left, this.#collated(), (a, b) => a % b);
      else return left;
    }
  }

  #collated(): Expression {
    const inner = this.#primary();
    if (!this.cursor.take("COLLATE")) return inner;
    const type = { ...inner.type, collation: this.cursor.identifier() };
    return {
      ...typed(type, [inner], (context) => convert(inner.value(context), inner.type, type)),
      label: 2,
    };
  }

  #primary(): Expression {
    const { cursor } = this;
    if (cursor.take("(")) {
      const inner = this.expression();
      cursor.expect(")");
      return inner;
    }
    if (cursor.take("-")) return whole(constant("int", 0n), this.#primary(), (a, b) => a - b);
    const token = cursor.next();
    switch (token.kind) {
      case "text": {
        const size = Math.max(1, token.text.length);
        if (token.unicode) return constant(`nvarchar(${size > 4000 ? "max" : size})`, token.text);
        const bytes = convert(token.text, sqlType("nvarchar(max)"), sqlType("varchar(8000)"));
        return constant(`varchar(${size})`, bytes);
      }
      case "bytes":
        return constant(
          `varbinary(${Math.max(1, token.text.length / 2)})`,
          Uint8Array.fromHex(token.text),
        );
      case "number":
        return numberLiteral(token.text);
      case "name":
        return this.column(token.text);
      case "word":
        return cursor.is("(") || token.text.toUpperCase() === "CASE" ||
            token.text.toUpperCase() === "NULL"
          ? this.#function(token.text.toUpperCase())
          : this.column(token.text);
      case "sign":
        throw new TypeError(`expected a value, found ${token.text}`);
    }
  }

  /** `[name]` or `alias.[name]`. */
  column(first: string): Expression {
    const name = this.cursor.take(".") ? this.cursor.identifier() : first;
    const index = this.scope.findIndex((column) => column.name === name);
    if (index < 0) throw new SqlError(207, `Invalid column name '${name}'.`);
    const { type } = this.scope[index];
    return { ...typed(type, [], ({ row }) => row[index]), label: isText(type) ? 1 : 0 };
  }

  #type(): SqlType {
    const { cursor } = this;
    let text = cursor.identifier();
    if (cursor.take("(")) {
      const parts = [cursor.next().text];
      while (cursor.take(",")) parts.push(cursor.next().text);
      cursor.expect(")");
      text += `(${parts.join(",")})`;
    }
    return sqlType(text);
  }

  /** A string keeps its input's collation and label; anything else gets the database's. */
  #converted(inner: Expression, to: SqlType, style: number): Expression {
    const kept = isText(inner.type) && isText(to);
    const type = kept ? { ...to, collation: inner.type.collation } : to;
    return {
      ...typed(type, [inner], (context) => convert(inner.value(context), inner.type, type, style)),
      label: kept ? inner.label : 0,
    };
  }

  #function(name: string): Expression {
    const { cursor } = this;
    if (name === "CASE") return this.#case();
    if (name === "NULL") return constant("int", null);
    cursor.expect("(");
    if (name === "ROW_NUMBER") return this.#rowNumber();
    if (name === "CAST") {
      const inner = this.expression();
      cursor.expect("AS");
      const to = this.#type();
      cursor.expect(")");
      return this.#converted(inner, to, 0);
    }
    if (name === "CONVERT") {
      const to = this.#type();
      cursor.expect(",");
      const inner = this.expression();
      const style = cursor.take(",") ? Number(cursor.next().text) : 0;
      cursor.expect(")");
      return this.#converted(inner, to, style);
    }
    if (name === "COUNT_BIG" && cursor.take("*")) {
      cursor.expect(")");
      return {
        ...typed(sqlType("bigint"), [], ({ rows }) => BigInt(rows.length)),
        aggregate: true,
      };
    }
    const parts: Expression[] = [];
    while (!cursor.take(")")) {
      parts.push(this.expression());
      cursor.take(",");
    }
    const made = FUNCTIONS[name]?.(parts) ?? aggregate(name, parts);
    if (made === undefined) throw new TypeError(`no function ${name}`);
    return made;
  }

  /** `ROW_NUMBER() OVER (ORDER BY <value>)`. */
  #rowNumber(): Expression {
    this.cursor.expect(")", "OVER", "(", "ORDER", "BY");
    const by = this.expression();
    this.cursor.expect(")");
    return typed(sqlType("bigint"), [], ({ row, rows }) => {
      const [own, at] = [by.value({ row, rows }), rows.indexOf(row)];
      const before = rows.filter((other, i) => {
        const order = compareValues(by.value({ row: other, rows }), own, by.type);
        return order < 0 || order === 0 && i < at;
      });
      return BigInt(before.length) + 1n;
    });
  }

  /** `CASE WHEN <condition> THEN <value> ... [ELSE <value>] END`. */
  #case(): Expression {
    const { cursor } = this;
    const whens: { readonly when: Predicate; readonly then: Expression }[] = [];
    while (cursor.take("WHEN")) {
      const when = this.predicate();
      cursor.expect("THEN");
      whens.push({ when, then: this.expression() });
    }
    const otherwise = cursor.take("ELSE") ? this.expression() : null;
    cursor.expect("END");
    const results = [...whens.map(({ then }) => then), ...(otherwise === null ? [] : [otherwise])];
    const type = results.reduce((high, part) => ({ ...part, type: commonType(high, part) })).type;
    return typed(type, results, (context) => {
      const chosen = whens.find(({ when }) => when.holds(context) === true)?.then ?? otherwise;
      return chosen === null ? null : convert(chosen.value(context), chosen.type, type);
    });
  }
}

function numberLiteral(text: string): Expression {
  const [digits, fraction = ""] = text.split(".");
  const value = BigInt(digits + fraction);
  if (fraction === "" && value < 2n ** 31n) return constant("int", value);
  return constant(`decimal(${digits.length + fraction.length},${fraction.length})`, value);
}

/** Of bytes, texts, or numbers. */
function sum(a: Expression, b: Expression): Expression {
  if (!isText(a.type) && !isBinary(a.type)) return whole(a, b, (x, y) => x + y);
  const type = commonType(a, b);
  const size: SqlType["size"] =
    type.size === "max" || a.type.size === "max" || b.type.size === "max"
      ? "max"
      : Math.min(8000, (a.type.size as number) + (b.type.size as number));
  const result = { ...type, name: isBinary(type) ? "varbinary" : type.name, size };
  return typed(result, [a, b], (context) => {
    const [x, y] = [a, b].map((part) => convert(part.value(context), part.type, result));
    if (x === null || y === null) return null;
    if (typeof x === "string") return x + y;
    const bytes = new Uint8Array([...x as Uint8Array, ...y as Uint8Array]);
    // Without a (max) type nothing is longer than 8,000 bytes.
    return size === "max" ? bytes : bytes.subarray(0, 8000);
  });
}

/** Arithmetic of whole numbers; a bigint does not overflow silently. */
function whole(a: Expression, b: Expression, of: (x: bigint, y: bigint) => bigint): Expression {
  const type = commonType(a, b);
  if (!isInteger(type) && type.name !== "decimal") {
    throw new TypeError(`arithmetic of ${type.name}`);
  }
  return typed(type, [a, b], (context) => {
    const [x, y] = [a, b].map((part) => convert(part.value(context), part.type, type));
    if (x === null || y === null) return null;
    return convert(of(x as bigint, y as bigint), type, type);
  });
}

const FUNCTIONS: Readonly<Record<string, (parts: readonly Expression[]) => Expression>> = {
  DATALENGTH: ([part]) =>
    typed(sqlType(part.type.size === "max" ? "bigint" : "int"), [part], (context) => {
      const bytes = part.value(context);
      if (bytes === null) return null;
      if (typeof bytes === "string") return BigInt(bytes.length * 2);
      if (bytes instanceof Uint8Array) return BigInt(bytes.length);
      throw new TypeError(`DATALENGTH of ${part.type.name}`);
    }),
  HASHBYTES: ([algorithm, part]) =>
    typed(sqlType("varbinary(8000)"), [part], (context) => {
      const bytes = part.value(context);
      if (bytes === null) return null;
      const name = convert(algorithm.value(context), algorithm.type, sqlType("nvarchar(20)"));
      return new Uint8Array(createHash(String(name)).update(bytes as Uint8Array).digest());
    }),
  SUBSTRING: ([part, start, length]) =>
    typed(part.type, [part], (context) => {
      const [value, from, count] = [part, start, length].map((p) => p.value(context));
      if (value === null || from === null || count === null) return null;
      const at = Number(from) - 1;
      return (value as Uint8Array).slice(at, at + Number(count));
    }),
  LEFT: ([part, length]) =>
    typed(part.type, [part], (context) => {
      const value = part.value(context);
      return value === null ? null : (value as Uint8Array).slice(0, Number(length.value(context)));
    }),
  UPPER: ([part]) =>
    typed(part.type, [part], (context) => {
      const wide = sqlType("nvarchar(max)");
      const text = convert(part.value(context), part.type, wide);
      return text === null ? null : convert(String(text).toUpperCase(), wide, part.type);
    }),
  SWITCHOFFSET: ([part, offset]) =>
    typed(part.type, [part], (context) => {
      const instant = part.value(context) as Instant | null;
      return instant === null
        ? null
        : { ticks: instant.ticks, offset: Number(offset.value(context)) };
    }),
  COALESCE: (parts) => {
    const type = parts.reduce((high, part) => ({ ...part, type: commonType(high, part) })).type;
    return typed(type, parts, (context) => {
      const found = parts.find((part) => part.value(context) !== null);
      return found === undefined ? null : convert(found.value(context), found.type, type);
    });
  },
};

function aggregate(name: string, [part]: readonly Expression[]): Expression | undefined {
  const values = ({ rows }: Context): Raw[] =>
    rows.map((row) => part.value({ row, rows })).filter((value) => value !== null);
  const best = (wanted: number) => (context: Context): Value =>
    values(context).reduce<Value>(
      (found, value) =>
        found === null || compare(value, found, part.type) * wanted > 0 ? value : found,
      null,
    );
  switch (name) {
    case "MIN":
      return { ...typed(part.type, [part], best(-1)), aggregate: true };
    case "MAX":
      return { ...typed(part.type, [part], best(1)), aggregate: true };
    case "SUM": {
      if (!isExact(part.type)) throw new TypeError("SUM of what is not exact overflows or rounds");
      const type = { ...part.type, precision: 38 };
      return {
        ...typed(type, [part], (context) => {
          const all = values(context) as bigint[];
          return all.length === 0 ? null : all.reduce((a, b) => a + b, 0n);
        }),
        aggregate: true,
      };
    }
    default:
      return undefined;
  }
}

/** A collation that is not the database's, as a type names it. */
export function typeText(type: SqlType): string {
  const { name, size, precision, scale, collation } = type;
  const args = name === "decimal"
    ? `(${precision},${scale})`
    : size === 0 && !isFloat(type)
    ? ""
    : isText(type) || isBinary(type) && name !== "rowversion" ||
        ["time", "datetime2", "datetimeoffset"].includes(name)
    ? `(${size})`
    : "";
  const foreign = isCodePage(type) && collation !== DEFAULT_COLLATION;
  return `${name}${args}${foreign ? ` COLLATE ${collation}` : ""}`;
}
