/** What the JSON API answers, as far as it is used. */
import * as v from "valibot";
import { nonNegative, object, read } from "../../../core/base/schema.ts";

const objectSchema = object({
  name: v.string(),
  /** Numbers of 64 bits are strings in this API. */
  size: v.union([v.pipe(v.string(), v.regex(/^\d+$/, "expected a number")), nonNegative]),
  /** Base64; absent for objects that were composed of others. */
  md5Hash: v.optional(v.string()),
});

const pageSchema = object({
  items: v.optional(v.array(objectSchema), []),
  nextPageToken: v.optional(v.nullable(v.string()), null),
});

const rewriteSchema = object({
  done: v.boolean(),
  rewriteToken: v.optional(v.string()),
});

/** An object as it is listed. */
export type ObjectResource = Omit<v.InferOutput<typeof objectSchema>, "size"> & {
  readonly size: number;
};

interface Page {
  readonly items: readonly ObjectResource[];
  readonly nextPageToken: string | null;
}

function resource(listed: v.InferOutput<typeof objectSchema>): ObjectResource {
  return { ...listed, size: Number(listed.size) };
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function objectResource(bytes: Uint8Array): ObjectResource {
  return resource(read(objectSchema, json(bytes)));
}

export function pageOf(bytes: Uint8Array): Page {
  const { items, nextPageToken } = read(pageSchema, json(bytes));
  return { items: items.map(resource), nextPageToken };
}

/** The token that the next call of a rewrite carries, or null when the copy is complete. */
export function rewriteOf(bytes: Uint8Array): string | null {
  const { done, rewriteToken } = read(rewriteSchema, json(bytes));
  return done ? null : rewriteToken ?? null;
}
