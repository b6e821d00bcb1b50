/** What the JSON API answers, as far as it is used. */
import { z } from "../../../core/base/zod.ts";

const objectSchema = z.object({
  name: z.string(),
  /** Numbers of 64 bits are strings in this API. */
  size: z.coerce.number().int().min(0),
  /** Base64; absent for objects that were composed of others. */
  md5Hash: z.string().optional(),
});

const pageSchema = z.object({
  items: z.array(objectSchema).default([]),
  nextPageToken: z.string().nullable().default(null),
});

const rewriteSchema = z.object({
  done: z.boolean(),
  rewriteToken: z.string().optional(),
});

export type ObjectResource = z.infer<typeof objectSchema>;

function json(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function objectResource(bytes: Uint8Array): ObjectResource {
  return objectSchema.parse(json(bytes));
}

export function pageOf(bytes: Uint8Array): z.infer<typeof pageSchema> {
  return pageSchema.parse(json(bytes));
}

/** The token that the next call of a rewrite carries, or null when the copy is complete. */
export function rewriteOf(bytes: Uint8Array): string | null {
  const { done, rewriteToken } = rewriteSchema.parse(json(bytes));
  return done ? null : rewriteToken ?? null;
}
