/** How SQL Server writes SQL. */
import type { Dialect } from "../../../core/ports/source.ts";
import type { RivetType } from "../../../core/types/types.ts";

export function quoteIdentifier(identifier: string): string {
  return `[${identifier.replaceAll("]", "]]")}]`;
}

/** A Unicode literal: nothing in it is an escape but the doubled quote (CC10). */
export function quoteLiteral(value: string): string {
  return `N'${value.replaceAll("'", "''")}'`;
}

const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(\.\d+)?)?\s*([+-]\d{2}(?::?\d{2})?)?$/;

/**
 * `yyyymmdd hh:mm:ss.fff`: the one spelling that DATEFORMAT and LANGUAGE do not change. `datetime` takes
 * three decimals at most, so the zeros behind them go; an instant gets its offset in full.
 */
function dateLiteral(value: string): string {
  const match = DATE.exec(value);
  if (match === null) return quoteLiteral(value);
  const [, year, month, day, clock, fraction = "", zone] = match;
  const decimals = fraction.replace(/\.?0+$/, "");
  const time = clock === undefined ? "" : ` ${clock}${decimals}`;
  const offset = zone === undefined ? "" : ` ${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone}`;
  return quoteLiteral(`${year}${month}${day}${time}${offset}`);
}

/**
 * A Unicode literal makes the server compare a `varchar` column as Unicode, which under a SQL_* collation
 * is another order than the column's own, and keeps it from its index.
 */
function textLiteral(value: string, nativeType: string): string {
  const literal = quoteLiteral(value);
  return /^(var)?char\b/.test(nativeType) ? `CAST(${literal} AS varchar(8000))` : literal;
}

function literal(value: string, type?: RivetType, nativeType = ""): string {
  switch (type?.kind) {
    case "date":
    case "timestamp":
      return dateLiteral(value);
    case "binary":
      // A rowversion compares with binary only. Other binary columns hold no text of hexadecimal digits.
      return /^([0-9a-f]{2})*$/i.test(value) ? `0x${value}` : quoteLiteral(value);
    case "text":
      return textLiteral(value, nativeType);
    case undefined:
    case "bool":
    case "int":
    case "float":
    case "decimal":
    case "time":
    case "json":
    case "uuid":
    case "interval":
    case "list":
      return quoteLiteral(value);
  }
}

/** Style 121 writes dates with year, month, day and all decimals; other types have no use for it. */
function castText(expression: string): string {
  // COUNT is an int and fails above 2,147,483,647 rows.
  const counted = expression === "COUNT(*)" ? "COUNT_BIG(*)" : expression;
  return `CONVERT(nvarchar(max), ${counted}, 121)`;
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
  quote: quoteIdentifier,
  literal,
  limit: (select, rows) => `${select} OFFSET 0 ROWS FETCH NEXT ${rows} ROWS ONLY`,
  castText,
  table: quoteTable,
};
