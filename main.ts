/**
 * The entry. What it imports by itself is loaded at every start, so it answers the version, which scripts
 * ask for, and leaves everything else to `program.ts` (docs/adr/0023-start-and-first-run.md).
 *
 * @module
 */
import { stdio } from "./cli/render/stdio.ts";
import { RIVET_VERSION } from "./core/base/version.ts";

/** Runs one command line and returns the process's exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    stdio(Deno.stdout).write(`rivet ${RIVET_VERSION}\n`);
    return 0;
  }
  const { program }: typeof import("./program.ts") = await import("./program.ts" as string);
  return await program(args, import.meta.url);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
