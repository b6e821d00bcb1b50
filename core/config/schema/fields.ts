/** The scalar shapes that the configuration's blocks share. */
import { z } from "../../base/zod.ts";

/** Text that must not be empty. */
export const text: z.ZodString = z.string().min(1);
/** A whole number from 1. */
export const positive: z.ZodNumber = z.number().int().positive();
/** A whole number from 0. */
export const nonNegative: z.ZodNumber = z.number().int().min(0);

const PROTO = "__proto__";
/** Stands for it meanwhile; no name in a database has a NUL. */
const HIDDEN = "\0proto";

function renamed(record: object, from: string, to: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name === from ? to : name, value]),
  );
}

/** The path of an issue, with names as they are written. */
export function writtenPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.filter((part) => typeof part !== "symbol")
    .map((part) => part === HIDDEN ? PROTO : part);
}

/**
 * Values by the names of columns. A record of zod leaves the key `__proto__` out, which is a name like any
 * other to a database.
 */
export function byColumn<T extends z.ZodType>(value: T) {
  return z.preprocess(
    (input) => typeof input === "object" && input !== null ? renamed(input, PROTO, HIDDEN) : input,
    z.record(z.string(), value).transform((record) =>
      renamed(record, HIDDEN, PROTO) as Record<string, z.output<T>>
    ),
  );
}
