/** Names of what a run leaves beside its parts (contracts section 3). */
import { runTime } from "./names.ts";

/** The manifest of the folder's last complete run. */
export const MANIFEST_KEY = "manifest.json";
/** Present on success only (M2). */
export const SUCCESS_KEY = "_SUCCESS";
/** Below the prefix; readers of folders pass over names that begin with an underscore. */
export const QUARANTINE_FOLDER = "_quarantine";

/** The run's own copy, which no other run writes. */
export function manifestCopyKey(runId: string): string {
  return `manifest-${runId}.json`;
}

/** What every copy of an export's manifests starts with. */
export function manifestCopyPrefix(exportName: string): string {
  return `manifest-${exportName}_`;
}

/** The run whose manifest the key is a copy of; null when it is no copy of this export's. */
export function runOfManifestCopy(key: string, exportName: string): string | null {
  const runId = /^manifest-(.+)\.json$/.exec(key)?.[1];
  if (runId === undefined || !runId.startsWith(`${exportName}_`)) return null;
  // `orders` has no part in `orders_items_20260101T000000.000`.
  return runTime(runId, exportName) === null ? null : runId;
}

/** M9: `_quarantine/<run_id>/<name>`; a part in a folder of the prefix keeps that folder. */
export function quarantineKey(runId: string, key: string): string {
  return `${QUARANTINE_FOLDER}/${runId}/${key}`;
}
