/** What both generated pages need of Markdown. */

/** First line of a generated page. */
export const GENERATED = "<!-- Written by `deno task docs` from the code. Change it there. -->\n";

/** Text in a table's cell. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<").replaceAll(/\s*\n\s*/g, " ").trim();
}

/** @param rows cells that `cell` has been applied to. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}
