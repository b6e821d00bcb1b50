/**
 * Checkpoints: what a table is, in one Parquet file, so that nobody reads its log from the beginning.
 * https://github.com/delta-io/delta/blob/master/PROTOCOL.md#checkpoints
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { type Compressors, parquetReadObjects, type SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Action } from "./actions.ts";
import type { Snapshot } from "./snapshot.ts";

const group = (name: string, children: number): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  num_children: children,
});

const string = (name: string, repetition_type: "OPTIONAL" | "REQUIRED" = "OPTIONAL") =>
  ({ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type }) as SchemaElement;

const leaf = (name: string, type: "INT32" | "INT64" | "BOOLEAN"): SchemaElement => ({
  name,
  type,
  repetition_type: "OPTIONAL",
});

const map = (name: string): SchemaElement[] => [
  { ...group(name, 1), converted_type: "MAP" },
  { name: "key_value", repetition_type: "REPEATED", num_children: 2 },
  string("key", "REQUIRED"),
  string("value"),
];

const list = (name: string): SchemaElement[] => [
  { ...group(name, 1), converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  string("element"),
];

const KINDS = ["txn", "add", "remove", "metaData", "protocol"] as const;

const SCHEMA: SchemaElement[] = [
  { name: "root", num_children: KINDS.length },
  group("txn", 3),
  ...[string("appId"), leaf("version", "INT64"), leaf("lastUpdated", "INT64")],
  group("add", 7),
  ...[string("path"), ...map("partitionValues"), leaf("size", "INT64")],
  ...[leaf("modificationTime", "INT64"), leaf("dataChange", "BOOLEAN"), string("stats")],
  ...map("tags"),
  group("remove", 6),
  ...[string("path"), leaf("deletionTimestamp", "INT64"), leaf("dataChange", "BOOLEAN")],
  ...[leaf("extendedFileMetadata", "BOOLEAN"), ...map("partitionValues"), leaf("size", "INT64")],
  group("metaData", 8),
  ...[string("id"), string("name"), string("description")],
  ...[group("format", 2), string("provider"), ...map("options"), string("schemaString")],
  ...[...list("partitionColumns"), ...map("configuration"), leaf("createdTime", "INT64")],
  group("protocol", 4),
  ...[leaf("minReaderVersion", "INT32"), leaf("minWriterVersion", "INT32")],
  ...[...list("readerFeatures"), ...list("writerFeatures")],
];

/** Members that are INT64 in the file: numbers in the log, and bigints in Parquet. */
const LONGS: readonly string[] = [
  ...["version", "lastUpdated", "size", "modificationTime", "deletionTimestamp", "createdTime"],
];

type Row = Readonly<Record<string, unknown>>;

function converted(row: Row | null | undefined, to: (value: unknown) => unknown): Row | null {
  if (row === null || row === undefined) return null;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      LONGS.includes(name) && value !== null && value !== undefined ? to(value) : value,
    ]),
  );
}

/** Removed files stay known for a week, unless the table says otherwise: then all of them. */
const TOMBSTONES_MS = 7 * 86_400_000;
const TOMBSTONES_SETTING = "delta.deletedFileRetentionDuration";

/** The actions of a checkpoint. */
export function checkpointActions(snapshot: Snapshot, now: number): Action[] {
  const { protocol, metaData, txns, files, removed } = snapshot;
  const all = metaData?.configuration?.[TOMBSTONES_SETTING] !== undefined;
  const isKept = (at: number | null | undefined) => all || now - (at ?? 0) < TOMBSTONES_MS;
  return [
    ...(protocol === null ? [] : [{ protocol }]),
    ...(metaData === null ? [] : [{ metaData }]),
    ...[...txns.values()].map((txn) => ({ txn })),
    ...[...removed.values()].filter(({ deletionTimestamp }) => isKept(deletionTimestamp))
      .map((remove) => ({ remove: { ...remove, dataChange: false } })),
    ...[...files.values()].map((add) => ({ add: { ...add, dataChange: false } })),
  ];
}

/** The bytes of a checkpoint. */
export function writeCheckpoint(actions: readonly Action[]): Uint8Array {
  const columnData = KINDS.map((name) => ({
    name,
    data: actions.map((action) =>
      converted(action[name] as Row | undefined, (n) => BigInt(n as number))
    ),
  }));
  return new Uint8Array(parquetWriteBuffer({ schema: SCHEMA, columnData, codec: "SNAPPY" }));
}

const COMPRESSORS: Compressors = {
  GZIP: (input) => gunzipSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
};

/** The actions of a checkpoint of whoever wrote it. */
export async function readCheckpoint(bytes: Uint8Array): Promise<Action[]> {
  const file = bytes.buffer.slice(
    bytes.byteOffset,
    bytes.byteOffset + bytes.byteLength,
  ) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors: COMPRESSORS, columns: [...KINDS] });
  return rows.map((row) =>
    Object.fromEntries(
      KINDS.map((name) => [name, converted(row[name] as Row | null, (value) => Number(value))]),
    ) as Action
  );
}
