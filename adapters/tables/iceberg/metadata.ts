/** Table metadata of format version 2. https://iceberg.apache.org/spec/#table-metadata */
import { RivetError } from "../../../core/base/errors.ts";
import { parseJson } from "./json.ts";
import { NO_PARTITION_ID, type PartitionSpec } from "./partition_spec.ts";
import type { IcebergSchema } from "./schema.ts";

export interface Snapshot {
  readonly "snapshot-id": bigint;
  readonly "parent-snapshot-id"?: bigint;
  readonly "sequence-number": number;
  readonly "timestamp-ms": number;
  readonly "manifest-list": string;
  readonly summary: Readonly<Record<string, string>> & { readonly operation: string };
  readonly "schema-id"?: number;
}

export interface SnapshotRef {
  readonly "snapshot-id": bigint;
  readonly type: "branch" | "tag";
}

/** What is looked at; what else a table's metadata has goes along as it is. */
export interface TableMetadata {
  readonly "format-version": number;
  readonly "table-uuid": string;
  readonly location: string;
  readonly "last-sequence-number": number;
  readonly "last-updated-ms": number;
  readonly "last-column-id": number;
  readonly "current-schema-id": number;
  readonly schemas: readonly IcebergSchema[];
  readonly "default-spec-id": number;
  readonly "partition-specs": readonly PartitionSpec[];
  readonly "last-partition-id": number;
  readonly "default-sort-order-id": number;
  readonly "sort-orders": readonly unknown[];
  readonly properties?: Readonly<Record<string, string>>;
  readonly "current-snapshot-id"?: bigint | null;
  readonly snapshots?: readonly Snapshot[];
  readonly "snapshot-log"?: readonly Readonly<Record<string, unknown>>[];
  readonly "metadata-log"?: readonly Readonly<Record<string, unknown>>[];
  readonly refs?: Readonly<Record<string, SnapshotRef>>;
}

export const UNSORTED = { "order-id": 0, fields: [] } as const;
/** The property of a snapshot that names the run which made it. */
export const RUN_ID = "rivet.run-id";
/** And the export that the run is of. */
export const EXPORT = "rivet.export";

export function lastOf(spec: PartitionSpec): number {
  return spec.fields.reduce((last, field) => Math.max(last, field["field-id"]), NO_PARTITION_ID);
}

/** A table without a snapshot. */
export function newTable(
  location: string,
  schema: IcebergSchema,
  lastColumnId: number,
  spec: PartitionSpec,
): TableMetadata {
  return {
    "format-version": 2,
    "table-uuid": crypto.randomUUID(),
    location,
    "last-sequence-number": 0,
    "last-updated-ms": Date.now(),
    "last-column-id": lastColumnId,
    "current-schema-id": schema["schema-id"],
    schemas: [schema],
    "default-spec-id": spec["spec-id"],
    "partition-specs": [spec],
    "last-partition-id": lastOf(spec),
    "default-sort-order-id": 0,
    "sort-orders": [UNSORTED],
    properties: {},
    "current-snapshot-id": null,
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
    refs: {},
  };
}

function bigintOf(value: unknown): bigint | undefined {
  return value === undefined || value === null || Number(value) < 0
    ? undefined
    : BigInt(value as number | bigint);
}

/** @param where for messages */
export function parseMetadata(text: string, where: string): TableMetadata {
  return readMetadata(parseJson(text), where);
}

/**
 * The same of JSON that is parsed.
 * @throws RivetError TABLE_UNSUPPORTED for what is no metadata of a version that is written.
 */
export function readMetadata(json: unknown, where: string): TableMetadata {
  const metadata = json as TableMetadata;
  if (typeof metadata?.["format-version"] !== "number" || !Array.isArray(metadata.schemas)) {
    throw new RivetError("TABLE_UNSUPPORTED", `${where} is no metadata of an Iceberg table`);
  }
  if (metadata["format-version"] !== 2) {
    throw new RivetError(
      "TABLE_UNSUPPORTED",
      `${where}: the table has format version ${
        metadata["format-version"]
      }; Rivet writes version 2`,
      {
        hint: metadata["format-version"] === 1
          ? "Upgrade it with the engine that owns it: set its property format-version to 2."
          : "Write into another table, or one of version 2.",
      },
    );
  }
  const snapshots = (metadata.snapshots ?? []).map((snapshot): Snapshot => {
    const parent = bigintOf(snapshot["parent-snapshot-id"]);
    return {
      ...snapshot,
      "snapshot-id": BigInt(snapshot["snapshot-id"]),
      ...(parent === undefined ? {} : { "parent-snapshot-id": parent }),
    };
  });
  const refs = Object.entries(metadata.refs ?? {}).map(([name, ref]) => [
    name,
    { ...ref, "snapshot-id": BigInt(ref["snapshot-id"]) },
  ]);
  return {
    ...metadata,
    "current-snapshot-id": bigintOf(metadata["current-snapshot-id"]) ?? null,
    snapshots,
    refs: Object.fromEntries(refs),
  };
}

export function currentSchema(metadata: TableMetadata): IcebergSchema {
  const id = metadata["current-schema-id"];
  return metadata.schemas.find((schema) => schema["schema-id"] === id) as IcebergSchema;
}

export function currentSpec(metadata: TableMetadata): PartitionSpec {
  const id = metadata["default-spec-id"];
  return metadata["partition-specs"].find((spec) => spec["spec-id"] === id) as PartitionSpec;
}

/** Where the table stands; null while it has no rows at all. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | null {
  const id = metadata.refs?.main?.["snapshot-id"] ?? metadata["current-snapshot-id"] ?? null;
  return metadata.snapshots?.find((snapshot) => snapshot["snapshot-id"] === id) ?? null;
}

/** Whether the branch goes back to the snapshot; null: those that would tell have expired. */
export function isAncestor(metadata: TableMetadata, id: string): boolean | null {
  const known = new Map(metadata.snapshots?.map((one) => [String(one["snapshot-id"]), one]));
  for (let at = currentSnapshot(metadata);;) {
    if (at === null) return false;
    if (String(at["snapshot-id"]) === id) return true;
    const parent = at["parent-snapshot-id"];
    if (parent === undefined) return false;
    const before = known.get(String(parent));
    if (before === undefined) return String(parent) === id ? true : null;
    at = before;
  }
}

/** What a commit changes; a catalog is told the same as updates. */
export interface MetadataChange {
  /** null: the schema stays. It may be one that the table has had before. */
  readonly schema: IcebergSchema | null;
  readonly lastColumnId: number;
  /** Set beside those that are there. */
  readonly properties: Readonly<Record<string, string>>;
  readonly snapshot: Snapshot;
}

export function hasSchema({ schemas }: TableMetadata, schema: IcebergSchema): boolean {
  return schemas.some((known) => known["schema-id"] === schema["schema-id"]);
}

/** Versions of the metadata that the log names: what Iceberg's own writers keep by default. */
const METADATA_LOG = 100;

/** The metadata after a commit. @param file of the metadata before; null where the table is new. */
export function withChange(
  metadata: TableMetadata,
  { schema, lastColumnId, properties, snapshot }: MetadataChange,
  file: string | null,
): TableMetadata {
  const id = snapshot["snapshot-id"];
  const at = snapshot["timestamp-ms"];
  const log = [...metadata["metadata-log"] ?? []];
  if (file !== null) {
    log.push({ "timestamp-ms": metadata["last-updated-ms"], "metadata-file": file });
  }
  return {
    ...metadata,
    ...(schema === null ? {} : {
      ...(hasSchema(metadata, schema) ? {} : {
        schemas: [...metadata.schemas, schema],
        "last-column-id": lastColumnId,
      }),
      "current-schema-id": schema["schema-id"],
    }),
    properties: { ...metadata.properties, ...properties },
    "last-sequence-number": snapshot["sequence-number"],
    "last-updated-ms": at,
    "current-snapshot-id": id,
    snapshots: [...metadata.snapshots ?? [], snapshot],
    "snapshot-log": [
      ...metadata["snapshot-log"] ?? [],
      { "timestamp-ms": at, "snapshot-id": id },
    ],
    "metadata-log": log.slice(-METADATA_LOG),
    refs: { ...metadata.refs, main: { ...metadata.refs?.main, "snapshot-id": id, type: "branch" } },
  };
}
