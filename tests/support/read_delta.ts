/**
 * A Delta table as its log says, by a reader of the tests' own: every action is held against the protocol's
 * form, strictly. https://github.com/delta-io/delta/blob/master/PROTOCOL.md#actions
 */
import { Ajv } from "ajv";
import assert from "node:assert/strict";
import { join } from "node:path";
import { queryDuckdb } from "./readers.ts";

const text = { type: "string" };
const integer = { type: "integer" };
const flag = { type: "boolean" };
const strings = { type: "array", items: text };
const values = { type: "object", additionalProperties: { type: ["string", "null"] } };
const settings = { type: "object", additionalProperties: text };

const object = (properties: Record<string, unknown>, required: string[]) => ({
  ...{ type: "object", properties, required },
  additionalProperties: false,
});

const ACTIONS = {
  ...{ type: "object", minProperties: 1, maxProperties: 1, additionalProperties: false },
  properties: {
    commitInfo: {
      type: "object",
      properties: { timestamp: integer, operation: text, operationParameters: settings },
      required: ["timestamp"],
    },
    protocol: object({
      minReaderVersion: integer,
      minWriterVersion: integer,
      readerFeatures: strings,
      writerFeatures: strings,
    }, ["minReaderVersion", "minWriterVersion"]),
    metaData: object({
      ...{ id: text, name: text, description: text, schemaString: text },
      format: object({ provider: { const: "parquet" }, options: settings }, ["provider"]),
      ...{ partitionColumns: strings, configuration: settings, createdTime: integer },
    }, ["id", "format", "schemaString", "partitionColumns", "configuration"]),
    txn: object({ appId: text, version: integer, lastUpdated: integer }, ["appId", "version"]),
    add: object({
      ...{ path: text, partitionValues: values, size: integer, modificationTime: integer },
      ...{ dataChange: flag, stats: text, tags: values },
    }, ["path", "partitionValues", "size", "modificationTime", "dataChange"]),
    remove: object({
      ...{ path: text, deletionTimestamp: integer, dataChange: flag },
      ...{ extendedFileMetadata: flag, partitionValues: values, size: integer },
    }, ["path", "dataChange", "extendedFileMetadata", "partitionValues", "size"]),
  },
};

const STATS = object({
  numRecords: { type: "integer", minimum: 0 },
  minValues: { type: "object" },
  maxValues: { type: "object" },
  nullCount: { type: "object", additionalProperties: integer },
}, ["numRecords"]);

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const isAction = ajv.compile(ACTIONS);
const isStats = ajv.compile(STATS);

/** One line of a commit. */
export type LogAction = { readonly [kind: string]: Record<string, unknown> };

/** What a log says at its last version. */
export interface DeltaState {
  readonly version: number;
  readonly commits: readonly (readonly LogAction[])[];
  readonly protocol: Record<string, unknown>;
  readonly metaData: Record<string, unknown>;
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
  /** Decoded path -> its add. */
  readonly files: ReadonlyMap<string, Record<string, unknown>>;
  readonly txns: Readonly<Record<string, number>>;
}

/** @param read the text of a key; null: it is not there. */
export async function readDelta(
  read: (key: string) => Promise<string | null>,
): Promise<DeltaState> {
  const files = new Map<string, Record<string, unknown>>();
  const txns: Record<string, number> = {};
  const commits: LogAction[][] = [];
  let protocol: Record<string, unknown> = {};
  let metaData: Record<string, unknown> = {};
  for (;;) {
    const body = await read(`_delta_log/${String(commits.length).padStart(20, "0")}.json`);
    if (body === null) break;
    const actions = body.trimEnd().split("\n").map((line) => JSON.parse(line) as LogAction);
    commits.push(actions);
    const paths = actions.map(({ add, remove }) => (add ?? remove)?.path).filter((p) => p);
    assert.equal(new Set(paths).size, paths.length, "a commit names a path twice");
    for (const action of actions) {
      assert.ok(isAction(action), `${JSON.stringify(action)}: ${ajv.errorsText(isAction.errors)}`);
      const { add, remove, txn } = action;
      protocol = action.protocol ?? protocol;
      metaData = action.metaData ?? metaData;
      if (txn) txns[String(txn.appId)] = Number(txn.version);
      if (remove) {
        assert.ok(files.delete(decodeURIComponent(String(remove.path))), "removed, and not there");
      }
      if (!add) continue;
      const stats = JSON.parse(String(add.stats));
      assert.ok(isStats(stats), `${add.stats}: ${ajv.errorsText(isStats.errors)}`);
      files.set(decodeURIComponent(String(add.path)), add);
    }
  }
  const fields = metaData.schemaString === undefined
    ? []
    : JSON.parse(String(metaData.schemaString)).fields;
  return { version: commits.length - 1, commits, protocol, metaData, fields, files, txns };
}

/** Of a table in a folder. */
export function readDeltaFolder(dir: string): Promise<DeltaState> {
  return readDelta((key) => Deno.readTextFile(join(dir, key)).catch(() => null));
}

/** The rows of a table in a folder, by DuckDB's reader of its files. */
export async function deltaRows(dir: string, select = "*"): Promise<Record<string, unknown>[]> {
  const { files } = await readDeltaFolder(dir);
  if (files.size === 0) return [];
  const list = [...files.keys()].map((path) => `'${join(dir, path)}'`).join(", ");
  return await queryDuckdb(
    `SELECT ${select} FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)`,
  );
}
