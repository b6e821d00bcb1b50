/** What is left to do for a run whose process died: to record it, and to tell people. */
import type { PartRecord } from "../manifest/parts.ts";
import type { FileRecord, StateStore } from "../ports/state.ts";
import type { ExportSummary } from "../report/summary.ts";
import { writeRunReport } from "../report/write.ts";
import { bestEffort, type RunDeps } from "./context.ts";
import { metricOf } from "./finish_run.ts";
import { Journal } from "./journal.ts";
import { openLineage } from "../lineage/lineage.ts";
import { tellOfLineage } from "./run_lineage.ts";
import { notifyRun, openNotifiers } from "./notify.ts";
import type { RunOptions } from "./run_options.ts";

type CrashDeps = Pick<RunDeps, "openNotifiers" | "openLineage"> & {
  readonly state: Pick<StateStore, "files" | "metrics" | "recordMetric" | "appendJournal">;
};

/** How far back the metric that the process may have written itself is looked for. */
const METRICS_READ = 100;

/** @returns what completes the summary of such a run by what its destination is known to hold. */
export function crashRecorder(
  deps: CrashDeps,
  { config, signal }: Pick<RunOptions, "config" | "signal">,
): (summary: ExportSummary) => Promise<ExportSummary> {
  return async (dead) => {
    const parts = await partsOf(deps, dead);
    const summary: ExportSummary = {
      ...dead,
      rows: parts.reduce((sum, part) => sum + part.rows, 0),
      files: parts.length,
      bytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    };
    const journal = journalOf(summary);
    if (!await isRecorded(deps, summary)) {
      await bestEffort("the run metric", () => deps.state.recordMetric(metricOf(summary)));
      await bestEffort("the journal", () => deps.state.appendJournal(journal.events));
    }
    await bestEffort("the run report", () => writeRunReport(config.dir, summary, parts));
    await notifyRun(await openNotifiers(deps, config), summary, journal.events, signal);
    const exported = config.exports.find(({ name }) => name === summary.exportName);
    if (exported !== undefined) {
      await tellOfLineage(await openLineage(deps, config), config, exported, summary);
    }
    return summary;
  };
}

/** What the file log has of the run; nothing when it cannot be asked. */
async function partsOf({ state }: CrashDeps, { exportName, runId }: ExportSummary) {
  const parts: PartRecord[] = [];
  await bestEffort("the files of a run that died", async () => {
    parts.push(...(await state.files({ exportName, runId })).map(partRecord).reverse());
  });
  return parts;
}

function partRecord(file: FileRecord): PartRecord {
  const { fileName: path, rows, sizeBytes, fingerprint, md5, chunkIndex } = file;
  return { path, rows, sizeBytes, fingerprint, md5, chunkIndex };
}

/** It may have died right after it wrote its own. */
async function isRecorded({ state }: CrashDeps, run: ExportSummary): Promise<boolean> {
  let recorded = false;
  await bestEffort("the metric of a run that died", async () => {
    const metrics = await state.metrics({ exportName: run.exportName, last: METRICS_READ });
    recorded = metrics.some((m) => m.runId === run.runId && m.startedAt === run.startedAt);
  });
  return recorded;
}

function journalOf({ runId, exportName, startedAt, mode, ...run }: ExportSummary): Journal {
  const journal = new Journal(runId, exportName);
  journal.add("started", { mode }, startedAt);
  journal.add("finished", {
    status: run.status,
    rows: run.rows,
    files: run.files,
    bytes: run.bytes,
    duration_ms: run.durationMs,
    error: run.error?.message ?? null,
  });
  return journal;
}
