/** Values that a destination's configuration names by environment variable. */
import { ConfigError } from "../../../core/base/errors.ts";
import { registerSecret } from "../../../core/base/redact.ts";

/** Looks a variable up; undefined when it is not set. */
export type Env = (name: string) => string | undefined;

/**
 * The variable's value; what is not `shown` is hidden in every output from now on.
 * @param field the configuration's key, for the message.
 * @throws ConfigError when it is not set or empty.
 */
export function fromEnvironment(
  env: Env,
  field: string,
  name: string,
  options: { readonly shown?: boolean } = {},
): string {
  const value = env(name)?.trim();
  if (value === undefined || value === "") {
    throw new ConfigError(`destination.${field}: the environment variable ${name} is not set`, [], {
      hint: `Set ${name}, or name another variable in ${field}.`,
    });
  }
  if (options.shown !== true) registerSecret(value);
  return value;
}
