/**
 * A table that is cut by how it is stored, looked at before its first chunk is read and after its last one.
 * Nothing is locked: who rewrites the table, or takes a partition away, need not wait for an export, and
 * readers that queue behind them would stop it, and everybody else.
 */
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { chunksChanged, chunksNow } from "../plan/chunked.ts";
import type { StoredNow, Strategy } from "../plan/strategy.ts";
import type { Source } from "../ports/source.ts";
import { requireBlocks } from "../query/blocks.ts";
import type { ExportContext } from "./context.ts";
import type { ExportSource } from "./export_source.ts";

type Watched = Pick<ExportContext, "exported" | "journal" | "snapshot">;

export class StorageWatch {
  readonly #ctx: Watched;
  readonly #source: ExportSource;
  readonly #strategy: Strategy;
  #before: string | null = null;

  constructor(ctx: Watched, source: ExportSource, strategy: Strategy) {
    this.#ctx = ctx;
    this.#source = source;
    this.#strategy = strategy;
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
    if (!this.#byStorage()) return;
    const { change, as } = await this.#now();
    const { exported: { name, table }, journal, snapshot } = this.#ctx;
    if (as !== this.#before) throw rewritten(name, table ?? "");
    this.#requireAll(change);
    // What came after the snapshot is not in it.
    if (change === null || snapshot !== null) return;
    journal.add("partitions_added", { partitions: change.added });
    logger().warn(
      `export '${name}': partitions that came while it ran are not in it, nor rows that moved ` +
        `there: ${change.added.join(", ")}`,
    );
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
      return { change: null, as: null };
    }
    const { identity } = await requireBlocks(source, exported.name, strategy.blocksOf);
    return { change: null, as: identity };
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
