/** How MySQL and MariaDB write SQL. Independent of `ANSI_QUOTES`, which changes only double quotes. */
import { MD5_FORM } from "../../../core/batch/row_checksum.ts";
import type { Dialect } from "../../../core/ports/source.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { rowChecksum } from "./checksum.ts";
import { familyOf } from "./types.ts";

export function quoteIdentifier(identifier: string): string {
  return `\`${identifier.replaceAll("`", "``")}\``;
}

/** A string literal (CC10). Every session runs without `NO_BACKSLASH_ESCAPES`, see `session.ts`. */
export function quoteLiteral(value: string): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\0", "\\0");
  return `'${escaped}'`;
}

/** A number as it is; compared with a string, the server would make doubles of both. */
function numberLiteral(value: string): string {
  if (value === "true" || value === "false") return value === "true" ? "1" : "0";
  return /^-?\d+(\.\d+)?$/.test(value) ? value : quoteLiteral(value);
}

function hexLiteral(value: string): string {
  const digits = value.replaceAll("-", "");
  return /^([0-9a-f]{2})*$/i.test(digits) ? `X'${digits}'` : quoteLiteral(value);
}

/**
 * What the column's values are compared as, which follows from its native type where that is known: an
 * override changes how values are written to a file, not how the server orders them.
 */
function literal(value: string, type?: RivetType, nativeType?: string): string {
  const family = nativeType === undefined ? undefined : familyOf(nativeType);
  if (family === "bytes") return type?.kind === "text" ? quoteLiteral(value) : hexLiteral(value);
  if (family === "integer" || family === "decimal" || family === "bit") return numberLiteral(value);
  // Compared with a time of day, a day would be midnight.
  if (family === "date") return quoteLiteral(value.replace(/^(\d{4,}-\d\d-\d\d) .*$/, "$1"));
  switch (type?.kind) {
    case "int":
    case "decimal":
      return numberLiteral(value);
    case "float":
      return Number.isFinite(Number(value)) ? Number(value).toExponential() : quoteLiteral(value);
    case "timestamp":
      // No offset: every session is in UTC.
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

function castText(expression: string, type?: RivetType, nativeType?: string): string {
  const family = nativeType === undefined ? undefined : familyOf(nativeType);
  // Their own text would be bytes, and a FLOAT's has six digits.
  if (family === "bytes" && type?.kind !== "text") return `LOWER(HEX(${expression}))`;
  if (family === "bit") return `CAST(${expression} + 0 AS CHAR)`;
  if (family === "float") return `CAST(${expression} * 1e0 AS CHAR)`;
  return `CAST(${expression} AS CHAR)`;
}

function notComparable(type: RivetType, nativeType: string): string | null {
  if (/^(enum|set)\b/.test(nativeType)) return "ordered by number but compared as text";
  if (/^json\b/.test(nativeType)) return "not compared with its own text";
  const kept = type.kind === "text" || type.kind === "json";
  return familyOf(nativeType) === "text" && !kept
    ? `read as ${type.kind}, which does not keep the server's order of texts`
    : null;
}

/** The parts of `name` or `schema.name`. A part in backticks may hold dots. */
export function tableParts(name: string): string[] {
  const parts: string[] = [];
  for (const match of name.matchAll(/`((?:[^`]|``)*)`(?=\.|$)|([^.]+)/g)) {
    parts.push(match[1] === undefined ? match[2] : match[1].replaceAll("``", "`"));
  }
  return parts;
}

/** For a server without MD5. */
export function withoutChecksum({ rowChecksum: _, ...rest }: Dialect): Dialect {
  return {
    ...rest,
    checksumRemedy: "This server has no MD5 function: INSTALL COMPONENT " +
      "'file://component_classic_hashing' brings it.",
  };
}

export const dialect: Dialect = {
  lexis: {
    backslash: "escape",
    doubleQuotesEscape: true,
    backticks: true,
    brackets: false,
    dollarQuotes: false,
    hashComments: true,
    dashNeedsBlank: true,
    nestedComments: false,
    executableComments: true,
  },
  quote: quoteIdentifier,
  literal,
  limit: (select, rows) => `${select} LIMIT ${rows}`,
  castText,
  notComparable,
  table: (name) => tableParts(name).map(quoteIdentifier).join("."),
  partition: (table, partition) => `${table} PARTITION (${quoteIdentifier(partition)})`,
  rowChecksum: (columns, form) => form === MD5_FORM ? rowChecksum(columns, quoteIdentifier) : null,
};
