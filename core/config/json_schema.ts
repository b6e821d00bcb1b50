/** The configuration as JSON Schema (draft 2020-12), from the definition that loading checks against. */
import { z } from "zod";
import { configSchema } from "./schema.ts";

export function configJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(configSchema, { io: "input" }),
    title: "rivet.yaml",
  };
}
