/** The configuration as JSON Schema (draft 2020-12), from the definition that loading checks against. */
import { z } from "../base/zod.ts";
import { configSchema } from "./schema.ts";

/** Of the file as it is written: keys with a default are optional in it. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(configSchema, { io: "input" }),
    title: "rivet.yaml",
  };
}
