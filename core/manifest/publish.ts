/** Putting a manifest and its `_SUCCESS` at the destination, and taking a `_SUCCESS` back. */
import { logger } from "../base/log.ts";
import type { BoundDestination } from "../ports/destination.ts";
import { fingerprintOf } from "../base/fingerprint.ts";
import { MANIFEST_KEY, manifestCopyKey, quarantineKey, SUCCESS_KEY } from "./keys.ts";
import { type Manifest, parseManifest, serializeManifest } from "./manifest.ts";
import { manifestHeader, markerBody, readMarker } from "./marker.ts";
import { correctPartitions, publishPartitions, withdrawPartitions } from "./partitions.ts";

/**
 * M1: the run's own manifest before anything is moved that could hide its parts: the cursor. To be called
 * after every part was accepted; nobody reads a `prepared` manifest as data before it is published.
 */
export async function publishPrepared(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  await destination.replace(serializeManifest(manifest), manifestCopyKey(manifest.run_id));
}

/**
 * M1, M2, M4: to be called after every part was accepted. Each object is replaced whole, those of partitions
 * once the run's copy says how it ended, `_SUCCESS` last.
 * It may be called again after any failure.
 */
export async function publishSuccess(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  const bytes = serializeManifest(manifest);
  await destination.replace(bytes, manifestCopyKey(manifest.run_id));
  await publishPartitions(destination, manifest);
  await destination.replace(bytes, MANIFEST_KEY);
  await destination.replace(await markerBody(bytes), SUCCESS_KEY);
  logger().info(`${destination.uri}: manifest and _SUCCESS written`, {
    ...{ export: manifest.export_name, run_id: manifest.run_id, rows: manifest.row_count },
  });
}

/**
 * The manifest of a run that did not succeed: its copy always; `manifest.json` only where no `_SUCCESS`
 * vouches for the one of an earlier run, which a failed run must not take away from its readers.
 */
export async function publishFailure(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  const bytes = serializeManifest(manifest);
  await destination.replace(bytes, manifestCopyKey(manifest.run_id));
  if (await readMarker(destination) === null) await destination.replace(bytes, MANIFEST_KEY);
  await correctPartitions(destination, manifest);
}

/**
 * M5: a `_SUCCESS` that no longer holds is moved away, and those of its partitions. Only the run's own: in a
 * shared folder it may already be another run's. Returns whether the folder had one.
 */
export async function withdrawSuccess(
  destination: BoundDestination,
  runId: string,
): Promise<boolean> {
  const marker = await readMarker(destination);
  const copy = await destination.read(manifestCopyKey(runId));
  if (copy === null) return false;
  const own = marker !== null && marker === await fingerprintOf(copy);
  if (own) await destination.move(SUCCESS_KEY, quarantineKey(runId, SUCCESS_KEY));
  // One that is damaged names no folders, and vouches for none.
  if (manifestHeader(copy)?.run_id === runId) {
    await withdrawPartitions(destination, parseManifest(copy, manifestCopyKey(runId)));
  }
  return own;
}

/**
 * Whether the run's end was reached: its copy says success, and `_SUCCESS` is of that copy or, in a
 * folder that several runs end in, of a run that came after it.
 */
export async function isComplete(destination: BoundDestination, runId: string): Promise<boolean> {
  const marker = await readMarker(destination);
  const copy = await destination.read(manifestCopyKey(runId));
  if (marker === null || copy === null) return false;
  if (marker === await fingerprintOf(copy)) return true;
  const current = await destination.read(MANIFEST_KEY);
  return manifestHeader(copy)?.status === "success" && manifestHeader(current)?.run_id !== runId;
}
