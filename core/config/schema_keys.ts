/** Looking things up in the schema: what a path's field is, and which keys its mapping knows. */
import type { Schema } from "../base/schema.ts";
import type { ConfigPath } from "./problem.ts";

/** What of valibot's schemas says how they are built. */
export interface Node {
  readonly type: string;
  /** Of a mapping. */
  readonly entries?: Readonly<Record<string, Node>>;
  /** Of a list. */
  readonly item?: Node;
  /** Of names to values. */
  readonly value?: Node;
  /** Of what may be absent. */
  readonly wrapped?: Node;
  /** The values of a choice, or the mappings of a variant. */
  readonly options?: readonly (Node | string)[];
  readonly literal?: unknown;
  readonly pipe?: readonly Node[];
}

export function nodeOf(schema: Schema): Node {
  return schema as unknown as Node;
}

function unwrap(node: Node): Node {
  return node.wrapped === undefined ? node : unwrap(node.wrapped);
}

/** The mappings of a variant. */
export function variantsOf({ type, options = [] }: Node): Node[] {
  return type === "variant" ? options.filter((option) => typeof option !== "string") : [];
}

/** The options of a variant that its data chose, or all of them; else the schema itself. */
function options(node: Node, data: unknown): Node[] {
  const all = variantsOf(node);
  if (all.length === 0) return [node];
  const type = (data as Record<string, unknown> | null | undefined)?.type;
  const chosen = all.filter((option) => option.entries?.type.literal === type);
  return chosen.length > 0 ? chosen : all;
}

/** The schema of the field at a path, or undefined where the path leaves the schema. */
export function schemaAt(root: Schema, path: ConfigPath, data: unknown): Node | undefined {
  let nodes = [unwrap(nodeOf(root))];
  let value = data;
  for (const part of path) {
    const [node] = nodes.flatMap((one) => options(one, value)).flatMap((one) => child(one, part));
    if (node === undefined) return undefined;
    nodes = [unwrap(node)];
    value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  }
  return nodes[0];
}

function child({ type, entries, item, value }: Node, part: string | number): Node[] {
  if (entries !== undefined) return Object.hasOwn(entries, part) ? [entries[part]] : [];
  if (item !== undefined) return [item];
  return type === "record" && value !== undefined ? [value] : [];
}

/** The keys that the mapping at a path may hold. */
export function knownKeys(root: Schema, path: ConfigPath, data: unknown): string[] {
  const node = schemaAt(root, path, data);
  if (node === undefined) return [];
  let value = data;
  for (const part of path) {
    value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  }
  return options(node, value).flatMap(({ entries = {} }) => Object.keys(entries));
}

/** Every place that knows a key, as `exports[].tuning`; the top of the file is the empty string. */
export function placesOf(root: Schema, key: string): string[] {
  const places = new Set<string>();
  const walk = (node: Node, place: string) => {
    const inner = unwrap(node);
    if (inner.item !== undefined) walk(inner.item, `${place}[]`);
    for (const option of variantsOf(inner)) walk(option, place);
    for (const [name, field] of Object.entries(inner.entries ?? {})) {
      if (name === key) places.add(place);
      walk(field, place === "" ? name : `${place}.${name}`);
    }
  };
  walk(nodeOf(root), "");
  return [...places];
}
