/** What a scaffold writes for an export whose files are a table: the block, and what the format's types need. */
import type { TableType } from "../config/table_formats.ts";
import type { DiscoveredTable } from "../discover/discover.ts";
import type { InspectedColumn } from "../ports/source.ts";
import { targetNameProblem } from "../types/target_columns.ts";
import { targetType } from "../types/targets.ts";
import { formatType, type RivetType } from "../types/types.ts";
import { literal } from "../config/substitute.ts";
import { scalar, type YamlText } from "./yaml_text.ts";

/** The block of an export. A window replaces its partitions of the time column. */
export function writeTableFormat(
  yaml: YamlText,
  { suggestion }: DiscoveredTable,
  format: TableType,
): void {
  yaml.block(2, "table_format");
  yaml.entry(3, "type", format, "each run is one commit; docs/tables.md");
  if (suggestion.mode === "time_window") {
    yaml.block(3, "partition_by");
    yaml.raw(4, `- column: ${scalar(literal(suggestion.column))}`);
    yaml.entry(5, "transform", "day", "a run replaces the days that it reads");
  }
}

/** Types that have an equal in every format, the nearest first. */
function candidates(type: RivetType): RivetType[] {
  const text: RivetType = { kind: "text" };
  switch (type.kind) {
    case "int":
      return [{ kind: "decimal", precision: 20, scale: 0 }, text];
    case "timestamp":
      return [{ ...type, unit: "us" }, text];
    case "list":
      return type.element.kind === "list"
        ? [{ kind: "json" }]
        : candidates(type.element).map((element) => ({ kind: "list", element }));
    default:
      return [text];
  }
}

/** What the column is written as, where the table has no equal for its own type; null: it has. */
export function tableOverride(format: TableType, type: RivetType): RivetType | null {
  const fits = (one: RivetType) => targetType(format, one).status !== "unsupported";
  return fits(type) ? null : candidates(type).find(fits) ?? null;
}

/** Columns that the table cannot be given under their names. */
export function nameProblems(format: TableType, columns: readonly InspectedColumn[]): string[] {
  const names = columns.map(({ name }) => name);
  return names.flatMap((name) => {
    const problem = targetNameProblem(format, name, names);
    return problem === null
      ? []
      : [`REVIEW: ${format} refuses the column "${name}" (${problem}): rename it in a query`];
  });
}

/** For a comment behind the override. */
export function overrideReason(format: TableType, type: RivetType): string {
  return `${formatType(type)} has no equal in ${format}`;
}
