/**
 * The form of YAML in which configurations are written: mappings and lists by indentation or in one line, words,
 * numbers, texts in simple quotes, blocks of text after `|`. Whatever else YAML has (anchors, tags, folded text,
 * values over several lines), and every mistake, is left to the package that knows all of it and where it stands:
 * loading that takes longer than the rest of reading a configuration. What is read here is read as it does.
 */

/** Thrown at what is not in this form. */
class NotPlain extends Error {}

interface Line {
  readonly indent: number;
  /** Without its indentation, comment and trailing space. */
  readonly text: string;
  /** As it is written, for blocks of text. */
  readonly raw: string;
}

/** The plain value of a text, or null: it is not in this form. */
export function parsePlainYaml(source: string): { readonly value: unknown } | null {
  // Of what is no line end, space or letter the other parser knows what to make.
  if (!source.endsWith("\n")) return null;
  if (/[^\n\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\uffef]/.test(source)) return null;
  try {
    return { value: new Blocks(source).document() };
  } catch (error) {
    if (error instanceof NotPlain) return null;
    throw error;
  }
}

/** Deeper than this nothing of a configuration goes. */
const MAX_DEPTH = 16;

const KEY = /^([A-Za-z_][\w.-]{0,99}):(?: +|$)/;
/** Words that are values, and names that the language gives a meaning. */
const NO_KEY = /^(?:true|false|null|yes|no|on|off|__proto__)$/i;

class Blocks {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(source: string) {
    this.#lines = source.split("\n").map((raw) => {
      const indent = depthOf(raw);
      return { indent, text: withoutComment(raw.slice(indent)), raw };
    });
  }

  document(): unknown {
    const first = this.#peek();
    if (first === null || first.indent !== 0) throw new NotPlain();
    const value = this.#block(0);
    if (this.#peek() !== null) throw new NotPlain();
    return value;
  }

  /** The next line that says something. */
  #peek(): Line | null {
    while (this.#at < this.#lines.length && this.#lines[this.#at].text === "") this.#at++;
    return this.#lines[this.#at] ?? null;
  }

  /** The mapping or list whose lines have this indentation. */
  #block(indent: number): unknown {
    if (indent > 4 * MAX_DEPTH) throw new NotPlain();
    return isItem(this.#peek()) ? this.#list(indent) : this.#mapping(indent);
  }

  #list(indent: number): unknown[] {
    const items: unknown[] = [];
    for (let line = this.#peek(); line?.indent === indent && isItem(line); line = this.#peek()) {
      const rest = line.text.slice(1);
      const inner = rest.slice(depthOf(rest));
      if (inner === "" || isItem({ text: inner })) throw new NotPlain();
      if (!KEY.test(inner)) {
        this.#at++;
        items.push(this.#inline(inner, indent));
        continue;
      }
      // The dash is a part of the indentation of the mapping's first line.
      items.push(this.#mapping(indent + 1 + rest.length - inner.length, inner));
    }
    return items;
  }

  /** @param first the text of the first line, after a dash. */
  #mapping(indent: number, first?: string): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    for (let line = this.#peek(); line !== null; line = this.#peek()) {
      const text = entries.size === 0 ? first ?? line.text : line.text;
      const isFirst = entries.size === 0 && first !== undefined;
      if (!isFirst && (line.indent !== indent || isItem(line))) break;
      const [matched, key] = KEY.exec(text) ?? [];
      if (matched === undefined || NO_KEY.test(key) || entries.has(key)) throw new NotPlain();
      this.#at++;
      entries.set(key, this.#valueOf(text.slice(matched.length), indent));
    }
    const last = this.#peek();
    if (entries.size === 0 || (last !== null && last.indent > indent)) throw new NotPlain();
    return Object.fromEntries([...entries].filter(([, value]) => value !== null));
  }

  /** What stands behind a key, or below it. */
  #valueOf(rest: string, indent: number): unknown {
    if (rest === "|") return this.#text(indent);
    if (rest !== "") return this.#inline(rest, indent);
    const below = this.#peek();
    if (below === null || below.indent < indent) return null;
    if (below.indent === indent) return isItem(below) ? this.#list(indent) : null;
    return this.#block(below.indent);
  }

  /** A value on one line; it may not go on below. */
  #inline(text: string, indent: number): unknown {
    const value = new Inline(text).whole();
    const next = this.#peek();
    if (next !== null && next.indent > indent) throw new NotPlain();
    return value;
  }

  /** The lines below `|`, whatever is in them. */
  #text(indent: number): string {
    const lines: string[] = [];
    let own = -1;
    for (; this.#at < this.#lines.length; this.#at++) {
      const { raw } = this.#lines[this.#at];
      const depth = depthOf(raw);
      const isBlank = depth === raw.length;
      if (own < 0 && !isBlank) own = depth;
      if (!isBlank && depth < own) break;
      // Spaces of blank lines count where they are more than the text's indentation.
      if (isBlank && raw !== "") throw new NotPlain();
      lines.push(raw.slice(Math.max(own, 0)));
    }
    // A block without text, one that begins with blank lines, or one that is not further in.
    if (own <= indent || lines[0] === "") throw new NotPlain();
    const next = this.#peek();
    // A comment below may belong to either.
    if (next !== null && next.indent > indent) throw new NotPlain();
    return `${lines.join("\n").replace(/\n+$/, "")}\n`;
  }
}

/** How many spaces a line begins with. */
const depthOf = (line: string): number => line.length - line.replace(/^ +/, "").length;

const withoutEnd = (text: string): string => text.replace(/ +$/, "");

const isItem = (line: Pick<Line, "text"> | null): boolean =>
  line !== null && /^-(?: |$)/.test(line.text);

/** What stands before a comment, without the space around it. */
function withoutComment(text: string): string {
  if (text.startsWith("#")) return "";
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (/["']/.test(char) && /(?:^|[\s:,{[-])$/.test(text.slice(0, i))) quote = char;
    else if (char === "#" && text[i - 1] === " ") return withoutEnd(text.slice(0, i));
  }
  return withoutEnd(text);
}

/** One value, or several in brackets or braces, on one line. */
class Inline {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): unknown {
    if (!/^[[{"']/.test(this.#text)) return wordOf(this.#text);
    const value = this.#value(0);
    if (this.#at < this.#text.length) throw new NotPlain();
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new NotPlain();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#flowMapping(depth + 1);
      case "[":
        return this.#flowList(depth + 1);
      case '"':
        return this.#match(/"([^"\\]*)"/y);
      case "'":
        return this.#match(/'((?:[^']|'')*)'/y).replaceAll("''", "'");
      default:
        return wordOf(withoutEnd(this.#match(/([^,[\]{}#"']+)/y)));
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new NotPlain();
    this.#at = pattern.lastIndex;
    return found[1];
  }

  #space(): void {
    while (this.#text[this.#at] === " ") this.#at++;
  }

  /** Whether the closing one came; a comma before it is none of this form. */
  #ends(close: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== close) return false;
    this.#at++;
    return true;
  }

  /** After a value: whether another one follows. */
  #goesOn(close: string): boolean {
    if (this.#ends(close)) return false;
    this.#match(/(,) */y);
    return true;
  }

  #flowList(depth: number): unknown[] {
    this.#at++;
    const items: unknown[] = [];
    if (this.#ends("]")) return items;
    do items.push(this.#value(depth)); while (this.#goesOn("]"));
    return items;
  }

  #flowMapping(depth: number): Record<string, unknown> {
    this.#at++;
    const entries = new Map<string, unknown>();
    if (this.#ends("}")) return {};
    do {
      const key = this.#match(/([A-Za-z_][\w.-]*): +/y);
      if (NO_KEY.test(key) || entries.has(key)) throw new NotPlain();
      entries.set(key, this.#value(depth));
    } while (this.#goesOn("}"));
    return Object.fromEntries([...entries].filter(([, value]) => value !== null));
  }
}

/** What the form of a word without quotes makes of it. */
function wordOf(text: string): unknown {
  // An indicator in front, what would be a key, or a comment.
  if (/^(?:[?:,[\]{}#&*!|>'"%@`]|-(?!\d)|$)/.test(text) || /: |:$| #/.test(text)) {
    throw new NotPlain();
  }
  if (/^(?:~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?$/.test(text)) return Number(text);
  // Other forms of numbers.
  if (/^[-+]?(?:\.?\d[\d.]*(?:e[-+]?\d+)?|\.inf|\.nan)$|^0[xo]/i.test(text)) throw new NotPlain();
  return text;
}
