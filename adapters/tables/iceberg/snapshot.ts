/**
 * A commit's objects: a manifest of the files that come, one for each manifest from which files go, and the
 * list of all. Nothing of them is seen before the table's metadata names the list.
 */
import type { TableCommit, TableStore } from "../../../core/ports/table_format.ts";
import type { TablePartition } from "../../../core/config/loaded.ts";
import { covering } from "../../../core/tables/covers.ts";
import { parsePartitionText, parseTransform } from "../../../core/types/partition_transform.ts";
import type { TableFile } from "../../../core/ports/table_format.ts";
import { RivetError } from "../../../core/base/errors.ts";
import {
  addedEntry,
  decodeManifestList,
  encodeManifest,
  encodeManifestList,
  type Entry,
  type LiveEntries,
  liveEntries,
  type ManifestFile,
  manifestFile,
  type ManifestHead,
  type ManifestOf,
  type NewFile,
  newHead,
  Status,
} from "./manifest.ts";
import { currentSnapshot, EXPORT, RUN_ID, type Snapshot, type TableMetadata } from "./metadata.ts";
import { namesById } from "./manifest_schema.ts";
import { fileMetrics } from "./metrics.ts";
import { partitionColumns, type PartitionSpec, partitionValue } from "./partition_spec.ts";
import type { IcebergSchema } from "./schema.ts";
import { keyOf, pathOf } from "./paths.ts";

/** What a commit is made on. */
export interface SnapshotBase {
  readonly metadata: TableMetadata;
  readonly schema: IcebergSchema;
  readonly spec: PartitionSpec;
  readonly exportName: string;
  /** As the export has it. */
  readonly partitionBy: readonly TablePartition[];
}

async function readObject(
  store: TableStore,
  base: TableMetadata,
  path: string,
): Promise<Uint8Array> {
  const bytes = await store.read(keyOf(base.location, path));
  if (bytes !== null) return bytes;
  throw new RivetError(
    "TABLE_UNSUPPORTED",
    `${path}, which the table's metadata names, is missing`,
    {
      hint: "The table is damaged: restore the object, or roll back to an older snapshot.",
    },
  );
}

/** The manifests of the table as it is. */
export async function manifestsOf(
  store: TableStore,
  metadata: TableMetadata,
): Promise<ManifestFile[]> {
  const snapshot = currentSnapshot(metadata);
  if (snapshot === null) return [];
  return decodeManifestList(await readObject(store, metadata, snapshot["manifest-list"]));
}

function specOf(metadata: TableMetadata, schema: IcebergSchema, id: number): ManifestOf {
  const spec = metadata["partition-specs"].find((known) => known["spec-id"] === id);
  if (spec === undefined) {
    throw new RivetError("TABLE_UNSUPPORTED", `the table's metadata has no partition spec ${id}`);
  }
  return { schema, spec };
}

/** The live files of one manifest. */
export async function entriesOf(
  store: TableStore,
  metadata: TableMetadata,
  line: ManifestFile,
): Promise<LiveEntries> {
  return liveEntries(await readObject(store, metadata, line.manifest_path), line);
}

/** Which of the live files go, of a manifest by such partitions, called so by the ids of their fields. */
type Goes = (
  file: Entry["data_file"],
  spec: PartitionSpec,
  names: ReadonlyMap<number | undefined, string>,
) => boolean;

class Changes {
  readonly #store: TableStore;
  readonly #base: SnapshotBase;
  readonly snapshotId: bigint;
  readonly sequenceNumber: bigint;
  readonly #name = crypto.randomUUID();
  #manifests = 0;
  readonly counts = { addedFiles: 0, addedRows: 0n, addedBytes: 0n };
  readonly gone = { files: 0, rows: 0n, bytes: 0n };

  constructor(store: TableStore, base: SnapshotBase, snapshotId: bigint) {
    this.#store = store;
    this.#base = base;
    this.snapshotId = snapshotId;
    this.sequenceNumber = BigInt(base.metadata["last-sequence-number"]) + 1n;
  }

  async create(bytes: Uint8Array, name: string): Promise<string> {
    const key = `metadata/${name}`;
    // The name is ours alone: taken, it is what an attempt left whose answer was lost.
    await this.#store.create(bytes, key);
    return pathOf(this.#base.metadata.location, key);
  }

  async manifest(
    of: ManifestOf,
    head: ManifestHead,
    entries: readonly Entry[],
  ): Promise<ManifestFile> {
    const bytes = encodeManifest(head, entries);
    const path = await this.create(bytes, `${this.#name}-m${this.#manifests++}.avro`);
    return manifestFile(of, head, entries, { path, bytes: bytes.length }, {
      snapshotId: this.snapshotId,
      sequenceNumber: this.sequenceNumber,
    });
  }

  async add(files: readonly NewFile[]): Promise<ManifestFile[]> {
    if (files.length === 0) return [];
    const { schema, spec } = this.#base;
    const columns = partitionColumns(spec, schema);
    for (const file of files) {
      this.counts.addedFiles++;
      this.counts.addedRows += BigInt(file.rows);
      this.counts.addedBytes += BigInt(file.sizeBytes);
    }
    const entries = files.map((file) => addedEntry(file, columns, this.snapshotId));
    return [await this.manifest({ schema, spec }, newHead({ schema, spec }), entries)];
  }

  /** The manifest without the files that go; itself where none does. */
  async without(line: ManifestFile, goes: Goes, found: Set<string>): Promise<ManifestFile> {
    const { metadata, schema } = this.#base;
    const { head, entries } = await entriesOf(this.#store, metadata, line);
    const { spec } = specOf(metadata, schema, line.partition_spec_id);
    const names = namesById(head.partition);
    const going = entries.filter(({ data_file }) => goes(data_file, spec, names));
    if (going.length === 0) return line;
    for (const { data_file: file } of going) {
      found.add(file.file_path);
      this.gone.files++;
      this.gone.rows += file.record_count;
      this.gone.bytes += file.file_size_in_bytes;
    }
    const changed = entries.map((entry): Entry =>
      going.includes(entry)
        ? { ...entry, status: Status.DELETED, snapshot_id: this.snapshotId }
        : { ...entry, status: Status.EXISTING }
    );
    return this.manifest(specOf(metadata, schema, line.partition_spec_id), head, changed);
  }

  list(manifests: readonly ManifestFile[], parentId: bigint | null): Promise<string> {
    const { snapshotId: id, sequenceNumber } = this;
    const bytes = encodeManifestList({ id, parentId, sequenceNumber }, manifests);
    return this.create(bytes, `snap-${id}-1-${this.#name}.avro`);
  }
}

/** Positive, and a number that readers hold which know doubles alone. */
function newSnapshotId(metadata: TableMetadata): bigint {
  for (;;) {
    const [random] = crypto.getRandomValues(new BigUint64Array(1));
    const id = (random & ((1n << 53n) - 1n)) | 1n;
    if (!metadata.snapshots?.some((snapshot) => snapshot["snapshot-id"] === id)) return id;
  }
}

function newFile(file: TableFile, commit: TableCommit, base: SnapshotBase): NewFile {
  const { schema, spec, metadata } = base;
  const given = file.partition.values();
  const partition = spec.fields.map((field) => {
    // What is no longer partitioned by has no value, and no folder.
    const text = field.transform === "void" ? null : given.next().value ?? null;
    const name = schema.fields.find(({ id }) => id === field["source-id"])?.name;
    const type = commit.columns.find((column) => column.name === name)?.type;
    const transform = parseTransform(field.transform);
    if (text === null || type === undefined || transform === null) return null;
    return parsePartitionText(type, transform, text);
  });
  return {
    path: pathOf(metadata.location, file.path),
    rows: file.rows,
    sizeBytes: file.sizeBytes,
    partition,
    metrics: fileMetrics(file.statistics, commit.columns, schema),
    splitOffsets: file.statistics?.splits ?? [],
  };
}

/** By the partitions that a run has read anew; a file of other partitions cannot be told. */
function coveredBy({ schema, partitionBy }: SnapshotBase, commit: TableCommit): Goes | null {
  const cover = covering(commit, partitionBy);
  if (cover === null) return null;
  const source = schema.fields.find(({ name }) => name === cover.column)?.id;
  return ({ file_path, partition }, spec, names) => {
    const found = partitionColumns(spec, schema).find(({ field }) =>
      field["source-id"] === source && field.transform === cover.transform
    );
    if (found !== undefined) {
      return cover.holds(
        partitionValue(found.type, partition[names.get(found.field["field-id"]) ?? ""]),
      );
    }
    throw new RivetError(
      "TABLE_UNSUPPORTED",
      `${file_path} is not partitioned by ${cover.transform}(${cover.column}), by which this run replaces ` +
        "rows",
      { hint: "Rewrite the table's older files by its partitions, with the engine that owns it." },
    );
  };
}

function goesOf(commit: TableCommit, base: SnapshotBase): Goes | null {
  const { metadata } = base;
  const paths = (keys: readonly string[]) =>
    new Set(keys.map((key) => pathOf(metadata.location, key)));
  if (commit.write === "replace") {
    const kept = paths(commit.kept);
    return ({ file_path: path }) => !kept.has(path);
  }
  const covered = coveredBy(base, commit);
  if (covered === null && commit.removed.length === 0) return null;
  const removed = paths(commit.removed);
  return (file, spec, names) =>
    removed.has(file.file_path) || covered?.(file, spec, names) === true;
}

/**
 * Writes all but the metadata, and returns the snapshot that it is to name.
 * @throws RivetError TABLE_CONFLICT when files that are to go are no longer there.
 */
export async function writeSnapshot(
  store: TableStore,
  base: SnapshotBase,
  commit: TableCommit,
): Promise<Snapshot> {
  const { metadata, schema } = base;
  const parent = currentSnapshot(metadata);
  const changes = new Changes(store, base, newSnapshotId(metadata));
  const goes = goesOf(commit, base);
  const found = new Set<string>();
  const lines: ManifestFile[] = [];
  for (const line of await manifestsOf(store, metadata)) {
    // Deletes are of rows that all go.
    if (line.content !== 0 && commit.write === "replace") continue;
    lines.push(
      goes === null || line.content !== 0 ? line : await changes.without(line, goes, found),
    );
  }
  if (commit.write === "amend") missing(commit, metadata, found);
  const added = await changes.add(commit.added.map((file) => newFile(file, commit, base)));
  const manifests = [...added, ...lines.filter((line) => !isEmpty(line, changes.snapshotId))];
  const list = await changes.list(manifests, parent?.["snapshot-id"] ?? null);
  return {
    "snapshot-id": changes.snapshotId,
    ...(parent === null ? {} : { "parent-snapshot-id": parent["snapshot-id"] }),
    "sequence-number": Number(changes.sequenceNumber),
    "timestamp-ms": Math.max(commit.committedAt.getTime(), metadata["last-updated-ms"]),
    summary: {
      ...summaryOf(changes, commit, parent, manifests),
      [RUN_ID]: commit.runId,
      [EXPORT]: base.exportName,
    },
    "manifest-list": list,
    "schema-id": schema["schema-id"],
  };
}

/** A manifest of nothing but what went earlier. */
function isEmpty(line: ManifestFile, snapshotId: bigint): boolean {
  return line.added_files_count === 0 && line.existing_files_count === 0 &&
    line.added_snapshot_id !== snapshotId;
}

function missing(commit: TableCommit, metadata: TableMetadata, found: ReadonlySet<string>): void {
  const lost = commit.removed.find((key) => !found.has(pathOf(metadata.location, key)));
  if (lost === undefined) return;
  throw new RivetError(
    "TABLE_CONFLICT",
    `${lost} is no longer in the table: another writer has replaced or rewritten it`,
    { hint: "Run the export again as a whole, with write: replace." },
  );
}

function total(parent: Snapshot | null, key: string): bigint {
  const text = parent?.summary[key];
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : 0n;
}

function summaryOf(
  { counts, gone }: Changes,
  commit: TableCommit,
  parent: Snapshot | null,
  manifests: readonly ManifestFile[],
): Snapshot["summary"] {
  const live = manifests.filter(({ content }) => content === 0);
  const sum = (...keys: string[]) =>
    live.reduce(
      (all, line) =>
        all + keys.reduce((one, key) => one + BigInt(line[key] as number | bigint), 0n),
      0n,
    );
  const deletes = commit.write === "replace" ? null : parent;
  const numbers: Record<string, bigint> = {
    "added-data-files": BigInt(counts.addedFiles),
    "added-records": counts.addedRows,
    "added-files-size": counts.addedBytes,
    "deleted-data-files": BigInt(gone.files),
    "deleted-records": gone.rows,
    "removed-files-size": gone.bytes,
    "total-data-files": sum("added_files_count", "existing_files_count"),
    "total-records": sum("added_rows_count", "existing_rows_count"),
    "total-files-size": total(parent, "total-files-size") + counts.addedBytes - gone.bytes,
    "total-delete-files": total(deletes, "total-delete-files"),
    "total-position-deletes": total(deletes, "total-position-deletes"),
    "total-equality-deletes": total(deletes, "total-equality-deletes"),
  };
  const shown = Object.entries(numbers).filter(([key, value]) =>
    value > 0n || key.startsWith("total")
  )
    .map(([key, value]) => [key, String(value)]);
  const operation = commit.write !== "replace" && gone.files === 0 ? "append" : "overwrite";
  return { operation, ...Object.fromEntries(shown) };
}
