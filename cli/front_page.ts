/** `rivet --help` without the grammar, which the page was made from: no package is loaded for it. */
import { FRONT_PAGE } from "./front_page_text.ts";
import { allowsColor } from "./readable_env.ts";
import type { TextStream } from "./render/text_stream.ts";

export interface FrontPageOptions {
  /** It is wrapped to this many columns, or to 60 of fewer. */
  readonly width: number;
  readonly color: boolean;
}

/** Where the terminal does not tell, or the page goes elsewhere. */
const COLUMNS = 100;

/** Writes the page, as wide as the stream is. @returns the exit code. */
export function shown(out: TextStream): number {
  const columns = out.size()?.columns;
  const color = columns !== undefined && allowsColor();
  out.write(`${frontPage({ width: columns ?? COLUMNS, color })}\n`);
  return 0;
}

/** What `parseArgs` answers to `--help`; where a line is cut may differ by a word. */
export function frontPage({ width, color }: FrontPageOptions): string {
  const columns = Math.max(60, width);
  return FRONT_PAGE.flatMap(([plain, styled]) => wrapped(color ? styled : plain, columns))
    .join("\n");
}

/** What styles a word takes no room. */
// deno-lint-ignore no-control-regex
const STYLE = /\x1b\[[0-9;]*m/g;

const visible = (text: string): number => text.replace(STYLE, "").length;

/** A line's own indentation, and, where a term comes first, that of its description. */
function indentOf(line: string): number {
  return /^ {2}\S.*? {2,}/.exec(line.replace(STYLE, ""))?.[0].length ?? 0;
}

function wrapped(line: string, columns: number): string[] {
  const indent = " ".repeat(indentOf(line));
  const lines: string[] = [];
  let current = "";
  for (const piece of line.match(/\S+\s*|\s+/g) ?? []) {
    if (current.trim() !== "" && visible(current + piece) > columns) {
      lines.push(current.trimEnd());
      current = indent;
    }
    current += piece;
  }
  return [...lines, current.trimEnd()];
}
