/**
 * Texts of others (names, values, a server's messages) as they may be shown: a control character can move
 * the cursor, rename the window or end a line of the log, a direction mark can turn a name around.
 */

const ESCAPES: Readonly<Record<string, string>> = { "\r": "\\r", "\b": "\\b", "\f": "\\f" };

/** C0 but tab and newline, DEL, C1, line and paragraph separators, direction marks. */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function escaped(char: string): string {
  const code = char.charCodeAt(0);
  if (char in ESCAPES) return ESCAPES[char];
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** The text with its control characters spelled out; lines and tabs stay. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** The same on one line, for a cell or a name. */
export function oneLine(text: string): string {
  return printable(text.trim().replace(/\s*\n\s*/g, " "));
}

/** A name in quotes, for a message: line breaks and tabs are spelled out, too. */
export function quoted(name: string): string {
  return printableJson(JSON.stringify(name));
}

/** The same for a message that has its own quotes. */
export function spelledOut(name: string): string {
  return quoted(name).slice(1, -1);
}

/** The text of a JSON value, in which JSON itself escapes no more than C0. */
export function printableJson(json: string): string {
  return json.replace(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
