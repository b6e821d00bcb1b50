/** How PostgreSQL writes SQL. */
import type { Dialect } from "../../../core/ports/source.ts";

export function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** An escape string, so that `standard_conforming_strings` does not matter (CC10). */
export function quoteLiteral(value: string): string {
  return `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/**
 * The parts of `name` or `schema.name`. A part in double quotes may hold dots; unquoted parts are taken
 * as they are written, so that a table named "Orders" needs no quotes in `table:`.
 */
export function tableParts(name: string): string[] {
  const parts: string[] = [];
  for (const match of name.matchAll(/"((?:[^"]|"")*)"(?=\.|$)|([^.]+)/g)) {
    parts.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
  }
  return parts;
}

export const dialect: Dialect = {
  quote: quoteIdentifier,
  literal: quoteLiteral,
  limit: (select, rows) => `${select} LIMIT ${rows}`,
  castText: (expression) => `(${expression})::text`,
  table: (name) => tableParts(name).map(quoteIdentifier).join("."),
  // `_rivet.*` is the whole row even where a column is named `_rivet`.
  rowChecksum: () =>
    "SUM(('x' || SUBSTR(MD5(RECORD_SEND(_rivet.*)), 1, 15))::bit(60)::bigint::numeric)",
};
