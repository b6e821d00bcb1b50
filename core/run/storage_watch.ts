/**
 * A table that is cut by how it is stored, or read under a snapshot by many statements, looked at before its
 * first chunk is read and after its last one.
 * Nothing is locked: who rewrites the table, or takes a partition away, need not wait for an export, and
 * readers that queue behind them would stop it, and everybody else.
 */
import { RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { chunksChanged, chunksNow } from "../plan/chunked.ts";
import type { ExportPlan, StoredNow, Strategy } from "../plan/strategy.ts";
import type { Source, TableChange } from "../ports/source.ts";
import { requireBlocks } from "../query/blocks.ts";
import { CUTS } from "../query/cuts/mod.ts";
import type { ExportContext } from "./context.ts";
import type { ExportSource } from "./export_source.ts";

type Watched = Pick<ExportContext, "exported" | "journal" | "snapshot">;

type WatchedPlan = Pick<ExportPlan, "strategy" | "base">;

/** Whether what an export reads is still the same tables and parts when it has been read. */
export class StorageWatch {
  readonly #ctx: Watched;
  readonly #source: ExportSource;
  readonly #strategy: Strategy;
  readonly #base: string;
  #before: readonly string[] = [];

  constructor(ctx: Watched, source: ExportSource, { strategy, base }: WatchedPlan) {
    this.#ctx = ctx;
    this.#source = source;
    this.#strategy = strategy;
    this.#base = base;
  }

  /** Takes the snapshot that only the plan asks for. @throws RivetError STORAGE_CHANGED */
  async begin(): Promise<void> {
    if (!this.#byStorage()) return;
    await this.#source.requireSnapshot();
    const { change, as } = await this.#now();
    this.#before = as;
    this.#requireAll(change);
  }

  /** @throws RivetError STORAGE_CHANGED: rows may have been read nowhere, or twice. */
  async end(): Promise<void> {
    const { exported: { name, table }, journal, snapshot } = this.#ctx;
    const joined = (snapshot?.joins ?? null) !== null;
    await this.#requireSeen(name);
    if (!this.#byStorage()) return;
    const { change, as } = await this.#now();
    const gone = this.#before.some((part) => !as.includes(part));
    // A snapshot sees nothing of a part that has come, or `#requireSeen` has said so.
    const come = !joined && as.length > this.#before.length;
    if (gone || come) throw rewritten(name, table ?? "");
    this.#requireAll(change);
    // What came after the snapshot is not in it.
    if (change === null || joined) return;
    journal.add("partitions_added", { partitions: change.added });
    logger().warn(
      `export '${name}': partitions that came while it ran are not in it, nor rows that moved ` +
        `there: ${change.added.join(", ")}`,
    );
  }

  /** The rows of a snapshot are read from the tables of the moment. */
  async #requireSeen(exportName: string): Promise<void> {
    const change = await this.#changeSince();
    if (change === null) return;
    // A partition that is a chunk is read by its own name, and none beside those that were planned.
    const added = this.#cutsPartitions() ? [] : change.added;
    if (change.gone.length + added.length > 0) {
      throw changedSince(exportName, { gone: change.gone, added });
    }
  }

  /** Null: nothing was read in a snapshot, or nobody can tell any more. */
  async #changeSince(): Promise<TableChange | null> {
    const { snapshot, exported } = this.#ctx;
    const ask = async (source: Source) => await source.changedSinceSnapshot?.(this.#base) ?? null;
    const shared = snapshot?.shared ?? null;
    if (shared === null) return null;
    if (snapshot?.joins !== null) return await this.#source.retried("plan", ask);
    try {
      return await this.#source.inSnapshot(shared.id, ask);
    } catch (error) {
      if (toRivetError(error).code !== "SNAPSHOT_ENDED") throw error;
      logger().warn(
        `export '${exported.name}': whether its tables or partitions were taken away or rewritten while they ` +
          "were read cannot be told: the snapshot has ended",
      );
      return null;
    }
  }

  #cutsPartitions(): boolean {
    const strategy = this.#strategy;
    return strategy.kind === "chunked" && CUTS[strategy.shape.kind].change !== undefined;
  }

  #byStorage(): boolean {
    const strategy = this.#strategy;
    return strategy.kind === "chunked"
      ? strategy.shape.table !== undefined
      : strategy.kind === "whole" && strategy.blocksOf !== undefined;
  }

  #now(): Promise<StoredNow> {
    return this.#source.retried("plan", (source) => this.#storedNow(source));
  }

  async #storedNow(source: Source): Promise<StoredNow> {
    const strategy = this.#strategy;
    const { exported } = this.#ctx;
    if (strategy.kind === "chunked") return await chunksNow(source, exported, strategy);
    if (strategy.kind !== "whole" || strategy.blocksOf === undefined) {
      return { change: null, as: [] };
    }
    const { files } = await requireBlocks(source, exported.name, strategy.blocksOf);
    return { change: null, as: files };
  }

  #requireAll(change: StoredNow["change"]): void {
    if (change === null || change.gone.length === 0) return;
    throw chunksChanged(this.#ctx.exported.name, change);
  }
}

function rewritten(exportName: string, table: string): RivetError {
  return new RivetError(
    "STORAGE_CHANGED",
    `export '${exportName}': '${table}' was rewritten or emptied while its blocks were read`,
    { hint: "Run again at a time when no VACUUM FULL, CLUSTER, TRUNCATE or the like runs on it." },
  );
}

/** Rows that the snapshot sees were not read from where it saw them. */
function changedSince(exportName: string, change: TableChange): RivetError {
  const { gone, added } = change;
  const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(", ");
  const said = [
    ...(gone.length === 0
      ? []
      : [`${list(gone)} ${gone.length > 1 ? "were" : "was"} taken away, replaced or rewritten`]),
    ...(added.length === 0 ? [] : [`${list(added)} came with rows of before`]),
  ];
  return new RivetError(
    "STORAGE_CHANGED",
    `export '${exportName}': what it is read from changed after the snapshot was taken: ` +
      said.join("; "),
    {
      hint:
        "Run again at a time when nobody attaches or detaches partitions, swaps tables, truncates or " +
        "rewrites them, or refreshes a materialized view.",
    },
  );
}
