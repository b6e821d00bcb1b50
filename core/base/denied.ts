/** What the runtime refuses for want of a permission, and the flag that would allow it. */

/** `Requires net access to "db:5432", run again with the --allow-net flag` */
const REFUSAL = /Requires (\w+) access(?: to "?([^"]*?)"?)?,/;

/** The runtime's own refusal behind an error, however deep; null: it is another failure. */
export function refusalBehind(error: unknown): Error | null {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [error];
  while (waiting.length > 0) {
    const one = waiting.shift();
    if (!(one instanceof Error) || seen.has(one)) continue;
    seen.add(one);
    if (one instanceof Deno.errors.NotCapable || REFUSAL.test(one.message)) return one;
    waiting.push(one.cause, ...(one instanceof AggregateError ? one.errors : []));
  }
  return null;
}

/** What to do about a refusal, with the flag by its name. */
export function flagHint(refusal: Error): string {
  const [, kind, value] = REFUSAL.exec(refusal.message) ?? [];
  const flag = kind === undefined
    ? "that permission"
    : value === undefined || value.startsWith("<")
    ? `--allow-${kind}`
    : `--allow-${kind}=${value}`;
  return `Start Rivet with ${flag}, or with -A; \`rivet permissions\` prints all that a configuration needs, ` +
    "and --path adds what a command is given beside it.";
}
