/** How PostgreSQL writes SQL. */
import type { Dialect } from "../../../core/ports/source.ts";
import { MD5_FORM } from "../../../core/batch/row_checksum.ts";
import type { Column, RivetType } from "../../../core/types/types.ts";
import { hashSql, LOOKUP3_FORM } from "./hash_sql.ts";
import { typeNames } from "./type_names.ts";
import { isBuiltIn, nativeBase } from "./types.ts";

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

/**
 * The server takes a quoted literal for the type of what it is compared with, in the input form of that
 * type; that is the column's own text but for what an override or Rivet's own type makes of it.
 */
function literal(value: string, type?: RivetType, nativeType?: string): string {
  const text = quoteLiteral(value);
  if (type === undefined || nativeType === undefined) return text;
  switch (nativeBase(nativeType)) {
    case "bytea":
      return value.startsWith("\\x") ? text : quoteLiteral(`\\x${value}`);
    case "money":
      // Plain digits would be read in the server's locale.
      return /^-?\d+(\.\d+)?$/.test(value) ? `${text}::numeric::money` : text;
    case "int2":
    case "int4":
    case "int8":
    case "oid":
      return quoteLiteral(value.replace(/\.0+$/, ""));
    case '"char"':
      // PostgreSQL 18 fails to estimate how many values lie beyond a constant of this type.
      return `(SELECT ${text}::"char")`;
    default:
      // For operators that are declared for several types, and for composite types.
      return isBuiltIn(nativeType) ? text : `${text}::${nativeType}`;
  }
}

/** By comparisons that a Tid Range Scan serves. */
function blockRange(from: string | null, until: string | null): string {
  const bound = (block: string) => `'(${block},0)'::tid`;
  return [
    ...(from === null ? [] : [`ctid >= ${bound(from)}`]),
    ...(until === null ? [] : [`ctid < ${bound(until)}`]),
  ].join(" AND ");
}

function castText(expression: string, type?: RivetType, nativeType = ""): string {
  const base = nativeBase(nativeType);
  if (base === "bytea" && type?.kind === "binary") return `encode(${expression}, 'hex')`;
  if (base === "money" && type?.kind === "decimal") return `(${expression})::numeric::text`;
  return `(${expression})::text`;
}

/** Read otherwise than as they are, equal texts stand for different values of these types. */
function notComparable(type: RivetType, nativeType: string): string | null {
  if (nativeType === "record") return "an anonymous row, which has no literal";
  if (type.kind === "text" || type.kind === "json") return null;
  const ofText = ["text", "varchar", "name"].includes(nativeBase(nativeType));
  return ofText ? `read as ${type.kind}, which does not keep the server's order of texts` : null;
}

function rowChecksum(columns: readonly Column[], form: string): string | null {
  if (form === LOOKUP3_FORM) return hashSql(columns, quoteIdentifier);
  if (form !== MD5_FORM) return null;
  // `_rivet.*` is the whole row even where a column is named `_rivet`.
  return "SUM(('x' || SUBSTR(MD5(RECORD_SEND(_rivet.*)), 1, 15))::bit(60)::bigint)";
}

export const dialect: Dialect = {
  lexis: {
    backslash: "prefixed",
    doubleQuotesEscape: false,
    backticks: false,
    brackets: false,
    dollarQuotes: true,
    hashComments: false,
    dashNeedsBlank: false,
    nestedComments: true,
    executableComments: false,
  },
  quote: quoteIdentifier,
  literal,
  limit: (select, rows) => `${select} LIMIT ${rows}`,
  castText,
  typeNames,
  notComparable,
  table: (name) => tableParts(name).map(quoteIdentifier).join("."),
  blockRange,
  partition: (_table, partition) => tableParts(partition).map(quoteIdentifier).join("."),
  rowChecksum,
};
