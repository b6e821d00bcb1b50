/** `-p/--param KEY=VALUE`, for every command that loads queries. */
import { message, multiple, option } from "@optique/core";
import { keyValue } from "@optique/core/valueparser";
import { ConfigError } from "../core/base/errors.ts";

export const paramsOption = multiple(
  option("-p", "--param", keyValue({ metavar: "KEY=VALUE" }), {
    description: message`Value of \${KEY} in queries, inserted as text. Repeatable.`,
  }),
);

/** @throws ConfigError USAGE when a key is given twice. */
export function parameters(
  pairs: readonly (readonly [string, string])[],
): Map<string, string> {
  const params = new Map<string, string>();
  for (const [key, value] of pairs) {
    if (params.has(key)) {
      throw new ConfigError(`--param ${key} is given twice`, [], {
        code: "USAGE",
        hint: "Give each parameter once.",
      });
    }
    params.set(key, value);
  }
  return params;
}
