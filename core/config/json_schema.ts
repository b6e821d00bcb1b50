/** The configuration as JSON Schema (draft 2020-12), from the definition that loading checks against. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { configSchema } from "./schema.ts";

/** Of the file as it is written: keys with a default are optional in it. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = toJsonSchema(configSchema, {
    target: "draft-2020-12",
    typeMode: "input",
    // JSON has no other numbers.
    ignoreActions: ["finite"],
    overrideSchema: ({ jsonSchema }) => {
      const { required, const: only } = jsonSchema;
      if (required?.length === 0) delete jsonSchema.required;
      return only === undefined ? jsonSchema : { type: typeof only as "string", ...jsonSchema };
    },
  });
  return { ...schema, title: "rivet.yaml" };
}
