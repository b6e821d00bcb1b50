/** Every relation between fields, as a list of small named rules. */
import { DESTINATION_RULES } from "./rules/destination.ts";
import { MODE_RULES } from "./rules/mode.ts";
import { OUTPUT_RULES } from "./rules/output.ts";
import type { ExportRule } from "./rules/rule.ts";
import { TABLE_FORMAT_RULES } from "./rules/table_format.ts";
import { WHAT_RULES } from "./rules/what.ts";

export { ROOT_RULES } from "./rules/root.ts";
export { SOURCE_RULES } from "./rules/source.ts";

export const EXPORT_RULES: readonly ExportRule[] = [
  ...WHAT_RULES,
  ...MODE_RULES,
  ...OUTPUT_RULES,
  ...DESTINATION_RULES,
  ...TABLE_FORMAT_RULES,
];
