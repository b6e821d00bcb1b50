/**
 * Schemas whose fields keep their ids whatever else changes: readers find columns by id, in files of
 * every age.
 */
import { isDeepStrictEqual } from "node:util";
import { spelledOut } from "../../../core/base/printable.ts";
import type { FieldIds } from "../../../core/ports/format.ts";
import type { TableColumn } from "../../../core/ports/table_format.ts";
import { type IcebergType, icebergType, isList, promotes } from "./types.ts";

export interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: IcebergType;
}

export interface IcebergSchema {
  readonly type: "struct";
  readonly "schema-id": number;
  readonly fields: readonly IcebergField[];
  /** Of fields that tell rows apart, where whoever made the table said so. */
  readonly "identifier-field-ids"?: readonly number[];
}

/** A column that cannot be a field of the table. */
export interface SchemaProblem {
  readonly column: string;
  readonly why: string;
  /** What to write for it in `columns:`; null where no override helps. */
  readonly override: string | null;
}

export interface Evolved {
  /** The table's own where nothing changes, else the next one. */
  readonly schema: IcebergSchema;
  readonly changed: boolean;
  readonly lastColumnId: number;
  readonly problems: readonly SchemaProblem[];
  /** Of its problems, those that are changes of the source: a replaced table takes them. */
  readonly drift: readonly string[];
}

class Ids {
  last: number;

  constructor(last: number) {
    this.last = last;
  }

  readonly next = (): number => ++this.last;
}

/** `null`: what the column has become cannot be read as what the field is. */
function merged(table: IcebergType, column: IcebergType): IcebergType | null {
  if (typeof table === "string" && typeof column === "string") {
    if (promotes(column, table)) return table;
    return promotes(table, column) ? column : null;
  }
  if (!isList(table) || !isList(column)) return null;
  const element = merged(table.element, column.element);
  if (element === null) return null;
  return element === table.element ? table : { ...table, element };
}

/** Other writers' tables have structs and maps, too. */
const nameOf = (type: IcebergType): string =>
  typeof type === "string" ? type : isList(type) ? `list<${nameOf(type.element)}>` : type.type;

interface NewType {
  readonly type: IcebergType | null;
  readonly problem: SchemaProblem | null;
}

/** @param known the list that the field is already: its element keeps its id */
function typeOf(column: TableColumn, ids: Ids, known: IcebergType | null): NewType {
  const elementId = known !== null && isList(known) ? () => known["element-id"] : ids.next;
  const mapped = icebergType(column.type, elementId);
  if ("type" in mapped) return { type: mapped.type, problem: null };
  const { why, override } = mapped.refusal;
  return { type: null, problem: { column: column.name, why, override } };
}

/** A new table's schema: fields get their ids first, then the elements of lists, as Iceberg's writers do. */
export function newSchema(columns: readonly TableColumn[]): Evolved {
  const ids = new Ids(columns.length);
  const fields: IcebergField[] = [];
  const problems: SchemaProblem[] = [];
  columns.forEach((column, c) => {
    const { type, problem } = typeOf(column, ids, null);
    if (problem !== null) problems.push(problem);
    if (type !== null) {
      fields.push({ id: c + 1, name: column.name, required: false, type });
    }
  });
  return {
    schema: { type: "struct", "schema-id": 0, fields },
    changed: true,
    lastColumnId: ids.last,
    problems,
    drift: [],
  };
}

/**
 * The table's schema with what the columns ask for: new fields and wider types. Columns that the export
 * lacks stay, and are NULL in its rows. No field has to have a value but those that identify rows, by which other
 * engines write: a source may begin to hold NULLs.
 * @param replaced no row stays: what has changed its type becomes a new field, and what is gone goes.
 */
export function evolve(
  current: IcebergSchema,
  next: { readonly schemaId: number; readonly lastColumnId: number },
  columns: readonly TableColumn[],
  replaced: boolean,
): Evolved {
  const ids = new Ids(next.lastColumnId);
  const problems: SchemaProblem[] = [];
  const drift: string[] = [];
  const byName = new Map(columns.map((column) => [column.name, column]));
  const known = new Set(current.fields.map(({ name }) => name));
  const identifiers = new Set(current["identifier-field-ids"]);
  const kept = current.fields.flatMap((field): IcebergField[] => {
    const column = byName.get(field.name);
    const required = identifiers.has(field.id);
    if (column === undefined) {
      if (replaced) return [];
      if (required) {
        drift.push(`'${spelledOut(field.name)}' identifies rows of the table, and is gone`);
      }
      return [{ ...field, required }];
    }
    const { type, problem } = typeOf(column, ids, field.type);
    if (problem !== null) problems.push(problem);
    if (type === null) return [field];
    const both = merged(field.type, type);
    if (both !== null) return [{ ...field, type: both, required }];
    if (replaced) return [];
    drift.push(
      `'${spelledOut(field.name)}' is ${nameOf(field.type)} in the table and ${nameOf(type)} now`,
    );
    return [field];
  });
  const keptNames = new Set(kept.map(({ name }) => name));
  const added = columns.filter(({ name }) => !keptNames.has(name)).map((column) => {
    const id = ids.next();
    const { type, problem } = typeOf(column, ids, null);
    if (problem !== null) problems.push(problem);
    return { id, name: column.name, required: false, type };
  });
  const fields = [...kept, ...added.filter((field): field is IcebergField => field.type !== null)];
  const changed = JSON.stringify(fields) !== JSON.stringify(current.fields) ||
    [...keptNames].length < known.size;
  const there = new Set(fields.map(({ id }) => id));
  const identified = identifiers.size > 0 && [...identifiers].every((id) => there.has(id))
    ? { "identifier-field-ids": [...identifiers] }
    : {};
  const schema = { type: "struct", "schema-id": next.schemaId, fields, ...identified } as const;
  return {
    schema: changed ? schema : current,
    changed,
    lastColumnId: ids.last,
    problems,
    drift,
  };
}

/** A schema is known by its fields: that of an earlier time comes back under its own id. */
export function knownSchema(
  schemas: readonly IcebergSchema[],
  schema: IcebergSchema,
): IcebergSchema | undefined {
  const told = (of: IcebergSchema) => [of.fields, of["identifier-field-ids"] ?? []];
  return schemas.find((known) => isDeepStrictEqual(told(known), told(schema)));
}

/**
 * By column name. Iceberg's own library takes UUIDs for two signed numbers, and skipped what lies between bounds
 * of any other order: no bounds, no row lost.
 */
export function fieldIds({ fields }: IcebergSchema): ReadonlyMap<string, FieldIds> {
  return new Map(fields.map(({ id, name, type }) => [
    name,
    isList(type)
      ? { id, elementId: type["element-id"], jsonAsText: true }
      : { id, jsonAsText: true, withoutBounds: type === "uuid" },
  ]));
}
