/**
 * What the stages between reading and encoding do for one export, decided before the first row from
 * `meta_columns`, `quality` and `partition_by`. Plain data: it travels to the Workers that encode.
 */
import type {
  LoadedExport,
  Partitioning,
  TablePartition,
  TablePartitions,
} from "../config/loaded.ts";
import { TABLE_FORMATS, type TableFormatCapabilities } from "../config/table_formats.ts";
import { parseTransform, transformedType, TRANSFORMS } from "../types/partition_transform.ts";
import { ConfigError } from "../base/errors.ts";
import { didYouMean } from "../base/suggest.ts";
import type { Column } from "../types/types.ts";

export const EXPORTED_AT = "_rivet_exported_at";
export const ROW_HASH = "_rivet_row_hash";

/** Structured-clone safe: stages run in Workers. */
export interface StageSpec {
  readonly exportedAt: boolean;
  /** Columns in the order they are hashed; null without a row hash. */
  readonly rowHash: readonly string[] | null;
  readonly unique: { readonly columns: readonly string[]; readonly maxEntries: number };
  readonly partition: Partitioning | TablePartitions | null;
}

const EXPORTED_AT_COLUMN: Column = {
  name: EXPORTED_AT,
  type: { kind: "timestamp", unit: "us", utc: true },
  nullable: false,
  nativeType: "timestamp_tz",
  fidelity: "exact",
};

const ROW_HASH_COLUMN: Column = {
  name: ROW_HASH,
  type: { kind: "int", bits: 64, signed: true },
  nullable: false,
  nativeType: "int64",
  fidelity: "exact",
};

/** The columns that the stages add, in file order. */
export function addedColumns(spec: Pick<StageSpec, "exportedAt" | "rowHash">): Column[] {
  return [
    ...(spec.exportedAt ? [EXPORTED_AT_COLUMN] : []),
    ...(spec.rowHash === null ? [] : [ROW_HASH_COLUMN]),
  ];
}

/** The columns of the files: the source's, then the added ones. */
export function fileColumns(
  columns: readonly Column[],
  spec: Pick<StageSpec, "exportedAt" | "rowHash">,
): readonly Column[] {
  return [...columns, ...addedColumns(spec)];
}

type ColumnSettings = Pick<LoadedExport, "config" | "partition" | "quality">;

function partitionColumns(partition: ColumnSettings["partition"]): string[] {
  if (partition === null) return [];
  return "fields" in partition ? partition.fields.map(({ column }) => column) : [partition.column];
}

/** A setting and the columns it names. */
function namedColumns(
  { config, partition, quality }: ColumnSettings,
): [setting: string, columns: readonly string[]][] {
  const rowHash = config.meta_columns?.row_hash;
  return [
    ["meta_columns.row_hash", Array.isArray(rowHash) ? rowHash : []],
    ["quality.null_ratio_max", Object.keys(quality?.nullRatioMax ?? {})],
    ["quality.unique_columns", quality?.uniqueColumns ?? []],
    ["partition_by", partitionColumns(partition)],
    ["parquet.bloom_filter_columns", config.parquet?.bloom_filter_columns ?? []],
  ];
}

function unknownColumns(settings: ColumnSettings, names: readonly string[]): string[] {
  return namedColumns(settings).flatMap(([setting, wanted]) =>
    wanted.filter((name) => !names.includes(name)).map((name) =>
      `${setting}: there is no column '${name}'${didYouMean(name, names)}`
    )
  );
}

function takenNames(added: readonly Column[], names: readonly string[]): string[] {
  return added.filter(({ name }) => names.includes(name)).map(({ name }) =>
    `meta_columns: the source already has a column '${name}'; rename it in the query`
  );
}

/** What a transform is of another type than it takes. */
function untransformable(
  { column: name, transform }: TablePartition,
  columns: readonly Column[],
  { title, identityOf }: TableFormatCapabilities,
): string[] {
  const column = columns.find((known) => known.name === name);
  const parsed = parseTransform(transform);
  if (column === undefined) return [];
  if (parsed?.kind === "identity" && identityOf?.includes(column.type.kind) === false) {
    return [
      `table_format.partition_by: '${name}' is ${column.nativeType}, whose values are no partitions of a ` +
      `${title} table; those are of ${identityOf.join(", ")}`,
    ];
  }
  if (parsed !== null && transformedType(column.type, parsed) !== null) return [];
  return [
    `table_format.partition_by: '${name}' is ${column.nativeType}, of which there is no ${transform}; ` +
    `transforms are ${TRANSFORMS}`,
  ];
}

function unpartitionable({ partition }: ColumnSettings, columns: readonly Column[]): string[] {
  if (partition !== null && "fields" in partition) {
    const format = TABLE_FORMATS[partition.table];
    return partition.fields.flatMap((field) => untransformable(field, columns, format));
  }
  const column = columns.find((c) => c.name === partition?.column);
  if (column === undefined || column.type.kind === "date" || column.type.kind === "timestamp") {
    return [];
  }
  return [
    `partition_by: '${column.name}' is ${column.nativeType}; partitions are days, months or years ` +
    "of a date or timestamp column",
  ];
}

/** A boolean has two values, and of a float's zeros and NaNs the bytes differ while they are equal. */
function unfilterable({ config }: ColumnSettings, columns: readonly Column[]): string[] {
  const wanted = config.parquet?.bloom_filter_columns ?? [];
  return columns.filter(({ name }) => wanted.includes(name)).flatMap(({ name, type }) => {
    const { kind } = type.kind === "list" ? type.element : type;
    if (kind !== "bool" && kind !== "float") return [];
    return [`parquet.bloom_filter_columns: '${name}' is a ${kind}, for which there is none`];
  });
}

/** Readers ignore case. A name that is the column's own was warned of where it was written. */
function takenFolder({ partition }: ColumnSettings, columns: readonly Column[]): string[] {
  // Who reads a table takes no column from a folder's name.
  if (partition === null || "fields" in partition) return [];
  const folded = partition.name.toLowerCase();
  const taken = columns.find(({ name }) => name.toLowerCase() === folded);
  if (taken === undefined || folded === partition.column.toLowerCase()) return [];
  return [
    `partition_by: the folders would be called '${partition.name}', as a column of the files is; give ` +
    "another partition_name",
  ];
}

/** Of a line that holds one field, readers skip the empty one; `""` is a value where there are empty ones. */
function skippedNull({ config }: ColumnSettings, columns: readonly Column[]): string[] {
  const [only, ...others] = columns;
  if (config.format !== "csv" || config.csv?.null !== undefined) return [];
  if (only === undefined || others.length > 0 || !only.nullable) return [];
  const { name, type: { kind } } = only;
  if (kind !== "text" && kind !== "binary") return [];
  return [
    `csv.null: '${name}' is the only column, and may be NULL or empty: NULL would be an empty line, which ` +
    "readers skip; say what stands for it",
  ];
}

/** @throws ConfigError naming every column setting that does not fit the export's columns. */
export function planStages(
  exported: Pick<LoadedExport, "name"> & ColumnSettings,
  columns: readonly Column[],
): StageSpec {
  const { config: { meta_columns: meta }, quality } = exported;
  const names = columns.map((c) => c.name);
  const rowHash = meta?.row_hash ?? false;
  const spec: StageSpec = {
    exportedAt: meta?.exported_at ?? false,
    rowHash: rowHash === false ? null : rowHash === true ? names : rowHash,
    unique: {
      columns: quality?.uniqueColumns ?? [],
      // Without columns nothing is remembered.
      maxEntries: quality?.uniqueMaxEntries ?? 0,
    },
    partition: exported.partition,
  };
  const problems = [
    ...unknownColumns(exported, names),
    ...takenNames(addedColumns(spec), names),
    ...unpartitionable(exported, columns),
    ...unfilterable(exported, columns),
    ...takenFolder(exported, fileColumns(columns, spec)),
    ...skippedNull(exported, fileColumns(columns, spec)),
  ];
  if (problems.length > 0) {
    throw new ConfigError(`export '${exported.name}': ${problems.join("\n")}`, problems, {
      hint: `Its columns are: ${names.join(", ")}.`,
    });
  }
  return spec;
}
