/** Looking things up in the schema: what a path's field is, and which keys its mapping knows. */
import { DefaultShape, OptionalShape, type Shape } from "../base/shape.ts";
import { ListShape, ObjectShape, RecordShape, VariantShape } from "../base/shape_blocks.ts";
import type { ConfigPath } from "./problem.ts";

type Schema = Shape<unknown>;

function unwrap(schema: Schema): Schema {
  if (schema instanceof OptionalShape || schema instanceof DefaultShape) {
    return unwrap(schema.inner);
  }
  return schema;
}

/** The options of a discriminated union that its data chose, or all of them. */
function options(schema: Schema, data: unknown): Schema[] {
  if (!(schema instanceof VariantShape)) return [schema];
  const all = schema.options.map(unwrap);
  const type = (data as Record<string, unknown> | null | undefined)?.type;
  const chosen = all.filter((option) =>
    option instanceof ObjectShape && option.shape.type.safeParse(type).success
  );
  return chosen.length > 0 ? chosen : all;
}

/** The schema of the field at a path, or undefined where the path leaves the schema. */
export function schemaAt(root: Schema, path: ConfigPath, data: unknown): Schema | undefined {
  let schemas = [unwrap(root)];
  let value = data;
  for (const part of path) {
    const [schema] = schemas.flatMap((s) => options(s, value)).flatMap((s) => child(s, part));
    if (schema === undefined) return undefined;
    schemas = [unwrap(schema)];
    value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  }
  return schemas[0];
}

function child(schema: Schema, part: string | number): Schema[] {
  if (schema instanceof ObjectShape) {
    return Object.hasOwn(schema.shape, part) ? [schema.shape[part]] : [];
  }
  if (schema instanceof ListShape) return [schema.element];
  if (schema instanceof RecordShape) return [schema.valueType];
  return [];
}

/** The keys that the mapping at a path may hold. */
export function knownKeys(root: Schema, path: ConfigPath, data: unknown): string[] {
  const schema = schemaAt(root, path, data);
  if (schema === undefined) return [];
  let value = data;
  for (const part of path) {
    value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  }
  return options(schema, value).flatMap((s) =>
    s instanceof ObjectShape ? Object.keys(s.shape) : []
  );
}

/** Every place that knows a key, as `exports[].tuning`; the top of the file is the empty string. */
export function placesOf(root: Schema, key: string): string[] {
  const places = new Set<string>();
  const walk = (schema: Schema, place: string) => {
    const inner = unwrap(schema);
    if (inner instanceof ListShape) walk(inner.element, `${place}[]`);
    if (inner instanceof VariantShape) {
      for (const option of inner.options) walk(option, place);
    }
    if (!(inner instanceof ObjectShape)) return;
    for (const [name, field] of Object.entries(inner.shape)) {
      if (name === key) places.add(place);
      walk(field as Schema, place === "" ? name : `${place}.${name}`);
    }
  };
  walk(root, "");
  return [...places];
}
