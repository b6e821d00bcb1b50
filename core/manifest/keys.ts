/** Names of what a run leaves beside its parts (contracts section 3). */
import { runTime } from "./names.ts";

/** The manifest of the folder's last complete run. */
export const MANIFEST_KEY = "manifest.json";
/** Present on success only (M2). */
export const SUCCESS_KEY = "_SUCCESS";
/** Below the prefix; readers of folders pass over names that begin with an underscore. */
export const QUARANTINE_FOLDER = "_quarantine";

/** What every run's copy starts with. */
export const MANIFEST_COPIES = "manifest-";

/** The run's own copy, which no other run writes. */
export function manifestCopyKey(runId: string): string {
  return `${MANIFEST_COPIES}${runId}.json`;
}

/** What every copy of an export's manifests starts with. */
export function manifestCopyPrefix(exportName: string): string {
  return `${MANIFEST_COPIES}${exportName}_`;
}

/** The run whose manifest the key is a copy of; null when it is no copy of this export's. */
export function runOfManifestCopy(key: string, exportName: string): string | null {
  const runId = anyRunOfManifestCopy(key);
  if (runId === null || !runId.startsWith(`${exportName}_`)) return null;
  // `orders` has no part in `orders_items_20260101T000000.000`.
  return runTime(runId, exportName) === null ? null : runId;
}

/** The same for a copy of any export's; a listing may name the folder that it lies in. */
export function anyRunOfManifestCopy(key: string): string | null {
  return /^(?:.*\/)?manifest-([^/]+)\.json$/.exec(key)?.[1] ?? null;
}

/** M9: `_quarantine/<run_id>/<name>`; a part in a folder of the prefix keeps that folder. */
export function quarantineKey(runId: string, key: string): string {
  return `${QUARANTINE_FOLDER}/${runId}/${key}`;
}
