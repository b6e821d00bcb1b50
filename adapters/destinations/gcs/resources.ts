/** What the JSON API answers, as far as it is used. */
import type { Infer } from "../../../core/base/shape.ts";
import { s } from "../../../core/base/shapes.ts";

const objectSchema = s.object({
  name: s.string(),
  /** Numbers of 64 bits are strings in this API. */
  size: s.union([s.string().regex(/^\d+$/, "expected a number"), s.number().int().min(0)]),
  /** Base64; absent for objects that were composed of others. */
  md5Hash: s.string().optional(),
});

const pageSchema = s.object({
  items: s.array(objectSchema).default([]),
  nextPageToken: s.string().nullable().default(null),
});

const rewriteSchema = s.object({
  done: s.boolean(),
  rewriteToken: s.string().optional(),
});

/** An object as it is listed. */
export type ObjectResource = Omit<Infer<typeof objectSchema>, "size"> & { readonly size: number };

interface Page {
  readonly items: readonly ObjectResource[];
  readonly nextPageToken: string | null;
}

function resource(listed: Infer<typeof objectSchema>): ObjectResource {
  return { ...listed, size: Number(listed.size) };
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function objectResource(bytes: Uint8Array): ObjectResource {
  return resource(objectSchema.parse(json(bytes)));
}

export function pageOf(bytes: Uint8Array): Page {
  const { items, nextPageToken } = pageSchema.parse(json(bytes));
  return { items: items.map(resource), nextPageToken };
}

/** The token that the next call of a rewrite carries, or null when the copy is complete. */
export function rewriteOf(bytes: Uint8Array): string | null {
  const { done, rewriteToken } = rewriteSchema.parse(json(bytes));
  return done ? null : rewriteToken ?? null;
}
