/** What of an export's columns is not as the last successful run saw it. */
import { RivetError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { ExportPlan } from "../plan/strategy.ts";
import type { Dialect, TypeNames } from "../ports/source.ts";
import type { SchemaRecord, StateReader } from "../ports/state.ts";
import type { TableVersion } from "../ports/table_format.ts";
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

/**
 * One line per difference between a table and what a run would make of it.
 * @param own names of the columns that the run writes: one of the table that is not among them is gone.
 */
export function tableDifferences(
  table: TableVersion["columns"],
  next: TableVersion["columns"],
  own: readonly string[],
): string[] {
  const types = new Map(table.map(({ name, type }) => [name, type]));
  const written = new Set(own);
  return [
    ...next.flatMap(({ name, type }) => {
      const was = types.get(name);
      if (was === undefined) return [`added ${name} ${type}`];
      return was === type ? [] : [`${name}: ${was} -> ${type}`];
    }),
    ...table.filter(({ name }) => !written.has(name)).map(({ name }) => `removed ${name}`),
  ];
}

/** What a run ends with under `on_schema_drift: fail` when the table is all that is known of earlier ones. */
export function tableDriftError(name: string, differences: readonly string[]): RivetError {
  const text = `export '${name}': the schema is not the table's, and no run is remembered: ` +
    differences.join("; ");
  return new RivetError("SCHEMA_DRIFT", text, {
    hint: "Nothing was read. Accept the change with on_schema_drift: warn, or adapt the query.",
  });
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
