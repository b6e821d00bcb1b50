/** Answers a completion script: what could stand where the user is typing. */
import { type Suggestion, suggestSync } from "@optique/core/parser";
import { extractOptionNames } from "@optique/core/usage";
import { isShell, SHELLS } from "./completions.ts";
import { grammar } from "./grammar.ts";
import { USUAL_CONFIG } from "./report.ts";

/** The value of a flag on a half-typed command line. */
function flagValue(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [i, word] of words.entries()) {
    if (names.includes(word)) return words[i + 1];
    const name = names.find((n) => n.startsWith("--") && word.startsWith(`${n}=`));
    if (name !== undefined) return word.slice(name.length + 1);
  }
  return undefined;
}

type Words = readonly [string, ...string[]];

async function suggestions(words: Words): Promise<readonly Suggestion[]> {
  const previous = words.at(-2);
  if (previous === "-e" || previous === "--export") {
    const prefix = words.at(-1) ?? "";
    const { exportNames }: typeof import("./suggest_exports.ts") = await import(
      "./suggest_exports.ts" as string
    );
    const given = flagValue(words.slice(0, -1), ["-c", "--config"]);
    const path = given ?? (words[0] === "report" ? USUAL_CONFIG : undefined);
    const names = path === undefined ? [] : await exportNames(path);
    return names.filter((n) => n.startsWith(prefix)).map((text) => ({ kind: "literal", text }));
  }
  return suggestSync(grammar, words);
}

/** The answer to `completions SHELL WORD...`; null when the arguments are no such question. */
export async function answerCompletion(args: readonly string[]): Promise<string | null> {
  const [command, shell, ...words] = args;
  const [first, ...rest] = words;
  if (command !== "completions" || !isShell(shell) || first === undefined) return null;
  // `rivet completions bash --help` is a question about the command, not from a script.
  if (rest.length === 0 && extractOptionNames(grammar.usage).has(first)) return null;
  return [...SHELLS[shell].encodeSuggestions(await suggestions([first, ...rest]))].join("");
}
