/** SQL taken apart just as far as to tell its code from its strings, quoted names and comments. */
import type { SqlLexis } from "../ports/lexis.ts";

/** A piece of code; strings, quoted names, comments, numbers and other signs are left out. */
export interface SqlPart {
  readonly kind: "word" | "(" | ")" | ";";
  readonly text: string;
  readonly at: number;
}

/** Where the text is not to be told apart: why, and where that begins. */
export class UnclearSql extends Error {
  constructor(readonly why: string, readonly at: number) {
    super(why);
  }
}

const WORD = /[A-Za-z_@#\u0080-\uffff][\w@#$\u0080-\uffff]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
/** Ends of lines for some servers, and not for others. */
const UNCLEAR_LINE_END = /\r(?!\n)|[\v\f\u0085\u2028\u2029]/;
const EXECUTABLE = /\/\*M?!\d*/y;

class Scanner {
  readonly #sql: string;
  readonly #lexis: SqlLexis;
  #at = 0;
  /** Within a comment that is run. */
  #executable = false;

  constructor(sql: string, lexis: SqlLexis) {
    this.#sql = sql;
    this.#lexis = lexis;
  }

  *parts(): Generator<SqlPart> {
    const sql = this.#sql;
    const zero = sql.indexOf("\0");
    if (zero >= 0) throw new UnclearSql("it holds a NUL character", zero);
    while (this.#at < sql.length) {
      const at = this.#at;
      if (this.#skipText() || this.#skipComment()) continue;
      const char = sql[at];
      if (char === "(" || char === ")" || char === ";") {
        this.#at++;
        yield { kind: char, text: char, at };
        continue;
      }
      const word = this.#match(WORD);
      if (word === null) this.#at++;
      else yield { kind: "word", text: word, at };
    }
    if (this.#executable) throw new UnclearSql("a comment is not closed", sql.length);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#sql)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  /** A string or a quoted name. */
  #skipText(): boolean {
    const { backslash, doubleQuotesEscape, backticks, brackets, dollarQuotes } = this.#lexis;
    const at = this.#at;
    switch (this.#sql[at]) {
      case "'":
        this.#quoted("'", backslash === "escape" || backslash === "prefixed" && this.#prefixed());
        return true;
      case '"':
        this.#quoted('"', doubleQuotesEscape);
        return true;
      case "`":
        if (backticks) this.#quoted("`", false);
        return backticks;
      case "[":
        if (brackets) this.#quoted("]", false);
        return brackets;
      case "$": {
        const tag = dollarQuotes && !/[\w\u0080-\uffff]/.test(this.#sql[at - 1] ?? "")
          ? this.#match(DOLLAR_QUOTE)
          : null;
        if (tag !== null) this.#until(tag, "a string is not closed", at);
        return tag !== null;
      }
      default:
        return false;
    }
  }

  /** Whether the string at hand has an `E` of its own in front. */
  #prefixed(): boolean {
    const before = this.#sql.slice(Math.max(0, this.#at - 2), this.#at);
    return /(?:^|[^\w\u0080-\uffff])e$/i.test(before);
  }

  /** Moves behind the closing quote; a doubled one stands for itself. */
  #quoted(close: string, escapes: boolean): void {
    const sql = this.#sql;
    const start = this.#at++;
    for (; this.#at < sql.length; this.#at++) {
      if (escapes && sql[this.#at] === "\\") this.#at++;
      else if (sql[this.#at] === close) {
        this.#at++;
        if (sql[this.#at] !== close) return;
      }
    }
    throw new UnclearSql("a string or quoted name is not closed", start);
  }

  #until(end: string, why: string, start: number): void {
    const found = this.#sql.indexOf(end, this.#at);
    if (found < 0) throw new UnclearSql(why, start);
    this.#at = found + end.length;
  }

  #skipComment(): boolean {
    const sql = this.#sql;
    const { hashComments, dashNeedsBlank, executableComments } = this.#lexis;
    const at = this.#at;
    if (sql.startsWith("--", at)) {
      // A control character will do.
      if (dashNeedsBlank && (sql[at + 2] ?? " ") > " ") return false;
      this.#line();
      return true;
    }
    if (hashComments && sql[at] === "#") {
      this.#line();
      return true;
    }
    if (this.#executable && sql.startsWith("*/", at)) {
      this.#executable = false;
      this.#at += 2;
      return true;
    }
    if (!sql.startsWith("/*", at)) return false;
    if (executableComments && this.#match(EXECUTABLE) !== null) this.#executable = true;
    else this.#block();
    return true;
  }

  #line(): void {
    const end = this.#sql.indexOf("\n", this.#at);
    const comment = this.#sql.slice(this.#at, end < 0 ? undefined : end + 1);
    const unclear = comment.search(UNCLEAR_LINE_END);
    if (unclear >= 0) {
      throw new UnclearSql("a comment holds an end of line that servers differ on", this.#at);
    }
    this.#at += comment.length;
  }

  #block(): void {
    const sql = this.#sql;
    const start = this.#at;
    const sign = /\/\*|\*\//g;
    let depth = 0;
    sign.lastIndex = start;
    for (let found; (found = sign.exec(sql)) !== null;) {
      if (found[0] === "*/") depth--;
      else if (depth === 0 || this.#lexis.nestedComments) depth++;
      if (depth === 0) {
        this.#at = sign.lastIndex;
        return;
      }
    }
    throw new UnclearSql("a comment is not closed", start);
  }
}

/** In time proportional to the text. @throws UnclearSql */
export function scanSql(sql: string, lexis: SqlLexis): Generator<SqlPart> {
  return new Scanner(sql, lexis).parts();
}
