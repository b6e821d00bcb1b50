/**
 * The entry. What it imports by itself is loaded at every start, so it answers the version, which scripts
 * ask for, and leaves help to a page without a grammar and everything else to `program.ts`
 * (docs/adr/0023-start-and-first-run.md).
 *
 * @module
 */
import { stdio } from "./cli/render/stdio.ts";
import { RIVET_VERSION } from "./core/base/version.ts";

function isVersion(argument: string | undefined): boolean {
  return argument === "--version" || argument === "-V";
}

const EXIT_USAGE = 2;

/** Runs one command line and returns the process's exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [first, second, ...more] = args;
  if (args.length === 1 && isVersion(first)) {
    stdio(Deno.stdout).write(`rivet ${RIVET_VERSION}\n`);
    return 0;
  }
  if (more.length === 0 && [first, second].includes("--json") && [first, second].some(isVersion)) {
    const { buildOf }: typeof import("./core/base/build.ts") = await import(
      "./core/base/build.ts" as string
    );
    stdio(Deno.stdout).write(`${JSON.stringify(await buildOf(import.meta.url), null, 2)}\n`);
    return 0;
  }
  const help = args.length === 1 && ["--help", "-h", "help"].includes(first);
  const loaded = help ? await readable(frontPage) : await readable(program);
  if ("shown" in loaded) return loaded.shown(stdio(Deno.stdout));
  if ("program" in loaded) return await loaded.program(args, import.meta.url);
  const { message, hint } = loaded;
  const text = args.includes("--json-errors")
    ? JSON.stringify({ error: message, code: "NOT_AVAILABLE", hint })
    : `error: ${message}\nhint: ${hint}`;
  stdio(Deno.stderr).write(`${text}\n`);
  return EXIT_USAGE;
}

const program = (): Promise<typeof import("./program.ts")> => import("./program.ts" as string);

const frontPage = (): Promise<typeof import("./cli/front_page.ts")> =>
  import("./cli/front_page.ts" as string);

/** The rest of the program is read when it is used, which the flags of the start may not allow. */
async function readable<T>(
  load: () => Promise<T>,
): Promise<T | { readonly message: string; readonly hint: string }> {
  try {
    return await load();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!/^Requires read access/.test(message)) throw error;
    const folder = decodeURIComponent(new URL(".", import.meta.url).pathname);
    const hint = `Start Rivet with --allow-read=${folder}, its own files, or with -A.`;
    return { message: `this process may not do that: ${message}`, hint };
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
