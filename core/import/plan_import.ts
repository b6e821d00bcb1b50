/** What of another tool's state is taken over, export by export, decided before anything is written. */
import type { NamedExport } from "../config/loaded.ts";
import type { ForeignCursor, ForeignFile, ForeignState } from "../ports/foreign_state.ts";
import type { FileRecord, Progression, StateReader } from "../ports/state.ts";

/** One export of the other state. */
export interface ImportStep {
  readonly exportName: string;
  /** `refuse`: something has to be done first. `skip`: there is nothing to do. */
  readonly action: "import" | "skip" | "refuse";
  /** Why not; null for an import. */
  readonly reason: string | null;
  readonly cursor: ForeignCursor | null;
  readonly progression: Progression | null;
  readonly files: readonly FileRecord[];
  /** What is left behind. */
  readonly notes: readonly string[];
}

/** @param own null: there is none yet. @param only null: all exports. */
export async function planImport(
  foreign: ForeignState,
  exports: readonly NamedExport[],
  own: StateReader | null,
  only: string | null,
): Promise<ImportStep[]> {
  const names = new Set([
    ...foreign.cursors.map((c) => c.exportName),
    ...foreign.progressions.map((p) => p.exportName),
    ...foreign.files.map((f) => f.exportName),
  ]);
  const steps: ImportStep[] = [];
  for (const name of [...names].sort().filter((name) => only === null || name === only)) {
    const exported = exports.find((e) => e.name === name);
    steps.push(
      exported === undefined
        ? { ...nothingOf(name), action: "skip", reason: "not in this config" }
        : await planExport(foreign, exported, own),
    );
  }
  return steps;
}

function nothingOf(exportName: string) {
  return { exportName, cursor: null, progression: null, files: [], notes: [] };
}

async function planExport(
  foreign: ForeignState,
  exported: NamedExport,
  own: StateReader | null,
): Promise<ImportStep> {
  const { name } = exported;
  const cursors = foreign.cursors.filter((c) => c.exportName === name);
  const refusal = ambiguous(cursors) ?? unfinished(cursors) ?? otherColumn(cursors, exported);
  if (refusal !== null) return { ...nothingOf(name), action: "refuse", reason: refusal };
  const [cursor = null] = cursors;
  const [progression = null] = foreign.progressions.filter((p) => p.exportName === name);
  const files = await missingFiles(own, foreign.files.filter((f) => f.exportName === name));
  const before = await own?.cursor(name) ?? null;
  if (before !== null && cursor !== null && before.cursor !== cursor.cursor) {
    const reason = `it has a cursor already, ${before.cursor}, and the other tool's is ` +
      `${cursor.cursor}; rivet state reset -e ${name} forgets it`;
    return { ...nothingOf(name), action: "refuse", reason };
  }
  const [known] = await own?.progressions(name) ?? [];
  const step = {
    exportName: name,
    cursor: before === null ? cursor : null,
    progression: known?.committedStrategy ?? known?.verifiedStrategy ? null : progression,
    files,
    notes: foreign.openChunkRuns.includes(name)
      ? ["its unfinished chunked run is not taken over: the next run begins anew"]
      : [],
  };
  const isDone = step.cursor === null && step.progression === null && files.length === 0;
  return isDone
    ? { ...step, action: "skip", reason: "taken over already" }
    : { ...step, action: "import", reason: null };
}

/** Which of them the export goes on from depends on the database that it reads today. */
function ambiguous(cursors: readonly ForeignCursor[]): string | null {
  if (cursors.length < 2) return null;
  const list = cursors.map((c) => `${c.cursor} of ${c.source || "no source"}`).join(", ");
  return `it has ${cursors.length} cursors: ${list}; choose with rivet state set -e ` +
    `${cursors[0].exportName} --cursor VALUE`;
}

/** The cursor may stand behind rows that are in no finished run's files. */
function unfinished(cursors: readonly ForeignCursor[]): string | null {
  const run = cursors.find((c) => c.unfinishedRun !== null)?.unfinishedRun;
  return run === undefined
    ? null
    : `its run ${run} has not ended; let the other tool finish it, or reset it there, first`;
}

function otherColumn(cursors: readonly ForeignCursor[], exported: NamedExport): string | null {
  const column = cursors[0]?.column ?? null;
  const { cursorColumn } = exported;
  if (column === null || cursorColumn === undefined) return null;
  const plain = (text: string) => text.replaceAll(" ", "");
  if (plain(column) === plain(cursorColumn)) return null;
  return `its cursor is one of ${column}, and the config says ${cursorColumn}`;
}

async function missingFiles(
  own: StateReader | null,
  files: readonly ForeignFile[],
): Promise<FileRecord[]> {
  if (files.length === 0) return [];
  const key = (f: { runId: string; fileName: string }) => `${f.runId}\n${f.fileName}`;
  const logged = await own?.files({ exportName: files[0].exportName }) ?? [];
  const known = new Set(logged.map(key));
  return files.filter((file) => !known.has(key(file))).map((file) => ({
    ...file,
    // The other tool keeps neither beside the file.
    fingerprint: "",
    md5: "",
    chunkIndex: null,
  }));
}
