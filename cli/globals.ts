/** Flags that every command accepts, in any position: what is asked of them without their grammar. */
export type { Globals } from "./global_options.ts";

/** Whether a flag is given, known before the arguments are parsed. */
function has(args: readonly string[], flag: string): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes(flag);
}

/** Whether errors are wanted as JSON. */
export function wantsJsonErrors(args: readonly string[]): boolean {
  return has(args, "--json-errors");
}

/** Whether exit codes are wanted by class. */
export function wantsExitClass(
  args: readonly string[],
  env: (name: string) => string | undefined,
): boolean {
  return has(args, "--exit-class") || env("RIVET_EXIT_CLASS") === "1";
}
