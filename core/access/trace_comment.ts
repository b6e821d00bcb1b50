/** `source.trace_sql_comments`: a statement says which span it belongs to, in the form of sqlcommenter. */

/**
 * The statement with a comment at its end. `traceparent` is hexadecimal digits and hyphens, so that nothing
 * of it has to be escaped.
 * @param traceparent null: nobody traces, and the statement stays as it is.
 */
export function withTrace(sql: string, traceparent: string | null): string {
  return traceparent === null ? sql : `${sql} /*traceparent='${traceparent}'*/`;
}
