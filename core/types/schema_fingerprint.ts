/** The fingerprint of a schema: short, stable, and equal only for what means the same. */
import { xxh3OfText } from "../base/xxh3_64.ts";
import type { Column } from "./types.ts";

/** Over names, native types and nullability in order; 16 hex digits. */
export function schemaFingerprint(
  columns: readonly Pick<Column, "name" | "nativeType" | "nullable">[],
): Promise<string> {
  return Promise.resolve(
    xxh3OfText(JSON.stringify(columns.map((c) => [c.name, c.nativeType, c.nullable]))),
  );
}
