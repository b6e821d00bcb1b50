/** The words of a T-SQL statement. */

export type Token =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "text"; readonly text: string; readonly unicode: boolean }
  | { readonly kind: "bytes"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "sign"; readonly text: string };

const PATTERN = new RegExp(
  [
    /\s+|--[^\n]*|\/\*[^]*?\*\//.source,
    /\[((?:[^\]]|\]\])*)\]/.source,
    /(N?)'((?:[^']|'')*)'/.source,
    /0x([0-9a-f]*)/.source,
    /(\d+(?:\.\d+)?)/.source,
    /([a-z_@][\w@]*)/.source,
    /(<=|>=|<>|[-+*/%=<>(),.;])/.source,
  ].join("|"),
  "giy",
);

export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < sql.length) {
    const at = PATTERN.lastIndex;
    const match = PATTERN.exec(sql);
    if (match === null) throw new TypeError(`no T-SQL: ${sql.slice(at, at + 40)}`);
    const [, name, prefix, text, bytes, number, word, sign] = match;
    if (name !== undefined) found.push({ kind: "name", text: name.replaceAll("]]", "]") });
    else if (text !== undefined) {
      found.push({ kind: "text", text: text.replaceAll("''", "'"), unicode: prefix !== "" });
    } else if (bytes !== undefined) found.push({ kind: "bytes", text: bytes });
    else if (number !== undefined) found.push({ kind: "number", text: number });
    else if (word !== undefined) found.push({ kind: "word", text: word });
    else if (sign !== undefined) found.push({ kind: "sign", text: sign });
  }
  return found;
}

/** Reads tokens one after another. */
export class Cursor {
  readonly #tokens: readonly Token[];
  /** Where it reads; may be set back. */
  at = 0;

  constructor(sql: string) {
    this.#tokens = tokens(sql);
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.at + ahead];
  }

  next(): Token {
    const token = this.#tokens[this.at++];
    if (token === undefined) throw new TypeError("the statement ends too early");
    return token;
  }

  /** Whether the next token is this keyword or sign. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token?.kind === "word" || token?.kind === "sign") &&
      token.text.toUpperCase() === text;
  }

  /** Takes the keywords or signs, if they are next. */
  take(...texts: readonly string[]): boolean {
    if (!texts.every((text, i) => this.is(text, i))) return false;
    this.at += texts.length;
    return true;
  }

  expect(...texts: readonly string[]): void {
    if (!this.take(...texts)) {
      throw new TypeError(`expected ${texts.join(" ")}, found ${JSON.stringify(this.peek())}`);
    }
  }

  identifier(): string {
    const token = this.next();
    if (token.kind !== "name" && token.kind !== "word") {
      throw new TypeError(`expected a name, found ${JSON.stringify(token)}`);
    }
    return token.text;
  }
}
