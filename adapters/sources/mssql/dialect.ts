/** How SQL Server writes SQL. */
import { MD5_FORM } from "../../../core/batch/row_checksum.ts";
import type { Dialect } from "../../../core/ports/source.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { rowChecksum } from "./checksum.ts";
import { literal, quoteLiteral } from "./literal.ts";
import { textOf } from "./cast_text.ts";
import { baseName } from "./fields.ts";

export { quoteLiteral };

export function quoteIdentifier(identifier: string): string {
  return `[${identifier.replaceAll("]", "]]")}]`;
}

/** COUNT is an int and fails above 2,147,483,647 rows. */
function castText(expression: string, _type?: RivetType, nativeType?: string): string {
  return textOf(expression === "COUNT(*)" ? "COUNT_BIG(*)" : expression, nativeType);
}

const TEXTS = ["char", "varchar", "nchar", "nvarchar"];

function notComparable(type: RivetType, nativeType: string): string | null {
  const name = baseName(nativeType);
  if (name === "sql_variant") return "ordered by what each value holds but compared as text";
  const kept = type.kind === "text" || type.kind === "json";
  return TEXTS.includes(name) && !kept
    ? `read as ${type.kind}, which does not keep the server's order of texts`
    : null;
}

/** The parts of `table`, `schema.table` or `database.schema.table`. A part in brackets or quotes may hold dots. */
export function tableParts(name: string): string[] {
  const parts: string[] = [];
  const pattern = /\[((?:[^\]]|\]\])*)\](?=\.|$)|"((?:[^"]|"")*)"(?=\.|$)|([^.]+)/g;
  for (const [whole, bracketed, quoted] of name.matchAll(pattern)) {
    if (bracketed !== undefined) parts.push(bracketed.replaceAll("]]", "]"));
    else parts.push(quoted === undefined ? whole : quoted.replaceAll('""', '"'));
  }
  return parts;
}

export function quoteTable(name: string): string {
  return tableParts(name).map(quoteIdentifier).join(".");
}

export const dialect: Dialect = {
  lexis: {
    backslash: "plain",
    doubleQuotesEscape: false,
    backticks: false,
    brackets: true,
    dollarQuotes: false,
    hashComments: false,
    dashNeedsBlank: false,
    nestedComments: true,
    executableComments: false,
  },
  quote: quoteIdentifier,
  literal,
  limit: (select, rows) => `${select} OFFSET 0 ROWS FETCH NEXT ${rows} ROWS ONLY`,
  castText,
  notComparable,
  table: quoteTable,
  rowChecksum: (columns, form) => form === MD5_FORM ? rowChecksum(columns, quoteIdentifier) : null,
};
