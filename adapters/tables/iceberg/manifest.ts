/** Data files as manifests hold them, and the list of a snapshot's manifests. */
import { Buffer } from "node:buffer";
import type { PartitionValue } from "../../../core/types/partition_transform.ts";
import { type AvroRecord, type AvroSchema, decodeAvro, encodeAvro } from "./avro.ts";
import { formatJson } from "./json.ts";
import {
  canonical,
  MANIFEST_FILE_SCHEMA,
  manifestEntrySchema,
  namesById,
} from "./manifest_schema.ts";
import {
  avroValue,
  type PartitionColumn,
  partitionColumns,
  partitionSchema,
  type PartitionSpec,
  partitionValue,
} from "./partition_spec.ts";
import type { IcebergSchema } from "./schema.ts";
import { singleValue } from "./single_value.ts";

/** Counts and bounds by field id. */
export interface FileMetrics {
  readonly columnSizes: ReadonlyMap<number, number>;
  readonly valueCounts: ReadonlyMap<number, number>;
  readonly nullCounts: ReadonlyMap<number, number>;
  /** Single-value serialised. */
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>;
  readonly upperBounds: ReadonlyMap<number, Uint8Array>;
}

/** A Parquet file that becomes part of a table. */
export interface NewFile {
  readonly path: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** Of each field of the spec. */
  readonly partition: readonly PartitionValue[];
  readonly metrics: FileMetrics;
  /** Where its row groups begin. */
  readonly splitOffsets: readonly number[];
}

export const Status = { EXISTING: 0, ADDED: 1, DELETED: 2 } as const;
type StatusValue = typeof Status[keyof typeof Status];

/** The parts of an entry that are looked at; the rest goes along as it was read. */
export interface Entry {
  readonly status: StatusValue;
  readonly snapshot_id: bigint | null;
  readonly sequence_number: bigint | null;
  readonly file_sequence_number: bigint | null;
  readonly data_file: AvroRecord & {
    readonly file_path: string;
    readonly record_count: bigint;
    readonly file_size_in_bytes: bigint;
    readonly partition: Readonly<Record<string, unknown>>;
  };
}

/** One line of a manifest list. */
export interface ManifestFile extends AvroRecord {
  readonly manifest_path: string;
  readonly manifest_length: bigint;
  readonly partition_spec_id: number;
  /** 0 data, 1 deletes. */
  readonly content: number;
  readonly sequence_number: bigint;
  readonly min_sequence_number: bigint;
  readonly added_snapshot_id: bigint;
}

function mapEntries<T>(map: ReadonlyMap<number, T>, value: (item: T) => unknown): unknown[] {
  return [...map].map(([key, item]) => ({ key, value: value(item) }));
}

/** A file that the snapshot adds; its sequence numbers are the commit's, inherited. */
export function addedEntry(
  file: NewFile,
  columns: readonly PartitionColumn[],
  snapshotId: bigint,
): Entry {
  const { metrics } = file;
  const long = (n: number) => BigInt(n);
  const bytes = (value: Uint8Array) => Buffer.from(value);
  const partition = partitionRecord(columns, file.partition);
  return {
    status: Status.ADDED,
    snapshot_id: snapshotId,
    sequence_number: null,
    file_sequence_number: null,
    data_file: {
      content: 0,
      file_path: file.path,
      file_format: "PARQUET",
      partition,
      record_count: BigInt(file.rows),
      file_size_in_bytes: BigInt(file.sizeBytes),
      column_sizes: mapEntries(metrics.columnSizes, long),
      value_counts: mapEntries(metrics.valueCounts, long),
      null_value_counts: mapEntries(metrics.nullCounts, long),
      nan_value_counts: null,
      lower_bounds: mapEntries(metrics.lowerBounds, bytes),
      upper_bounds: mapEntries(metrics.upperBounds, bytes),
      key_metadata: null,
      split_offsets: file.splitOffsets.map(long),
      equality_ids: null,
      sort_order_id: null,
    },
  };
}

function partitionRecord(
  columns: readonly PartitionColumn[],
  values: readonly PartitionValue[],
): Record<string, unknown> {
  const names = namesOf(columns);
  return Object.fromEntries(columns.map(({ type }, c) => [names[c], avroValue(type, values[c])]));
}

function namesOf(columns: readonly PartitionColumn[]): string[] {
  const { fields } = partitionSchema(columns) as unknown as { fields: { name: string }[] };
  return fields.map(({ name }) => name);
}

/** What a manifest is of. */
export interface ManifestOf {
  readonly schema: IcebergSchema;
  readonly spec: PartitionSpec;
}

/** What a manifest says of itself: one that is written anew says what it said. */
export interface ManifestHead {
  /** The header's own texts. */
  readonly texts: Readonly<Record<string, string>>;
  /** Types of its partition values: those of the schema when it was written. */
  readonly partition: AvroSchema;
}

/** Of a manifest of data files that are new. */
export function newHead({ schema, spec }: ManifestOf): ManifestHead {
  return {
    partition: partitionSchema(partitionColumns(spec, schema)),
    texts: {
      schema: formatJson(schema),
      "schema-id": String(schema["schema-id"]),
      "partition-spec": formatJson(spec.fields),
      "partition-spec-id": String(spec["spec-id"]),
    },
  };
}

/** The bytes of a manifest of data files. */
export function encodeManifest(
  { texts, partition }: ManifestHead,
  entries: readonly Entry[],
): Uint8Array {
  const own = { ...texts, "format-version": "2", content: "data" };
  return encodeAvro(manifestEntrySchema(partition), own, entries as unknown as AvroRecord[]);
}

export interface LiveEntries {
  readonly head: ManifestHead;
  readonly entries: readonly Entry[];
}

/** The live entries of a manifest, with what they inherit from its line in the list. */
export function liveEntries(bytes: Uint8Array, line: ManifestFile): LiveEntries {
  const { metadata, records } = decodeAvro(bytes);
  const partition = fieldType(fieldType(JSON.parse(metadata["avro.schema"]), 2), 102);
  const texts = Object.entries(metadata).filter(([key]) => !key.startsWith("avro."));
  const live = (records as unknown as Entry[]).filter(({ status }) => status !== Status.DELETED);
  return {
    head: { texts: Object.fromEntries(texts), partition: partition as AvroSchema },
    entries: live.map((entry) => ({
      ...entry,
      snapshot_id: entry.snapshot_id ?? line.added_snapshot_id,
      sequence_number: entry.sequence_number ?? line.sequence_number,
      file_sequence_number: entry.file_sequence_number ?? line.sequence_number,
      // Version 1 knew no `content`, and other writers leave out what is optional.
      data_file: { content: 0, ...OPTIONAL_FIELDS, ...entry.data_file },
    })),
  };
}

/** The type of the field that has the id. */
function fieldType(record: unknown, id: number): unknown {
  const { fields } = record as { fields: { "field-id"?: number; type: unknown }[] };
  return fields.find((field) => field["field-id"] === id)?.type;
}

const OPTIONAL_FIELDS: Readonly<Record<string, null>> = {
  column_sizes: null,
  value_counts: null,
  null_value_counts: null,
  nan_value_counts: null,
  lower_bounds: null,
  upper_bounds: null,
  key_metadata: null,
  split_offsets: null,
  equality_ids: null,
  sort_order_id: null,
};

interface Counts {
  files: number;
  rows: bigint;
}

function countOf(entries: readonly Entry[], status: StatusValue): Counts {
  const some = entries.filter((entry) => entry.status === status);
  return {
    files: some.length,
    rows: some.reduce((sum, { data_file }) => sum + data_file.record_count, 0n),
  };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

function compareValues(a: NonNullable<PartitionValue>, b: NonNullable<PartitionValue>): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (typeof a === "string" && typeof b === "string") {
    return compareBytes(new TextEncoder().encode(a), new TextEncoder().encode(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What readers may skip the whole manifest by; null where they disagree about an order, see `fieldIds`. */
function summarise(
  columns: readonly PartitionColumn[],
  partition: AvroSchema,
  entries: readonly Entry[],
): unknown[] | null {
  if (columns.some(({ type }) => type === "uuid")) return null;
  const names = namesById(partition);
  return columns.map(({ field, type }) => {
    const name = names.get(field["field-id"]) ?? "";
    const all = entries.map((entry) => partitionValue(type, entry.data_file.partition[name]));
    const values = all.filter((value): value is NonNullable<PartitionValue> =>
      value !== null && !Number.isNaN(value)
    );
    values.sort(compareValues);
    const bound = (value: NonNullable<PartitionValue> | undefined) =>
      value === undefined || type === null ? null : Buffer.from(singleValue(type, value));
    return {
      contains_null: all.some((value) => value === null),
      contains_nan: all.some((value) => Number.isNaN(value)),
      lower_bound: bound(values.at(0)),
      upper_bound: bound(values.at(-1)),
    };
  });
}

/** The line of a manifest that this commit writes. @param sequenceNumber of the commit */
export function manifestFile(
  { schema, spec }: ManifestOf,
  { partition }: ManifestHead,
  entries: readonly Entry[],
  at: { readonly path: string; readonly bytes: number },
  commit: { readonly snapshotId: bigint; readonly sequenceNumber: bigint },
): ManifestFile {
  const [added, existing, deleted] = [Status.ADDED, Status.EXISTING, Status.DELETED].map((status) =>
    countOf(entries, status)
  );
  const live = entries.filter(({ status }) => status !== Status.DELETED);
  const numbers = live.map((entry) => entry.sequence_number ?? commit.sequenceNumber);
  return {
    manifest_path: at.path,
    manifest_length: BigInt(at.bytes),
    partition_spec_id: spec["spec-id"],
    content: 0,
    sequence_number: commit.sequenceNumber,
    min_sequence_number: numbers.reduce((a, b) => a < b ? a : b, commit.sequenceNumber),
    added_snapshot_id: commit.snapshotId,
    added_files_count: added.files,
    existing_files_count: existing.files,
    deleted_files_count: deleted.files,
    added_rows_count: added.rows,
    existing_rows_count: existing.rows,
    deleted_rows_count: deleted.rows,
    partitions: summarise(partitionColumns(spec, schema), partition, entries),
    key_metadata: null,
  };
}

/** The bytes of a snapshot's manifest list. */
export function encodeManifestList(
  snapshot: {
    readonly id: bigint;
    readonly parentId: bigint | null;
    readonly sequenceNumber: bigint;
  },
  manifests: readonly ManifestFile[],
): Uint8Array {
  return encodeAvro(MANIFEST_FILE_SCHEMA, {
    "snapshot-id": String(snapshot.id),
    "parent-snapshot-id": snapshot.parentId === null ? "null" : String(snapshot.parentId),
    "sequence-number": String(snapshot.sequenceNumber),
    "format-version": "2",
  }, manifests);
}

/** What a list lacks that was written in version 1, or by who leaves out what is optional. */
const LIST_DEFAULTS: Readonly<Record<string, unknown>> = {
  content: 0,
  sequence_number: 0n,
  min_sequence_number: 0n,
  partitions: null,
  key_metadata: null,
};

/** The manifests of a snapshot. */
export function decodeManifestList(bytes: Uint8Array): ManifestFile[] {
  const { metadata, records } = decodeAvro(bytes);
  const written: AvroSchema = JSON.parse(metadata["avro.schema"]);
  return records.map((record) => {
    const known = canonical(record, written, MANIFEST_FILE_SCHEMA);
    return { ...LIST_DEFAULTS, ...known } as unknown as ManifestFile;
  });
}
