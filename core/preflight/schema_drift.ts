/** What of an export's columns is not as the last successful run saw it. */
import { RivetError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Dialect, TypeNames } from "../ports/source.ts";
import type { SchemaRecord, StateReader } from "../ports/state.ts";
import type { Column } from "../types/types.ts";

/**
 * One line per difference, in the order of the columns.
 * @param names of the engine: another spelling of a type is no difference.
 */
export function schemaDifferences(
  before: SchemaRecord["columns"],
  now: readonly Column[],
  names?: TypeNames,
): string[] {
  const spelled = (name: string) => names?.current(name) ?? name;
  const old = new Map(before.map((c) => [c.name, { ...c, nativeType: spelled(c.nativeType) }]));
  const lines: string[] = [];
  for (const column of now) {
    const was = old.get(column.name);
    old.delete(column.name);
    if (was === undefined) lines.push(`added ${column.name} ${column.nativeType}`);
    else if (was.nativeType !== column.nativeType) {
      lines.push(`${column.name}: ${was.nativeType} -> ${column.nativeType}`);
    } else if (was.nullable !== column.nullable) {
      lines.push(`${column.name}: now ${column.nullable ? "nullable" : "NOT NULL"}`);
    }
  }
  for (const name of old.keys()) lines.push(`removed ${name}`);
  return lines;
}

/** The differences; null when no run has succeeded yet. */
export async function driftOf(
  state: Pick<StateReader, "schema">,
  { name }: Pick<LoadedExport, "name">,
  { description }: Pick<ExportPlan, "description">,
  { typeNames }: Pick<Dialect, "typeNames">,
): Promise<readonly string[] | null> {
  const before = await state.schema(name);
  return before === null ? null : schemaDifferences(before.columns, description.columns, typeNames);
}

/** What a run ends with under `on_schema_drift: fail`. */
export function driftError(name: string, differences: readonly string[]): RivetError {
  const text = `export '${name}': the schema changed: ${differences.join("; ")}`;
  return new RivetError("SCHEMA_DRIFT", text, {
    hint: "Nothing was read. Accept the change with on_schema_drift: warn, or adapt the query.",
  });
}
