/**
 * The checksum form `lookup3` (docs/adr/0042-checksum-beside-the-read.md): every value is hashed by one of the
 * server's own hash functions, with the column's number as the seed, and the row is a hash of those; `hash_form.ts` makes
 * the same from what is received.
 */
import type { Column } from "../../../core/types/types.ts";
import { nativeBase, wireOf } from "./types.ts";

/** The name of the form. */
export const LOOKUP3_FORM = "lookup3";

/** How a value is hashed. */
export type Field =
  | "bool"
  | "int2"
  | "int4"
  | "int8"
  | "oid"
  | "timestamp"
  | "timestamptz"
  | "numeric"
  | "text"
  | "uuid"
  /** The bytes that are sent; what the function named here makes of the value. */
  | { readonly send: string };

export function fieldOf({ nativeType, type }: Column): Field {
  const wire = wireOf(nativeType, type);
  if (typeof wire !== "string") return { send: "array_send" };
  switch (wire) {
    case "timestamp":
      return nativeBase(nativeType) === "timestamptz" ? "timestamptz" : "timestamp";
    case "float4":
    case "float8":
      return { send: `${wire}send` };
    case "date":
    case "time":
    case "jsonb":
      return { send: `${wire}_send` };
    case "bytes":
      if (type.kind === "json") return { send: "json_send" };
      if (type.kind === "binary") return { send: "byteasend" };
      // Its cast to text drops the blanks that are sent.
      return nativeBase(nativeType) === "bpchar" ? { send: "bpcharsend" } : "text";
    default:
      return wire;
  }
}

/** Of column `index`: far apart, and none of them 0. */
export function seedOf(index: number): bigint {
  return BigInt.asIntN(64, BigInt(index + 1) * 0x9e37_79b9_7f4a_7c15n);
}

/**
 * The server folds eight bytes to four before it hashes them. A timestamp is hashed a second time, so much later;
 * its range is left by none that can be exported.
 */
const LATER_S = 600_613_277;
const LATER = `'${LATER_S} seconds'::pg_catalog.interval`;

const call = (name: string, ...args: readonly string[]) => `pg_catalog.${name}(${args.join(", ")})`;
const xor = "OPERATOR(pg_catalog.#)";

function fieldSql(field: Field, value: string, seed: string): string {
  if (typeof field !== "string") {
    return call("hash_array_extended", `ARRAY[${call(field.send, value)}]`, seed);
  }
  switch (field) {
    case "bool":
      return call("hashint4extended", `${value}::pg_catalog.int4`, seed);
    case "int2":
    case "int4":
    case "oid":
      return call(`hash${field}extended`, value, seed);
    case "int8":
      return `${call("hashint8extended", value, seed)} ${xor} ${value}`;
    case "timestamp":
      return `${call("timestamp_hash_extended", value, seed)} ${xor} ` +
        call("timestamp_hash_extended", `${value} OPERATOR(pg_catalog.+) ${LATER}`, seed);
    case "timestamptz": {
      const at = (offset: string) => call("timezone", offset, value);
      return `${call("timestamp_hash_extended", at("'0'::pg_catalog.interval"), seed)} ${xor} ` +
        call("timestamp_hash_extended", at(LATER), seed);
    }
    case "numeric": {
      // The server hashes the digits alone.
      const hash = call("hash_numeric_extended", value, seed);
      return `CASE WHEN ${value} OPERATOR(pg_catalog.<) 0 ` +
        `THEN OPERATOR(pg_catalog.~) ${hash} ELSE ${hash} END`;
    }
    case "text":
      return call("hashtextextended", `${value}::pg_catalog.text COLLATE pg_catalog."C"`, seed);
    case "uuid":
      return call("uuid_hash_extended", value, seed);
  }
}

/** In halves: a chain of a thousand columns would be nested as deep. */
function combined(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0];
  const half = parts.length >> 1;
  return `(${combined(parts.slice(0, half))} ${xor} ${combined(parts.slice(half))})`;
}

/** `Dialect.rowChecksum` of this form. */
export function hashSql(columns: readonly Column[], quote: (name: string) => string): string {
  const parts = columns.map((column, i) => {
    const value = `_rivet.${quote(column.name)}`;
    const field = fieldOf(column);
    const hash = fieldSql(field, value, `'${seedOf(i)}'::pg_catalog.int8`);
    // Of an array with NULL in it there is a hash.
    return typeof field === "string" ? `COALESCE(${hash}, 0)` : hash;
  });
  return `pg_catalog.sum(${call("hashint4extended", "0", combined(parts))})`;
}
