/** Flags that every command accepts, in any position. */
import {
  group,
  type InferValue,
  map,
  message,
  multiple,
  object,
  option,
  withDefault,
} from "@optique/core";
import { choice } from "@optique/core/valueparser";
import { LOG_FORMATS } from "../core/base/log.ts";

export const globalOptions = group(
  "Global options",
  object({
    jsonErrors: option("--json-errors", {
      description: message`Print an error as one JSON object on stderr: error, code, hint.`,
    }),
    exitClass: option("--exit-class", {
      description:
        message`Exit codes by class: 1 configuration, 2 retryable, 3 integrity, 4 drift (also RIVET_EXIT_CLASS=1).`,
    }),
    quiet: option("-q", "--quiet", {
      description: message`Log errors only and show no progress.`,
    }),
    verbose: map(
      multiple(option("-v", "--verbose", {
        description:
          message`Log what is being done; -vv adds every statement, request and state write, -vvv the protocols' steps.`,
      })),
      (given) => given.length,
    ),
    logFormat: withDefault(
      option("--log-format", choice(LOG_FORMATS, { metavar: "FORMAT" }), {
        description: message`How log lines are written: text, or json, one object a line.`,
      }),
      "text",
    ),
  }),
);

/** Their values, as parsed from wherever they stood. */
export type Globals = InferValue<typeof globalOptions>;

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
