/** Flags that every command accepts, in any position. */
import { group, type InferValue, message, object, option } from "@optique/core";

export const globalOptions = group(
  "Global options",
  object({
    jsonErrors: option("--json-errors", {
      description: message`Print an error as one JSON object on stderr: error, code, hint.`,
    }),
    quiet: option("-q", "--quiet", {
      description: message`Log errors only and show no progress.`,
    }),
    verbose: option("-v", "--verbose", {
      description: message`Log what is being done.`,
    }),
  }),
);

export type Globals = InferValue<typeof globalOptions>;

/** Whether errors are wanted as JSON, known before the arguments are parsed. */
export function wantsJsonErrors(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json-errors");
}
