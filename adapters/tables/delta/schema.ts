/**
 * The columns of files as a Delta table's schema.
 * https://github.com/delta-io/delta/blob/master/PROTOCOL.md#schema-serialization-format
 */
import { RivetError } from "../../../core/base/errors.ts";
import { quoted, spelledOut } from "../../../core/base/printable.ts";
import type { TablePartition } from "../../../core/config/loaded.ts";
import type { TableColumn } from "../../../core/ports/table_format.ts";
import { partitionName } from "../../../core/types/partition_transform.ts";
import { targetNameProblem } from "../../../core/types/target_columns.ts";
import { targetType } from "../../../core/types/targets.ts";
import { formatType, type RivetType } from "../../../core/types/types.ts";

/** A type as JSON has it: a name, or an object for an array. */
export type DeltaType = string | {
  readonly type: string;
  readonly elementType?: DeltaType;
  readonly containsNull?: boolean;
};

/** A column, as the schema has it. */
export interface Field {
  readonly name: string;
  readonly type: DeltaType;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A table's schema, and the columns of it that are in the log and not in files. */
export interface Schema {
  readonly fields: readonly Field[];
  readonly partitionColumns: readonly string[];
}

function deltaType(type: RivetType): DeltaType {
  if (type.kind === "list") {
    return { type: "array", elementType: deltaType(type.element), containsNull: true };
  }
  return targetType("delta", type).name ?? formatType(type);
}

/** Rows of a run may lack a value that rows before had: no column is required. */
function field(name: string, type: DeltaType): Field {
  return { name, type, nullable: true, metadata: {} };
}

/** The column that a partition is, where it is one of its own: the files keep the column that it is made of. */
function partitionField(partition: TablePartition): Field[] {
  const name = partitionName(partition);
  if (name === partition.column) return [];
  return [field(name, partition.transform === "day" ? "date" : "string")];
}

/** What columns of partitions cannot be beside the others. */
function partitionProblems(names: readonly string[], partitionBy: readonly TablePartition[]) {
  const partitions = partitionBy.map(partitionName);
  const added = partitionBy.flatMap(partitionField).map(({ name }) => name.toLowerCase());
  const isWhole = names.length > 0 && names.every((name) => partitions.includes(name));
  return [
    ...names.filter((name) => added.includes(name.toLowerCase()))
      .map((name) => `${quoted(name)}: the column of a partition is called so`),
    ...(isWhole ? ["no column beside those that it is partitioned by"] : []),
  ];
}

const TYPE_HINT = "Write the type under `columns:` of the export, e.g. columns: {id: text}.";
const NAME_HINT = "Give the column another name by a query instead of `table`, e.g. " +
  "query: SELECT id AS order_id FROM orders.";

/** @throws RivetError TYPE_UNSUPPORTED naming every column that has no equal, and what to write. */
export function schemaOf(
  columns: readonly TableColumn[],
  partitionBy: readonly TablePartition[],
): Schema {
  const names = columns.map(({ name }) => name);
  const partitionColumns = partitionBy.map(partitionName);
  const ofTypes = [
    ...columns.flatMap(({ name, type }) => {
      const { status, note } = targetType("delta", type);
      return status === "unsupported" ? [`${quoted(name)} (${formatType(type)}): ${note}`] : [];
    }),
  ];
  const ofNames = [
    ...names.flatMap((name) => {
      const problem = targetNameProblem("delta", name, names);
      return problem === null ? [] : [`${quoted(name)}: ${problem}`];
    }),
    ...partitionProblems(names, partitionBy),
  ];
  if (ofTypes.length + ofNames.length > 0) {
    const problems = [...ofTypes, ...ofNames].join("; ");
    throw new RivetError("TYPE_UNSUPPORTED", `a Delta table cannot hold ${problems}`, {
      hint: [
        ...(ofTypes.length > 0 ? [TYPE_HINT] : []),
        ...(ofNames.length > 0 ? [NAME_HINT] : []),
      ].join(" "),
    });
  }
  return {
    fields: [
      ...columns.map(({ name, type }) => field(name, deltaType(type))),
      ...partitionBy.flatMap(partitionField),
    ],
    partitionColumns,
  };
}

/** @throws SyntaxError */
export function parseSchema(schemaString: string, partitionColumns: readonly string[]): Schema {
  const { fields } = JSON.parse(schemaString) as { fields: Field[] };
  return { fields, partitionColumns };
}

/** The JSON that `parseSchema` reads. */
export function schemaText({ fields }: Schema): string {
  return JSON.stringify({ type: "struct", fields });
}

/** Whether some column holds timestamps without a time zone. */
export function hasNtz({ fields }: Schema): boolean {
  return JSON.stringify(fields.map(({ type }) => type)).includes('"timestamp_ntz"');
}

/** Types are written in more than one order of their members. */
function typeText(type: DeltaType): string {
  if (typeof type === "string") return type.replaceAll(" ", "");
  if (type.elementType === undefined) return JSON.stringify(type);
  return `${type.type}<${typeText(type.elementType)}>`;
}

/** Name and type of every column. */
export function describeSchema({ fields }: Schema): { name: string; type: string }[] {
  return fields.map(({ name, type }) => ({ name, type: typeText(type) }));
}

/**
 * The table's schema with what the files have beyond it; the table's own columns stay, in their order.
 * @throws RivetError TABLE_SCHEMA where a column of both is not of one type.
 */
export function extendSchema(uri: string, table: Schema, files: Schema): Schema {
  const there = new Map(table.fields.map((one) => [one.name.toLowerCase(), one]));
  const written = new Set(files.fields.map(({ name }) => name.toLowerCase()));
  const problems = files.fields.flatMap((own) => {
    const known = there.get(own.name.toLowerCase());
    if (known === undefined) return [];
    if (known.name !== own.name) {
      return [`${quoted(own.name)} is called ${quoted(known.name)} there`];
    }
    const [is, comes] = [typeText(known.type), typeText(own.type)];
    return is === comes ? [] : [`${quoted(own.name)} is ${is} there, and comes as ${comes}`];
  });
  for (const { name, nullable } of table.fields) {
    if (!nullable) {
      const comes = written.has(name.toLowerCase()) ? "what comes may be NULL" : "it does not come";
      problems.push(`${quoted(name)} is NOT NULL there, and ${comes}`);
    }
  }
  if (table.partitionColumns.join() !== files.partitionColumns.join()) {
    const list = (names: readonly string[]) =>
      names.length === 0 ? "nothing" : names.map(spelledOut).join(", ");
    problems.push(
      `it is partitioned by ${list(table.partitionColumns)}, and the export by ` +
        list(files.partitionColumns),
    );
  }
  if (problems.length > 0) {
    throw new RivetError(
      "TABLE_SCHEMA",
      `the rows do not fit the Delta table ${uri}: ${problems.join("; ")}`,
      {
        hint:
          "Give the column the table's type under `columns:`, or write another table; write: replace " +
          "makes a new schema. Wider types too: Delta's typeWidening is read by few, and not written.",
      },
    );
  }
  const added = files.fields.filter(({ name }) => !there.has(name.toLowerCase()));
  return added.length === 0 ? table : { ...table, fields: [...table.fields, ...added] };
}
