/** YAML written line by line, so that every line can carry a comment. */
import { printableJson } from "../base/printable.ts";
import { literal } from "../config/substitute.ts";

/** Plain scalars that no YAML reader takes for something else than text. */
const PLAIN = /^(\.{1,2}\/)?[A-Za-z_][A-Za-z0-9_./-]*$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** A key or value. */
export function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  // JSON is YAML's double-quoted form.
  return PLAIN.test(value) && !RESERVED.test(value) ? value : printableJson(JSON.stringify(value));
}

/** Text for a comment: one line, whatever the names in it hold. */
export function commentText(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

const COMMENT_COLUMN = 36;

/** Indented lines, two blanks per level. */
export class YamlText {
  readonly #lines: string[] = [];

  /** `key: value`, with a comment behind it. The value is data: a `${...}` in it is no placeholder. */
  entry(level: number, key: string, value: string | number | boolean, comment?: string): void {
    const written = typeof value === "string" ? literal(value) : value;
    this.raw(level, `${scalar(key)}: ${scalar(written)}`, comment);
  }

  /** `key:` above a block. */
  block(level: number, key: string): void {
    this.raw(level, `${scalar(key)}:`);
  }

  /** A line that is YAML already. */
  raw(level: number, text: string, comment?: string): void {
    const line = "  ".repeat(level) + text;
    const note = comment === undefined ? "" : `# ${commentText(comment)}`;
    this.#lines.push(note === "" ? line : `${line.padEnd(COMMENT_COLUMN - 1)} ${note}`);
  }

  comment(level: number, text: string): void {
    this.#lines.push(`${"  ".repeat(level)}# ${commentText(text)}`);
  }

  blank(): void {
    this.#lines.push("");
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}
