/** What `-p/--param KEY=VALUE` gives. */
import { ConfigError } from "../core/base/errors.ts";

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
