/** `rivet --help` is the page of the grammar, whoever shows it. */
import { equal, ok } from "node:assert/strict";
import { frontPage, type FrontPageOptions, shown } from "../../../cli/front_page.ts";
import { parseArgs } from "../../../cli/parse.ts";

function ofGrammar(options: FrontPageOptions): string {
  const parsed = parseArgs(["--help"], options);
  return parsed.kind === "text" ? parsed.text : "";
}

const words = (text: string): string => text.replace(/\s+/g, " ");
// deno-lint-ignore no-control-regex
const unstyled = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, "");

Deno.test("the page without the grammar is the page of the grammar", () => {
  for (const color of [false, true]) {
    for (const width of [100, 200]) {
      equal(frontPage({ width, color }), ofGrammar({ width, color }), `${width} ${color}`);
    }
  }
});

Deno.test("the page fits into a terminal of any width from 60 on, with every word", () => {
  for (const color of [false, true]) {
    for (let width = 60; width < 200; width += 7) {
      const page = frontPage({ width, color });
      equal(words(unstyled(page)), words(unstyled(ofGrammar({ width, color }))));
      for (const line of unstyled(page).split("\n")) ok(line.length <= width, line);
      ok(color || page === unstyled(page));
    }
  }
  equal(frontPage({ width: 1, color: false }), frontPage({ width: 60, color: false }));
});

Deno.test("the page is as wide as its terminal, and has colours there alone", () => {
  const written = (size: { columns: number; rows: number } | undefined) => {
    let text = "";
    const write = (more: string) => text += more;
    equal(shown({ isTerminal: size !== undefined, size: () => size, write }), 0);
    return text;
  };
  const color = Deno.env.get("NO_COLOR") === undefined;
  equal(written({ columns: 70, rows: 9 }), `${frontPage({ width: 70, color })}\n`);
  equal(written(undefined), `${frontPage({ width: 100, color: false })}\n`);
});
