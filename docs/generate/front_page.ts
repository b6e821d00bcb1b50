/** The text behind `rivet --help`, as a module. */
import { parseArgs } from "../../cli/parse.ts";

/** No line is wrapped. */
const WIDE = 10_000;

function linesOf(color: boolean): string[] {
  const parsed = parseArgs(["--help"], { width: WIDE, color });
  if (parsed.kind !== "text") throw new Error("--help is a text");
  return parsed.text.split("\n");
}

export function frontPageModule(): string {
  const styled = linesOf(true);
  const lines = linesOf(false).map((plain, i) => `  [${text(plain)}, ${text(styled[i])}],\n`);
  return "// deno-fmt-ignore-file\n" +
    "/** Written by `deno task docs` from the grammar: each line without and with its styles. */\n" +
    "export const FRONT_PAGE: readonly (readonly [plain: string, styled: string])[] = [\n" +
    `${lines.join("")}];\n`;
}

function text(line: string): string {
  return JSON.stringify(line);
}
