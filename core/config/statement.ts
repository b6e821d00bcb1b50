/**
 * A query as it stands within another statement, where a closing semicolon is a syntax error. A loop, not
 * a pattern: one that looks for the end at every blank is quadratic in them.
 */
export function withoutSemicolon(query: string): string {
  let end = query.length;
  while (end > 0 && /[\s;]/.test(query[end - 1])) end--;
  return query.slice(0, end).trimStart();
}
