/** What an export asks of its source that not every engine or server gives: refused before a row is read. */
import { ConfigError } from "../base/errors.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { ChunkedMode } from "../config/modes.ts";
import type { RunningTransactions, Source, SourceCapabilities } from "../ports/source.ts";

/** @throws ConfigError for an engine without snapshots that connections share. */
export function snapshotSharing(
  source: Pick<Source, "info" | "capabilities" | "shareSnapshot">,
): NonNullable<Source["shareSnapshot"]> {
  const { sharedSnapshot } = source.capabilities;
  if (sharedSnapshot === true && source.shareSnapshot !== undefined) {
    return source.shareSnapshot.bind(source);
  }
  const why = sharedSnapshot === true ? "" : `: ${sharedSnapshot.why}`;
  throw new ConfigError(
    `consistency: snapshot and run_snapshot are not available for ${source.info.engine}, which ` +
      `cannot share a snapshot between connections${why}`,
    [],
    { hint: "Use consistency: statement, or read at a time when nothing is written." },
  );
}

/** How the source is asked for its transactions. @throws ConfigError for an engine that does not tell. */
export function runningOf(
  source: Pick<Source, "info" | "runningTransactions">,
  exportName: string,
): () => Promise<RunningTransactions> {
  if (source.runningTransactions !== undefined) return source.runningTransactions.bind(source);
  throw new ConfigError(
    `export '${exportName}': incremental_safety: commit_safe is not available for ` +
      `${source.info.engine}, which does not tell which transactions run`,
    [],
    { hint: "Use cursor_lag to read a trailing window again (docs/incremental.md)." },
  );
}

/** What the engine lacks. @throws ConfigError */
export function requireEngine(source: Source, exported: LoadedExport): void {
  if (exported.consistency.kind !== "statement") snapshotSharing(source);
  if (exported.tuning.adaptive) requireLoad(source, exported.name);
  const { mode } = exported;
  if (mode.kind === "incremental" && mode.commitSafe) runningOf(source, exported.name);
  if (mode.kind !== "chunked") return;
  if (mode.dense) requireWindows(source, exported.name);
  if (mode.by !== null) requireStorage(source, exported.name, mode.by);
}

function requireWindows({ info, capabilities }: Source, exportName: string): void {
  if (capabilities.windowFunctions) return;
  throw new ConfigError(
    `export '${exportName}': chunk_dense needs window functions, which ${info.engine} ` +
      `${info.version} does not have`,
    [],
    { hint: "Use chunk_by_key with a unique key, or chunk_column without chunk_dense." },
  );
}

function requireLoad({ info, load }: Source, exportName: string): void {
  if (load !== undefined) return;
  throw new ConfigError(
    `export '${exportName}': tuning.adaptive is not available for ${info.engine}, which is not ` +
      "asked how busy it is",
    [],
    { hint: "Leave tuning.adaptive out; profile: safe is the gentlest pace." },
  );
}

type StorageCut = NonNullable<ChunkedMode["by"]>;

const STORAGE: Readonly<Record<StorageCut, readonly [keyof SourceCapabilities, string]>> = {
  ctid: ["blockRanges", "statements over ranges of a table's blocks"],
  partitions: ["partitions", "statements over one partition of a table"],
};

function requireStorage({ info, capabilities }: Source, exportName: string, by: StorageCut): void {
  const [capability, needed] = STORAGE[by];
  if (capabilities[capability]) return;
  throw new ConfigError(
    `export '${exportName}': chunk_by: ${by} needs ${needed}, which ${info.engine} ` +
      `${info.version} does not have`,
    [],
    { hint: "Cut by a column instead: chunk_column, or chunk_by_key (docs/modes.md)." },
  );
}

/**
 * What this very server lacks as well: one question, without the waiting that a run may do.
 * @throws ConfigError, SourceError
 */
export async function requireServer(source: Source, exported: LoadedExport): Promise<void> {
  requireEngine(source, exported);
  const { mode } = exported;
  if (mode.kind === "incremental" && mode.commitSafe) await runningOf(source, exported.name)();
}
