/**
 * The actions of a Delta log, as far as this version reads and writes them.
 * https://github.com/delta-io/delta/blob/master/PROTOCOL.md#actions
 */

/** A file whose rows are in the table. Property names are those of the log. */
export interface Add {
  /** Relative to the table's root, percent-encoded; or absolute. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON. */
  readonly stats?: string | null;
  readonly tags?: Readonly<Record<string, string | null>> | null;
}

/** A file whose rows are no longer in the table, kept for readers of older versions. */
export interface Remove {
  readonly path: string;
  readonly deletionTimestamp?: number | null;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | null;
  readonly partitionValues?: Readonly<Record<string, string | null>> | null;
  readonly size?: number | null;
}

/** The table's schema and settings. */
export interface MetaData {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly format: {
    readonly provider: string;
    readonly options?: Readonly<Record<string, string>> | null;
  };
  /** JSON of a struct type. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration?: Readonly<Record<string, string>> | null;
  readonly createdTime?: number | null;
}

/** What who reads and who writes must know. */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | null;
  readonly writerFeatures?: readonly string[] | null;
}

/** How far an application has come. */
export interface Txn {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number | null;
}

/** One line of a commit, one row of a checkpoint: exactly one member that is known, or none. */
export interface Action {
  readonly add?: Add | null;
  readonly remove?: Remove | null;
  readonly metaData?: MetaData | null;
  readonly protocol?: Protocol | null;
  readonly txn?: Txn | null;
  readonly commitInfo?: Readonly<Record<string, unknown>> | null;
}

/** The folder of the log. */
export const LOG = "_delta_log/";
/** Where its last checkpoint is said to be. */
export const LAST_CHECKPOINT = `${LOG}_last_checkpoint`;

/** Names sort as versions do. */
export function versionName(version: number): string {
  return String(version).padStart(20, "0");
}

/** Of the commit that makes a version. */
export function commitKey(version: number): string {
  return `${LOG}${versionName(version)}.json`;
}

/** A commit's bytes: one action a line. */
export function serializeActions(actions: readonly Action[]): Uint8Array {
  return new TextEncoder().encode(actions.map((action) => `${JSON.stringify(action)}\n`).join(""));
}

/** @throws SyntaxError */
export function parseActions(bytes: Uint8Array): Action[] {
  return new TextDecoder().decode(bytes).split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Action);
}

/** A key as the log names it: RFC 2396, with Hive's `=` as it is. */
export function encodePath(key: string): string {
  return key.split("/").map((step) => encodeURIComponent(step).replaceAll("%3D", "=")).join("/");
}

/** A name of the log as a key of the store; what does not decode stays. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
