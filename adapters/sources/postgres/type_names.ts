/**
 * PostgreSQL's types have two names each: the server's own short one (`int4`, `timestamptz`), and the SQL
 * standard's, as `format_type` writes it.
 */
import type { TypeNames } from "../../../core/ports/source.ts";

/** Short name -> the standard's. */
const STANDARD: ReadonlyMap<string, string> = new Map([
  ["bool", "boolean"],
  ["int2", "smallint"],
  ["int4", "integer"],
  ["int8", "bigint"],
  ["float4", "real"],
  ["float8", "double precision"],
  ["varchar", "character varying"],
  ["varbit", "bit varying"],
  ["bpchar", "character"],
]);

const SHORT: ReadonlyMap<string, string> = new Map(
  [...STANDARD].map(([short, standard]) => [standard, short]),
);

const TIME = /^(time|timestamp)(\(\d+\))? with(out)? time zone$/;
const SHORT_TIME = /^(time|timestamp)(tz)?(\(\d+\))?$/;

/** The name, its modifiers, and the brackets of an array. */
const PARTS = /^(.*?)(\([^)]*\))?((?:\[\])*)$/;

function partsOf(name: string): [base: string, modifiers: string, brackets: string] {
  const [, base = name, modifiers = "", brackets = ""] = PARTS.exec(name) ?? [];
  return [base, modifiers, brackets];
}

/** Of either name. A user's own type keeps the one that it has: it is quoted or qualified where it could be taken for another. */
export function shortName(name: string): string {
  const [base, modifiers, brackets] = partsOf(name);
  const time = TIME.exec(base);
  if (time !== null) {
    const [, kind, digits = "", without] = time;
    return `${kind}${without === undefined ? "tz" : ""}${digits}${brackets}`;
  }
  return `${SHORT.get(base) ?? base}${modifiers}${brackets}`;
}

/** Of a short name. A `bpchar` without a length is no `character`, whose length is 1 then. */
export function standardName(name: string): string {
  const [base, modifiers, brackets] = partsOf(name);
  const time = SHORT_TIME.exec(`${base}${modifiers}`);
  if (time !== null) {
    const [, kind, zoned, digits = ""] = time;
    return `${kind}${digits} with${zoned === undefined ? "out" : ""} time zone${brackets}`;
  }
  const standard = base === "bpchar" && modifiers === "" ? base : STANDARD.get(base) ?? base;
  return `${standard}${modifiers}${brackets}`;
}

export const typeNames: TypeNames = { current: shortName, standard: standardName };
