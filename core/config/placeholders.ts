/** `{name}` in a destination's `path` or `prefix`. What each becomes is decided per run. */

/** Their names, without braces; any other is a configuration error. */
export const PLACEHOLDERS = ["date", "export", "table", "run_id", "partition"] as const;

/** The names between braces, in order; a brace without its partner is not a placeholder. */
export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]);
}
