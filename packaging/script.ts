/** The command line of a script of this repository, which says how it is used in the comment that it begins with. */
import { fileURLToPath } from "node:url";
import { parseArgs, type ParseArgsConfig } from "node:util";

const EXIT_USAGE = 2;

type Options = NonNullable<ParseArgsConfig["options"]>;

interface Parsed<O extends Options> {
  readonly values: ReturnType<typeof parseArgs<{ options: O }>>["values"];
  readonly positionals: readonly string[];
}

/** The first comment of a source, without its frame. */
export function leadingComment(source: string): string {
  const text = /^(?:#![^\n]*\n)?\/\*\*(.*?)\*\//s.exec(source)?.[1] ?? "";
  return text.split("\n").map((line) => line.replace(/^ \* ?/, "")).join("\n").trim();
}

/**
 * What a script was started with. `--help` prints how it is used and ends with 0; a flag that it does not
 * have, a value that is missing, or more positional arguments than `most`, prints that too and ends with 2.
 * @param script `import.meta.url`.
 */
export function scriptArgs<const O extends Options>(
  script: string,
  options: O,
  most = 0,
): Parsed<O> {
  if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
    console.log(usageOf(script));
    Deno.exit(0);
  }
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({ args: Deno.args, options, allowPositionals: most > 0 });
  } catch (error) {
    // Behind the first sentence comes how to write something else that begins like it.
    if (!(error instanceof Error)) throw error;
    return usageError(script, error.message.split(". ")[0]);
  }
  const extra = parsed.positionals[most];
  if (extra !== undefined) usageError(script, `there is no use for '${extra}'`);
  return parsed;
}

/** Ends a script that was asked for something it does not know. */
export function usageError(script: string, message: string): never {
  console.error(`error: ${message}\n\n${usageOf(script)}`);
  Deno.exit(EXIT_USAGE);
}

/** `only` of `--only a,b`, each one of `known`. */
export function chosen<T extends string>(script: string, list: string, known: readonly T[]): T[] {
  return list.split(",").map((name) => {
    const found = known.find((one) => one === name);
    return found ?? usageError(script, `there is no '${name}': ${known.join(", ")}`);
  });
}

/** A number that is no less than `least`. */
export function numberOf(script: string, text: string, least = 0): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= least) return value;
  return usageError(script, `'${text}' is no number from ${least} on`);
}

function usageOf(script: string): string {
  return leadingComment(Deno.readTextFileSync(fileURLToPath(script)));
}
