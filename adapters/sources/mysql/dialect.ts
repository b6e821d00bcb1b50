/** How MySQL and MariaDB write SQL. Independent of `ANSI_QUOTES`, which changes only double quotes. */
import type { Dialect } from "../../../core/ports/source.ts";
import type { RivetType } from "../../../core/types/types.ts";

export function quoteIdentifier(identifier: string): string {
  return `\`${identifier.replaceAll("`", "``")}\``;
}

/** A string literal (CC10). Every session runs without `NO_BACKSLASH_ESCAPES`, see `session.ts`. */
export function quoteLiteral(value: string): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\0", "\\0");
  return `'${escaped}'`;
}

/**
 * A literal that compares exactly with a column of `type`. The server compares a decimal or an
 * expression with a string as doubles, which skips rows beyond 15 digits; with a number it does not.
 * Instants have no offset here, since every session is in UTC.
 */
export function typedLiteral(value: string, type?: RivetType): string {
  switch (type?.kind) {
    case "int":
    case "decimal":
      return /^-?\d+(\.\d+)?$/.test(value) ? value : quoteLiteral(value);
    case "float":
      return Number.isFinite(Number(value)) && value.trim() !== ""
        ? Number(value).toExponential()
        : quoteLiteral(value);
    case "timestamp":
      return quoteLiteral(value.replace(/\+00(:00)?$/, ""));
    case undefined:
    case "bool":
    case "date":
    case "time":
    case "text":
    case "json":
    case "uuid":
    case "binary":
    case "interval":
    case "list":
      return quoteLiteral(value);
  }
}

/** The parts of `name` or `schema.name`. A part in backticks may hold dots. */
export function tableParts(name: string): string[] {
  const parts: string[] = [];
  for (const match of name.matchAll(/`((?:[^`]|``)*)`(?=\.|$)|([^.]+)/g)) {
    parts.push(match[1] === undefined ? match[2] : match[1].replaceAll("``", "`"));
  }
  return parts;
}

export const dialect: Dialect = {
  quote: quoteIdentifier,
  literal: typedLiteral,
  limit: (select, rows) => `${select} LIMIT ${rows}`,
  castText: (expression) => `CAST(${expression} AS CHAR)`,
  table: (name) => tableParts(name).map(quoteIdentifier).join("."),
};
