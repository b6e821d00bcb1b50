/** What all files of a run have in common: made for the first of them, kept for the next ones. */
import type { Column, RivetType } from "../../../core/types/types.ts";
import type { EncoderOptions } from "../../../core/ports/format.ts";
import { ARROW_SCHEMA_KEY, encodeArrowSchema } from "./arrow_schema.ts";
import { type FooterConstants, footerConstants } from "./footer.ts";
import { type Leaf, leafOf } from "./schema.ts";

/** Nothing of it changes while a file is written. */
export interface FileConstants {
  readonly leaves: readonly Leaf[];
  readonly footer: FooterConstants;
}

type Given = Pick<EncoderOptions, "fieldIds" | "metadata">;

/** As many exports as are written at the same time, mostly; each may have a thousand columns. */
const KEPT = 8;

/** Of this thread, the one that was used last at the end. */
const kept = new Map<string, FileConstants>();

/** By their values: what comes from another thread is new each time. */
function keyOf(columns: readonly Column[], { fieldIds, metadata }: Given): string {
  return JSON.stringify([columns, fieldIds === undefined ? null : [...fieldIds], metadata]);
}

/** Of files with these columns and options. */
export function fileConstants(columns: readonly Column[], options: Given): FileConstants {
  const key = keyOf(columns, options);
  const constants = kept.get(key) ?? make(columns, options);
  kept.delete(key);
  kept.set(key, constants);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
  return constants;
}

function make(given: readonly Column[], { fieldIds, metadata }: Given): FileConstants {
  const idsOf = ({ name }: Column) => fieldIds?.get(name);
  const columns = given.map((column) => idsOf(column)?.jsonAsText ? withoutJson(column) : column);
  const leaves = columns.map((column) => leafOf(column, idsOf(column)));
  const keyValues = { ...metadata, [ARROW_SCHEMA_KEY]: encodeArrowSchema(columns) };
  return { leaves, footer: footerConstants(leaves, keyValues) };
}

function withoutJson(column: Column): Column {
  const text = (type: RivetType): RivetType => {
    if (type.kind === "json") return { kind: "text" };
    return type.kind === "list" ? { kind: "list", element: text(type.element) } : type;
  };
  return { ...column, type: text(column.type) };
}
