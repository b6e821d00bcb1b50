/** A Delta table, and a run's commit to it: the next version, created under a name that must be free. */
import { RivetError } from "../../../core/base/errors.ts";
import { RIVET_VERSION } from "../../../core/base/version.ts";
import { partitionName } from "../../../core/types/partition_transform.ts";
import { covering } from "../../../core/tables/covers.ts";
import type {
  CommitKind,
  Table,
  TableColumn,
  TableCommit,
  TableFile,
  TablePlace,
  TableVersion,
} from "../../../core/ports/table_format.ts";
import {
  type Action,
  type Add,
  commitKey,
  encodePath,
  type Remove,
  serializeActions,
} from "./actions.ts";
import { catchUp, checkpointIfDue, readLog } from "./log.ts";
import { protocolFor, requireKnown } from "./protocol.ts";
import {
  describeSchema,
  extendSchema,
  hasNtz,
  parseSchema,
  type Schema,
  schemaOf,
  schemaText,
} from "./schema.ts";
import type { Snapshot } from "./snapshot.ts";
import { statsOf } from "./stats.ts";

/** How often a commit starts over because another one came first. */
const ATTEMPTS = 100;

/** The port over a log. */
export class DeltaTable implements Table {
  readonly #place: TablePlace;
  readonly #snapshot: Snapshot;

  private constructor(place: TablePlace, snapshot: Snapshot) {
    this.#place = place;
    this.#snapshot = snapshot;
    this.#requireKnown();
  }

  /** @throws RivetError TABLE_UNSUPPORTED, DestinationError */
  static async open(place: TablePlace): Promise<DeltaTable> {
    return new DeltaTable(place, await readLog(place.store));
  }

  get current(): TableVersion | null {
    const schema = this.#schema();
    if (schema === null) return null;
    return { id: String(this.#snapshot.version), columns: describeSchema(schema) };
  }

  follows(version: string): boolean | null {
    return this.current !== null && Number(version) <= Number(this.current.id);
  }

  get lastSequence(): number | null {
    return this.#snapshot.txns.get(this.#appId)?.version ?? null;
  }

  /** Whose commits are counted. */
  get #appId(): string {
    return `rivet:${this.#place.exportName}`;
  }

  check(columns: readonly TableColumn[], write: CommitKind): TableVersion["columns"] {
    return describeSchema(this.#nextSchema(columns, write));
  }

  fieldIds(): null {
    return null;
  }

  files(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(this.#snapshot.files.keys()));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async commit(commit: TableCommit): Promise<TableVersion> {
    const { store } = this.#place;
    await catchUp(store, this.#snapshot);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#requireKnown();
      const actions = this.#isDone(commit) ? [] : this.#actions(commit);
      if (actions.length === 0) return this.#now();
      const version = this.#snapshot.version + 1;
      if (await store.create(serializeActions(actions), commitKey(version)) === "stored") {
        this.#snapshot.apply(actions, version);
        await checkpointIfDue(store, this.#snapshot, commit.committedAt.getTime());
        return this.#now();
      }
      const others = await catchUp(store, this.#snapshot);
      if (!this.#isDone(commit)) this.#requireOrder(this.#covered(commit), others);
    }
    throw this.#conflict(`${ATTEMPTS} times another commit came first`);
  }

  #now(): TableVersion {
    return this.current ?? { id: String(this.#snapshot.version), columns: [] };
  }

  /**
   * Whether this very run has been committed, by whoever tried it before. A run of another state may have
   * the same number: the table then knows nothing of these files.
   */
  #isDone({ sequence, added }: TableCommit): boolean {
    const { files, removed } = this.#snapshot;
    const last = this.lastSequence;
    if (last === null || last < sequence) return false;
    const isKnown = added.every(({ path }) => files.has(path) || removed.has(path));
    if (added.length > 0 && isKnown) return true;
    if (last > sequence) {
      throw this.#conflict(`run ${last} of the export is in it, which came after this one`);
    }
    // Without files the commit is made again, and changes nothing where it was made.
    if (added.length === 0) return false;
    throw this.#conflict(`run ${last} of an export of this name is in it, from another state`);
  }

  /** Rows that came in the meantime are not those that this commit was to replace. */
  #requireOrder(isReplaced: Replaced, others: readonly Action[]): void {
    const changed = others.some(({ add, remove }) =>
      add?.dataChange && isReplaced(add) || remove?.dataChange && isReplaced(remove)
    );
    if (changed) {
      throw this.#conflict("another writer has changed rows that this run was to replace");
    }
  }

  /** Which files' rows are those that the commit replaces, whatever they are. */
  #covered(commit: TableCommit): Replaced {
    if (commit.write === "replace") return () => true;
    const cover = covering(commit, this.#place.settings.partitionBy);
    if (cover === null) return () => false;
    const name = partitionName(cover);
    return ({ path, partitionValues }) => {
      const value = partitionValues?.[name];
      if (value !== undefined) return cover.holdsText(value);
      throw this.#conflict(`${path} came or went without a word of its ${name}`);
    };
  }

  #schema(): Schema | null {
    const { metaData } = this.#snapshot;
    return metaData === null ? null : parseSchema(metaData.schemaString, metaData.partitionColumns);
  }

  #nextSchema(columns: readonly TableColumn[], write: CommitKind): Schema {
    const { store, settings } = this.#place;
    const files = schemaOf(columns, settings.partitionBy);
    const table = this.#schema();
    if (table === null) return files;
    if (write !== "replace") return extendSchema(store.uri, table, files);
    return isSame(table, files) ? table : files;
  }

  /** Of the next version; none where nothing changes. */
  #actions(commit: TableCommit): Action[] {
    const { committedAt, columns, write } = commit;
    const at = committedAt.getTime();
    const changed = this.#metaData(this.#nextSchema(columns, write), at);
    const added = commit.added.filter(({ path }) => !this.#snapshot.files.has(path));
    const removed = this.#removed(commit);
    if (changed.length + added.length + removed.length === 0) return [];
    return [
      { commitInfo: this.#commitInfo(commit, removed.length === 0) },
      ...changed,
      { txn: { appId: this.#appId, version: commit.sequence, lastUpdated: at } },
      ...removed.map((add) => ({ remove: removal(add, at) })),
      ...added.map((file) => ({ add: this.#add(file, columns, at) })),
    ];
  }

  #removed(commit: TableCommit): Add[] {
    const { write, added, removed, kept } = commit;
    const { files } = this.#snapshot;
    const isReplaced = this.#covered(commit);
    const away = new Set(removed);
    const stays = new Set([...kept, ...added.map(({ path }) => path)]);
    // Nothing to mend: the run is in the table, whatever became of its files there.
    if (write === "amend" && added.length + removed.length > 0) this.#requireThere(removed, kept);
    const goes = [...files].filter(([path, add]) =>
      away.has(path) || !stays.has(path) && isReplaced(add)
    ).map(([path]) => path);
    const { metaData } = this.#snapshot;
    if (goes.length > 0 && metaData?.configuration?.["delta.appendOnly"] === "true") {
      throw new RivetError(
        "TABLE_UNSUPPORTED",
        `the Delta table ${this.#place.store.uri} is append-only (delta.appendOnly)`,
        { hint: "write: append adds rows; what is there cannot be replaced." },
      );
    }
    return goes.map((path) => files.get(path)).filter((add) => add !== undefined);
  }

  /** Rows that somebody else has replaced or rewritten since cannot be taken out again. */
  #requireThere(removed: readonly string[], kept: readonly string[]): void {
    const { files } = this.#snapshot;
    const gone = [...removed, ...kept].filter((path) => !files.has(path));
    if (gone.length === 0) return;
    throw this.#conflict(
      `${gone[0]}${gone.length > 1 ? ` and ${gone.length - 1} more` : ""} of the run that is ` +
        "mended is not in it any more: another run or writer has replaced it",
    );
  }

  #metaData(schema: Schema, at: number): Action[] {
    const { protocol: before, metaData } = this.#snapshot;
    const protocol = protocolFor(hasNtz(schema), before);
    const upgraded = protocol === before ? [] : [{ protocol }];
    if (metaData === null) {
      const created = {
        id: crypto.randomUUID(),
        format: { provider: "parquet", options: {} },
        schemaString: schemaText(schema),
        partitionColumns: schema.partitionColumns,
        configuration: {},
        createdTime: at,
      };
      return [...upgraded, { metaData: created }];
    }
    const schemaString = schemaText(schema);
    const { partitionColumns } = schema;
    const table = this.#schema();
    if (table !== null && isSame(table, schema)) return upgraded;
    return [...upgraded, { metaData: { ...metaData, schemaString, partitionColumns } }];
  }

  #add(file: TableFile, columns: readonly TableColumn[], at: number): Add {
    const names = this.#place.settings.partitionBy.map(partitionName);
    return {
      path: encodePath(file.path),
      partitionValues: Object.fromEntries(
        names.map((name, i) => [name, file.partition[i] ?? null]),
      ),
      size: file.sizeBytes,
      modificationTime: at,
      dataChange: true,
      stats: statsOf(columns.filter(({ name }) => !names.includes(name)), file),
    };
  }

  #commitInfo({ write, runId, committedAt }: TableCommit, isBlindAppend: boolean) {
    return {
      timestamp: committedAt.getTime(),
      operation: "WRITE",
      operationParameters: {
        mode: write === "replace" || write === "overwrite" ? "Overwrite" : "Append",
        partitionBy: JSON.stringify(this.#place.settings.partitionBy.map(partitionName)),
      },
      isBlindAppend,
      engineInfo: `rivet/${RIVET_VERSION}`,
      userMetadata: JSON.stringify({ rivet_run_id: runId, write }),
    };
  }

  #requireKnown(): void {
    const { protocol, metaData } = this.#snapshot;
    if (protocol !== null && metaData !== null) {
      requireKnown(this.#place.store.uri, protocol, metaData);
    }
  }

  #conflict(why: string): RivetError {
    return new RivetError("TABLE_CONFLICT", `the Delta table ${this.#place.store.uri}: ${why}`, {
      hint: "Nothing was committed. Run again: it starts from what is in the table now.",
    });
  }
}

type Replaced = (file: Pick<Add, "path"> & Pick<Remove, "partitionValues">) => boolean;

function removal({ path, partitionValues, size }: Add, at: number) {
  return {
    ...{ path, deletionTimestamp: at, dataChange: true },
    ...{ extendedFileMetadata: true, partitionValues, size },
  };
}

function isSame(a: Schema, b: Schema): boolean {
  return JSON.stringify(describeSchema(a)) === JSON.stringify(describeSchema(b)) &&
    a.partitionColumns.join("\0") === b.partitionColumns.join("\0");
}
