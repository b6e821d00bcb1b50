/** `--include` and `--exclude`: shell patterns over table names. */

/** `*` is any text, `?` one character; all else is itself. Case does not matter. */
export function matchesGlob(pattern: string, name: string): boolean {
  const source = [...pattern].map((char) => {
    if (char === "*") return "[^]*";
    return char === "?" ? "[^]" : char.replace(/[\\^$.+()[\]{}|/-]/, "\\$&");
  }).join("");
  return new RegExp(`^${source}$`, "iu").test(name);
}

export interface TableFilter {
  /** Patterns of which one must match; empty: every table. */
  readonly include: readonly string[];
  /** Patterns of which none may match. */
  readonly exclude: readonly string[];
}

/** A pattern with a dot is matched against `schema.table`. */
export function isWanted(
  { include, exclude }: TableFilter,
  schema: string,
  table: string,
): boolean {
  const matches = (pattern: string) =>
    matchesGlob(pattern, pattern.includes(".") ? `${schema}.${table}` : table);
  return (include.length === 0 || include.some(matches)) && !exclude.some(matches);
}
