/** The grammar of the flags that every command accepts. */
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
