import assert from "node:assert/strict";
import { configJsonSchema } from "../../../../core/config/json_schema.ts";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Record<string, Node>;
  readonly additionalProperties?: unknown;
  readonly items?: Node;
  readonly required?: readonly string[];
}

Deno.test("schema config: closed objects, described fields, nothing with a default is required", () => {
  const root = configJsonSchema() as Node;
  assert.equal(root.additionalProperties, false);
  assert.deepEqual([...root.required ?? []].sort(), ["exports", "source"]);
  const entry = root.properties?.exports.items;
  assert.deepEqual([...entry?.required ?? []].sort(), ["destination", "name"]);
  for (const [name, field] of Object.entries(entry?.properties ?? {})) {
    assert.ok(field.description, `exports[].${name} has no description`);
  }
});
