/**
 * JSON whose whole numbers stay what they are: ids of snapshots have 64 bits, and `JSON.parse` makes
 * doubles of them.
 */

export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

type Reviver = (key: string, value: Json, context: { readonly source?: string }) => Json;
const parse = JSON.parse as (text: string, reviver: Reviver) => Json;
const rawJson = (JSON as typeof JSON & { rawJSON(text: string): object }).rawJSON;

/**
 * Whole numbers that a double does not hold come as bigints.
 * @throws SyntaxError
 */
export function parseJson(text: string): Json {
  return parse(
    text,
    (_key, value, { source }) =>
      typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined &&
        /^-?\d+$/.test(source)
        ? BigInt(source)
        : value,
  );
}

export function formatJson(value: unknown, indent = 0): string {
  return JSON.stringify(
    value,
    (_key, inner) => typeof inner === "bigint" ? rawJson(String(inner)) : inner,
    indent,
  );
}
