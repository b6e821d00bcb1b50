import assert from "node:assert/strict";
import { configJsonSchema } from "../../../../core/config/json_schema.ts";
import { configSchema } from "../../../../core/config/schema.ts";
import { knownKeys, placesOf } from "../../../../core/config/schema_keys.ts";

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly const?: unknown;
}

/** Paths of the fields of a JSON Schema without a description. */
function undescribed(node: Node, path: string): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, field]) => [
    ...(field.description === undefined && field.const === undefined ? [`${path}.${key}`] : []),
    ...undescribed(field, `${path}.${key}`),
  ]);
  const parts = [node.items, ...(node.oneOf ?? []), ...(node.anyOf ?? [])];
  return [...own, ...parts.flatMap((part) => part === undefined ? [] : undescribed(part, path))];
}

Deno.test("JSON Schema comes from the same definition, and every field is described", () => {
  const schema = configJsonSchema() as Node;
  assert.ok(Object.keys(schema.properties ?? {}).includes("exports"));
  assert.deepEqual(undescribed(schema, ""), []);
});

Deno.test("a field with a default says so in its description", () => {
  const missing: string[] = [];
  const walk = (node: Node & { default?: unknown }, path: string) => {
    if (node.default !== undefined && !/Default: /.test(node.description ?? "")) missing.push(path);
    for (const [key, field] of Object.entries(node.properties ?? {})) walk(field, `${path}.${key}`);
    for (const part of [node.items, ...(node.oneOf ?? [])]) if (part) walk(part, path);
  };
  walk(configJsonSchema() as Node, "");
  assert.deepEqual(missing, []);
});

Deno.test("keys are known by place, and by the destination's type", () => {
  const data = { exports: [{ destination: { type: "s3" } }, { destination: {} }] };
  assert.ok(knownKeys(configSchema, ["exports", 0, "destination"], data).includes("region"));
  assert.ok(!knownKeys(configSchema, ["exports", 0, "destination"], data).includes("path"));
  assert.ok(knownKeys(configSchema, ["exports", 1, "destination"], data).includes("path"));
  assert.deepEqual(knownKeys(configSchema, ["nowhere", 3], data), []);
  assert.deepEqual(placesOf(configSchema, "batch_size"), ["source.tuning", "exports[].tuning"]);
  assert.deepEqual(placesOf(configSchema, "source"), [""]);
  assert.deepEqual(placesOf(configSchema, "nothing"), []);
});
