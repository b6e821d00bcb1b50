/**
 * What is stored for people to read holds no secret and no control character, whoever wrote it; of these
 * PostgreSQL would refuse NUL.
 */
import { jsonLine } from "../core/base/json_text.ts";
import { printable } from "../core/base/printable.ts";
import { redact } from "../core/base/redact.ts";
import type { FileRecord, LeasedState, StateStore, TaskState } from "../core/ports/state.ts";

function message(text: string): string {
  return printable(redact(text));
}

/** JSON of ours, field by field. */
function json(text: string): string {
  return jsonLine(JSON.parse(text));
}

function shownFile(file: FileRecord): FileRecord {
  return { ...file, destination: message(file.destination) };
}

/** What a run writes behind a redaction of everything that is not needed exactly, as cursors and names are. */
export function redactingExport(state: LeasedState): LeasedState {
  return {
    ...state,
    logFile: (file) => state.logFile(shownFile(file)),
    completeChunkTask: (runId, chunkIndex, done, also) =>
      state.completeChunkTask(
        runId,
        chunkIndex,
        done,
        also && { ...also, files: also.files?.map(shownFile) },
      ),
    createChunkRun: (run, tasks) => state.createChunkRun({ ...run, plan: json(run.plan) }, tasks),
    failChunkTask: (runId, chunkIndex, error) =>
      state.failChunkTask(runId, chunkIndex, message(error)),
  };
}

/** What a worker of a shared run writes beside that, likewise. */
export function redactingTasks(state: TaskState): TaskState {
  return { ...state, failClaim: (claim, error) => state.failClaim(claim, message(error)) };
}

type History = Pick<StateStore, "recordMetric" | "appendJournal" | "saveAggregate">;

/** What is kept of runs, likewise. */
export function redactingHistory<S extends History>(store: S): S {
  return {
    ...store,
    recordMetric: (metric) =>
      store.recordMetric({
        ...metric,
        errorMessage: metric.errorMessage === null ? null : message(metric.errorMessage),
      }),
    appendJournal: (events) =>
      store.appendJournal(events.map((event) => ({ ...event, data: json(event.data) }))),
    saveAggregate: (record) => store.saveAggregate({ ...record, detail: json(record.detail) }),
  };
}
