/** An Iceberg table, as the port has it: what is the same whoever says which metadata counts. */
import { RivetError } from "../../../core/base/errors.ts";
import { quoted, spelledOut } from "../../../core/base/printable.ts";
import type { FieldIds } from "../../../core/ports/format.ts";
import type {
  CommitKind,
  Table,
  TableColumn,
  TableCommit,
  TablePlace,
  TableStore,
  TableVersion,
} from "../../../core/ports/table_format.ts";
import { formatTransform, parseTransform } from "../../../core/types/partition_transform.ts";
import { formatType } from "../../../core/types/types.ts";
import type { Catalog, Loaded, Proposal } from "./catalog.ts";
import {
  currentSchema,
  currentSnapshot,
  currentSpec,
  isAncestor,
  type MetadataChange,
  newTable,
  RUN_ID,
  type TableMetadata,
} from "./metadata.ts";
import { newSpec, type PartitionBy, partitionsOf, type PartitionSpec } from "./partition_spec.ts";
import { keyOf, samePlace } from "./paths.ts";
import {
  evolve,
  type Evolved,
  fieldIds,
  type IcebergSchema,
  knownSchema,
  newSchema,
} from "./schema.ts";
import { entriesOf, manifestsOf, writeSnapshot } from "./snapshot.ts";

/** Commits that others may make between our attempts, before it is theirs alone. */
const ATTEMPTS = 20;

/** The property that holds the sequence of the last run of an export: snapshots expire, it stays. */
const sequenceKey = (exportName: string) => `rivet.sequence.${exportName}`;

interface Planned {
  readonly metadata: TableMetadata;
  readonly evolved: Evolved;
  readonly spec: PartitionSpec;
}

export class IcebergTable implements Table {
  readonly #catalog: Catalog;
  readonly #store: TableStore;
  readonly #exportName: string;
  readonly #location: string;
  readonly #partitionBy: readonly PartitionBy[];
  #loaded: Loaded | null;

  constructor(
    place: Pick<TablePlace, "store" | "exportName" | "settings">,
    catalog: Catalog,
    location: string,
    loaded: Loaded | null,
  ) {
    this.#catalog = catalog;
    this.#store = place.store;
    this.#exportName = place.exportName;
    this.#location = location;
    this.#partitionBy = place.settings.partitionBy.map(({ column, transform }) => {
      const parsed = parseTransform(transform);
      if (parsed === null) throw new RivetError("TABLE_UNSUPPORTED", `no transform ${transform}`);
      return { column, transform: parsed };
    });
    this.#loaded = loaded;
    this.#checkPlace();
  }

  get current(): TableVersion | null {
    return this.#loaded === null ? null : versionOf(this.#loaded.metadata);
  }

  follows(version: string): boolean | null {
    const metadata = this.#loaded?.metadata;
    return metadata === undefined ? false : isAncestor(metadata, version);
  }

  get lastSequence(): number | null {
    return lastSequence(this.#loaded?.metadata ?? null, this.#exportName);
  }

  check(columns: readonly TableColumn[], write: CommitKind): TableVersion["columns"] {
    return described(this.#plan(this.#loaded, columns, write).evolved.schema);
  }

  fieldIds(
    columns: readonly TableColumn[],
    write: CommitKind,
  ): ReadonlyMap<string, FieldIds> {
    return fieldIds(this.#plan(this.#loaded, columns, write).evolved.schema);
  }

  async commit(commit: TableCommit): Promise<TableVersion> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const base = await this.#reload();
      if (base !== null && await this.#isDone(base, commit)) {
        await this.#catalog.settle();
        return versionOf(base.metadata);
      }
      if (attempt > 1 && isReplacing(commit)) throw replacedByOther(this.#exportName);
      const proposal = await this.#propose(base, commit);
      // What came of an attempt that failed is seen in the table by whoever commits again.
      if (await this.#catalog.commit(proposal) === "done") {
        return versionOf((await this.#reload())?.metadata ?? proposal.metadata);
      }
    }
    throw new RivetError(
      "TABLE_CONFLICT",
      `export '${this.#exportName}': ${ATTEMPTS} commits of others came before each of this run's`,
      { hint: "Run the export again when fewer writers commit to the table." },
    );
  }

  async files(): Promise<ReadonlySet<string>> {
    const loaded = this.#loaded;
    const keys = new Set<string>();
    if (loaded === null) return keys;
    const { metadata } = loaded;
    for (const line of await manifestsOf(this.#store, metadata)) {
      if (line.content !== 0) continue;
      for (const { data_file: file } of (await entriesOf(this.#store, metadata, line)).entries) {
        keys.add(keyOf(metadata.location, file.file_path));
      }
    }
    return keys;
  }

  close(): Promise<void> {
    return this.#catalog.close();
  }

  /**
   * Whether this very run has been committed, by whoever tried it before. A run of another state may have
   * the same number, or a later one: the table then knows neither its id nor its files.
   */
  async #isDone({ metadata }: Loaded, commit: TableCommit): Promise<boolean> {
    const { added, removed, runId, sequence, write } = commit;
    const last = lastSequence(metadata, this.#exportName);
    if (write !== "amend") {
      if (last === null || last < sequence) return false;
      if (metadata.snapshots?.some(({ summary }) => summary[RUN_ID] === runId)) return true;
    }
    const files = await this.files();
    const isThere = added.every(({ path }) => files.has(path));
    // A correction has the place of the run that it corrects: its files tell.
    if (write === "amend") return isThere && !removed.some((path) => files.has(path));
    // A snapshot may have expired that added nothing.
    if (isThere && (added.length > 0 || write === "append")) return true;
    throw new RivetError(
      "TABLE_CONFLICT",
      `export '${this.#exportName}': run ${last} of an export of this name is in the table, from another ` +
        `state, and this is run ${sequence}`,
      {
        hint:
          "Give an export that writes to a table one state, or each state's export its own name.",
      },
    );
  }

  async #reload(): Promise<Loaded | null> {
    this.#loaded = await this.#catalog.load();
    this.#checkPlace();
    return this.#loaded;
  }

  /** Its files are named by whole addresses: a table that was moved is another one. */
  #checkPlace(metadata: TableMetadata | undefined = this.#loaded?.metadata): void {
    const there = metadata?.location;
    if (there === undefined || samePlace(there, this.#location)) return;
    throw new RivetError(
      "TABLE_UNSUPPORTED",
      `export '${this.#exportName}': the table is at ${there}, and the destination is ${this.#location}`,
      { hint: "Write the table's own location into `destination`." },
    );
  }

  #plan(
    loaded: Loaded | null,
    columns: readonly TableColumn[],
    write: CommitKind,
  ): Planned {
    const evolved = loaded === null
      ? newSchema(columns)
      : evolvedFrom(loaded.metadata, columns, write === "replace");
    this.#refuse(evolved, columns);
    const spec = loaded === null
      ? newSpec(evolved.schema, this.#partitionBy)
      : this.#knownSpec(loaded.metadata, evolved);
    const metadata = loaded?.metadata ??
      newTable(this.#location, evolved.schema, evolved.lastColumnId, spec);
    return { metadata, evolved, spec };
  }

  #refuse({ problems, drift }: Evolved, columns: readonly TableColumn[]): void {
    if (problems.length > 0) {
      const lines = problems.map(({ column, why }) => {
        const type = columns.find(({ name }) => name === column)?.type;
        return `column ${quoted(column)} is ${type === undefined ? "?" : formatType(type)}: ${why}`;
      });
      const overrides = problems.map(({ column, override }) => `${keyText(column)}: ${override}`);
      throw new RivetError(
        "TYPE_UNSUPPORTED",
        `export '${this.#exportName}': an Iceberg table has no equal for ${lines.join("; ")}`,
        { hint: `Write under the export: columns: {${overrides.join(", ")}}` },
      );
    }
    if (drift.length === 0) return;
    throw new RivetError(
      "TABLE_SCHEMA",
      `export '${this.#exportName}': the table cannot take the columns as they are: ${
        drift.join("; ")
      }`,
      {
        hint:
          "Cast them in the query or with `columns:`, or write the table anew with write: replace.",
      },
    );
  }

  /** The table's own partitions, which must be those that the files are written by. */
  #knownSpec(metadata: TableMetadata, { schema }: Evolved): PartitionSpec {
    const spec = currentSpec(metadata);
    const text = (by: readonly PartitionBy[]) =>
      by.map(({ column, transform }) => `${formatTransform(transform)}(${spelledOut(column)})`)
        .join(", ");
    const there = partitionsOf(spec, schema);
    if (there !== null && text(there) === text(this.#partitionBy)) return spec;
    const shown = there === null ? "columns or transforms that are not known" : text(there);
    throw new RivetError(
      "TABLE_UNSUPPORTED",
      `export '${this.#exportName}': the table is partitioned by ${shown || "nothing"}, and ` +
        `partition_by says ${text(this.#partitionBy) || "nothing"}`,
      { hint: "Write the table's own partitions into table_format.partition_by." },
    );
  }

  async #propose(base: Loaded | null, commit: TableCommit): Promise<Proposal> {
    const planned = this.#plan(base, commit.columns, commit.write);
    const { evolved, spec } = planned;
    this.#checkIds(commit, evolved);
    this.#checkRequired(commit, evolved);
    const metadata = base === null ? await this.#stage(planned) : planned.metadata;
    const at = {
      ...{ metadata, schema: evolved.schema, spec, exportName: this.#exportName },
      partitionBy: this.#partitionBy.map(({ column, transform }) => ({
        column,
        transform: formatTransform(transform),
      })),
    };
    const snapshot = await writeSnapshot(this.#store, at, commit);
    const change: MetadataChange = {
      schema: base !== null && evolved.changed ? evolved.schema : null,
      lastColumnId: evolved.lastColumnId,
      properties: { [sequenceKey(this.#exportName)]: String(commit.sequence) },
      snapshot,
    };
    return { base, metadata, change };
  }

  /** Fields keep the ids that the files have, whatever the catalog would number them. */
  async #stage({ metadata }: Planned): Promise<TableMetadata> {
    const staged = await this.#catalog.stage(metadata);
    this.#checkPlace(staged);
    const { location, "table-uuid": uuid } = staged;
    return { ...metadata, location, "table-uuid": uuid };
  }

  /** Columns are found by the ids in the files: those of another schema would be read as other columns. */
  #checkIds({ added }: TableCommit, { schema }: Evolved): void {
    const ids = fieldIds(schema);
    for (const file of added) {
      for (const { path: [name], fieldId } of file.statistics?.columns ?? []) {
        const known = ids.get(name);
        if (fieldId === (known?.elementId ?? known?.id)) continue;
        throw new RivetError(
          "TABLE_CONFLICT",
          `export '${this.#exportName}': the table's columns changed after ${file.path} was written`,
          { hint: "Run the export again from its beginning." },
        );
      }
    }
  }

  /** Other engines write by the fields that identify rows, and rely on their values. */
  #checkRequired({ added }: TableCommit, { schema }: Evolved): void {
    const required = new Set(schema.fields.filter((field) => field.required).map(({ id }) => id));
    for (const { path, statistics } of added) {
      for (const { path: [name], fieldId, nulls } of statistics?.columns ?? []) {
        if (nulls === 0 || !required.has(fieldId ?? -1)) continue;
        throw new RivetError(
          "TABLE_SCHEMA",
          `export '${this.#exportName}': '${
            spelledOut(name)
          }' identifies rows of the table, and is NULL in ${path}`,
          { hint: "Leave such rows out in the query, or take the field out of the identifiers." },
        );
      }
    }
  }
}

function isReplacing({ write }: TableCommit): boolean {
  return write === "replace" || write === "overwrite";
}

function evolvedFrom(
  metadata: TableMetadata,
  columns: readonly TableColumn[],
  replaced: boolean,
): Evolved {
  const { schemas, "last-column-id": lastColumnId } = metadata;
  const schemaId = 1 + Math.max(...schemas.map((schema) => schema["schema-id"]));
  const evolved = evolve(
    currentSchema(metadata),
    { schemaId, lastColumnId },
    columns,
    replaced,
  );
  return { ...evolved, schema: knownSchema(schemas, evolved.schema) ?? evolved.schema };
}

function replacedByOther(exportName: string): RivetError {
  return new RivetError(
    "TABLE_CONFLICT",
    `export '${exportName}': another writer committed to the table while this run was about to replace it`,
    { hint: "Run the export again: it replaces what is there then. Give a table one writer." },
  );
}

function lastSequence(metadata: TableMetadata | null, exportName: string): number | null {
  const text = metadata?.properties?.[sequenceKey(exportName)];
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
}

/** A column as a key of YAML, which takes JSON's texts. */
function keyText(column: string): string {
  return /^[A-Za-z_]\w*$/.test(column) ? column : quoted(column);
}

function versionOf(metadata: TableMetadata): TableVersion {
  return {
    id: String(currentSnapshot(metadata)?.["snapshot-id"] ?? "none"),
    columns: described(currentSchema(metadata)),
  };
}

function described({ fields }: IcebergSchema): TableVersion["columns"] {
  return fields.map(({ name, type }) => ({
    name,
    type: typeof type === "string" ? type : JSON.stringify(type),
  }));
}
