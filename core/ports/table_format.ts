/**
 * The table port: a run's files become the rows of a table of an open format, in the format's own atomic
 * commit.
 *
 * Order: the files are at the destination, then `commit`, then `_SUCCESS`. Nobody reads a row before the
 * commit, and whoever reads after it sees all of the run. A commit carries the run's place among the runs
 * of its export (`sequence`): whoever repeats it finds it done (`Table.lastSequence`). Nothing of a
 * table is edited; an object of a commit is created under a name that must be free, or is replaced whole
 * where it only helps readers. Every call may be repeated after any failure.
 *
 * @throws RivetError TABLE_CONFLICT, TABLE_SCHEMA, TABLE_UNSUPPORTED: nothing was committed, and nothing will
 * be. After any other error the commit may have been made all the same.
 */
import type { TableSettings } from "../config/loaded.ts";
import type { TableType, TableWrite } from "../config/table_formats.ts";
import type { RivetType } from "../types/types.ts";
import type { ObjectInfo } from "./destination.ts";
import type { FieldIds, FileStatistics } from "./format.ts";
import type { Grants } from "./granted_access.ts";
import type { EnvLookup } from "./needs.ts";

/** One of the formats, loaded when it is first asked for. */
export interface TableFormat {
  readonly type: TableType;
  /** Reads what is there; writes nothing. */
  open(place: TablePlace): Promise<Table>;
  /**
   * What the table's catalog hands out for its destination; null: there is no catalog.
   * @param asking whether what the catalog wants first, a namespace, may be made for it. Who only looks makes
   * nothing, and is told by `NotGrantedYetError` that there is nothing to be had yet.
   */
  grants(place: Omit<TablePlace, "store">, asking: Asking): Grants | null;
}

/** What access is asked for: a run's work, or a look that changes nothing. */
export type Asking = "work" | "look";

/** Where a table is, and whose. */
export interface TablePlace {
  readonly store: TableStore;
  readonly settings: TableSettings;
  readonly exportName: string;
  readonly env: EnvLookup;
  readonly signal: AbortSignal;
}

/** The objects of a table: those of the export's destination. Keys are relative to its root. */
export interface TableStore {
  /** Of the root, without a `/` at its end. */
  readonly uri: string;
  read(key: string): Promise<Uint8Array | null>;
  head(key: string): Promise<ObjectInfo | null>;
  /** In key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Only if the name is free, by the store's own condition. */
  create(bytes: Uint8Array, key: string): Promise<"stored" | "taken">;
  replace(bytes: Uint8Array, key: string): Promise<void>;
}

/** A column of the files, as far as a table knows it. */
export interface TableColumn {
  readonly name: string;
  readonly type: RivetType;
}

/** A file that is to be in the table. */
export interface TableFile {
  /** Relative to the root. */
  readonly path: string;
  readonly rows: number;
  readonly sizeBytes: number;
  readonly statistics: FileStatistics | null;
  /** Of each of `TableSettings.partitionBy`, as text (`2026-01-31`, `2026-01`, `2026`); null: NULL. */
  readonly partition: readonly (string | null)[];
}

/** What a commit does with what is there. */
export type CommitKind = TableWrite | "overwrite" | "amend";

/** Partitions that a run has read anew, whole: those of one field, from a value on. */
export interface TableCover {
  /** Which of `TableSettings.partitionBy`. */
  readonly field: number;
  /** As in `TableFile.partition`. NULL is not among them. */
  readonly from: string;
}

/** What a run makes of the table. */
export interface TableCommit {
  readonly runId: string;
  /** Grows with every run of the export. */
  readonly sequence: number;
  /**
   * `append`: what is there stays. `replace`: nothing of it but `kept`. `overwrite`: what is not in the
   * partitions of `covers`. `amend`: only `removed` goes, which must be there: a run that is in the table
   * already is corrected.
   */
  readonly write: CommitKind;
  /** Of `overwrite`; else null. */
  readonly covers: TableCover | null;
  /** Of all the files, in their order. */
  readonly columns: readonly TableColumn[];
  readonly added: readonly TableFile[];
  /** Paths of the run's own files that are no longer its data; with `append` they may be unknown. */
  readonly removed: readonly string[];
  /** Paths of the run's files that are in the table since an earlier attempt. */
  readonly kept: readonly string[];
  readonly committedAt: Date;
}

/** A state of the table. */
export interface TableVersion {
  /** The format's own name of it: Delta's version, Iceberg's snapshot id. */
  readonly id: string;
  /** In the table's order. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** An open table: what is there, and the way to the next version. Used by one caller at a time. */
export interface Table {
  /** When it was opened, or last committed to; null: there is no table. */
  readonly current: TableVersion | null;
  /** Of the last run of the export that is in the table; null: none is. */
  readonly lastSequence: number | null;
  /** Whether the table came to what it is by way of that version; null: it does not remember. */
  follows(version: string): boolean | null;
  /**
   * Whether files of these columns can be committed, before they are written.
   * @returns the table's columns after such a commit
   * @throws RivetError TYPE_UNSUPPORTED, TABLE_SCHEMA, naming the column and what to write
   */
  check(columns: readonly TableColumn[], write: CommitKind): TableVersion["columns"];
  /** By which the files' columns are known to the table; null where names are. */
  fieldIds(
    columns: readonly TableColumn[],
    write: CommitKind,
  ): ReadonlyMap<string, FieldIds> | null;
  /** Does nothing where the run is in the table already. */
  commit(commit: TableCommit): Promise<TableVersion>;
  /** Paths of the files whose rows are the table now. */
  files(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}
