/**
 * The entry. What it imports by itself is loaded at every start, so it answers the version, which scripts
 * ask for, and leaves everything else to `program.ts` (docs/adr/0023-start-and-first-run.md).
 *
 * @module
 */
import { stdio } from "./cli/render/stdio.ts";
import { RIVET_VERSION } from "./core/base/version.ts";

function isVersion(argument: string | undefined): boolean {
  return argument === "--version" || argument === "-V";
}

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
  const { program }: typeof import("./program.ts") = await import("./program.ts" as string);
  return await program(args, import.meta.url);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
