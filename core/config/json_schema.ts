/** The configuration as JSON Schema (draft 2020-12), from the definition that loading checks against. */
import { configSchema } from "./schema.ts";

/** Of the file as it is written: keys with a default are optional in it. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...configSchema.jsonSchema(),
    title: "rivet.yaml",
  };
}
