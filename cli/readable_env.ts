/** Variables that decide how something is said, which does not depend on what may be read. */

/** Undefined where the variable is not set, or may not be read. */
export function readableEnv(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

/** Whether a terminal may be given colours. */
export function allowsColor(): boolean {
  return !readableEnv("NO_COLOR");
}
