/** Manifests and manifest lists of format version 2. https://iceberg.apache.org/spec/#manifests */
import type { AvroSchema } from "./avro.ts";

type Field = Readonly<Record<string, unknown>>;

const required = (id: number, name: string, type: unknown): Field => ({
  name,
  type,
  "field-id": id,
});
const optional = (id: number, name: string, type: unknown): Field => ({
  name,
  type: ["null", type],
  default: null,
  "field-id": id,
});

/** A map whose keys are field ids: Avro's own maps have keys of text. */
const mapOf = (key: number, value: number, type: string) => ({
  type: "array",
  logicalType: "map",
  items: {
    type: "record",
    name: `k${key}_v${value}`,
    fields: [required(key, "key", "int"), required(value, "value", type)],
  },
});

const listOf = (element: number, type: string) => ({
  type: "array",
  items: type,
  "element-id": element,
});

/** @param partition see `partitionSchema` */
export function manifestEntrySchema(partition: AvroSchema): AvroSchema {
  return {
    type: "record",
    name: "manifest_entry",
    fields: [
      required(0, "status", "int"),
      optional(1, "snapshot_id", "long"),
      optional(3, "sequence_number", "long"),
      optional(4, "file_sequence_number", "long"),
      required(2, "data_file", {
        type: "record",
        name: "r2",
        fields: [
          required(134, "content", "int"),
          required(100, "file_path", "string"),
          required(101, "file_format", "string"),
          required(102, "partition", partition),
          required(103, "record_count", "long"),
          required(104, "file_size_in_bytes", "long"),
          optional(108, "column_sizes", mapOf(117, 118, "long")),
          optional(109, "value_counts", mapOf(119, 120, "long")),
          optional(110, "null_value_counts", mapOf(121, 122, "long")),
          optional(137, "nan_value_counts", mapOf(138, 139, "long")),
          optional(125, "lower_bounds", mapOf(126, 127, "bytes")),
          optional(128, "upper_bounds", mapOf(129, 130, "bytes")),
          optional(131, "key_metadata", "bytes"),
          optional(132, "split_offsets", listOf(133, "long")),
          optional(135, "equality_ids", listOf(136, "int")),
          optional(140, "sort_order_id", "int"),
        ],
      }),
    ],
  } as unknown as AvroSchema;
}

export const MANIFEST_FILE_SCHEMA: AvroSchema = {
  type: "record",
  name: "manifest_file",
  fields: [
    required(500, "manifest_path", "string"),
    required(501, "manifest_length", "long"),
    required(502, "partition_spec_id", "int"),
    required(517, "content", "int"),
    required(515, "sequence_number", "long"),
    required(516, "min_sequence_number", "long"),
    required(503, "added_snapshot_id", "long"),
    required(504, "added_files_count", "int"),
    required(505, "existing_files_count", "int"),
    required(506, "deleted_files_count", "int"),
    required(512, "added_rows_count", "long"),
    required(513, "existing_rows_count", "long"),
    required(514, "deleted_rows_count", "long"),
    optional(507, "partitions", {
      type: "array",
      "element-id": 508,
      items: {
        type: "record",
        name: "r508",
        fields: [
          required(509, "contains_null", "boolean"),
          optional(518, "contains_nan", "boolean"),
          optional(510, "lower_bound", "bytes"),
          optional(511, "upper_bound", "bytes"),
        ],
      },
    }),
    optional(519, "key_metadata", "bytes"),
  ],
} as unknown as AvroSchema;

interface Fields {
  readonly fields: readonly { readonly name: string; readonly "field-id"?: number }[];
}

/** What a schema calls the fields that have the ids. */
export function namesById(schema: AvroSchema): ReadonlyMap<number | undefined, string> {
  return new Map(
    (schema as unknown as Fields).fields.map((field) => [field["field-id"], field.name]),
  );
}

/** What this version calls the fields of a record that another writer's schema names. */
export function canonical(
  record: Readonly<Record<string, unknown>>,
  written: AvroSchema,
  schema: AvroSchema,
): Record<string, unknown> {
  const names = namesById(schema);
  const out: Record<string, unknown> = {};
  for (const field of (written as unknown as Fields).fields) {
    out[names.get(field["field-id"]) ?? field.name] = record[field.name];
  }
  return out;
}
