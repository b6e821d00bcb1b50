/** Putting a manifest and its `_SUCCESS` at the destination, and taking a `_SUCCESS` back. */
import type { BoundDestination } from "../ports/destination.ts";
import { fingerprintOf } from "../base/fingerprint.ts";
import { MANIFEST_KEY, manifestCopyKey, quarantineKey, SUCCESS_KEY } from "./keys.ts";
import { type Manifest, serializeManifest } from "./manifest.ts";

/** M2: one line, the fingerprint of the manifest's bytes. */
export async function successBody(manifestBytes: Uint8Array): Promise<string> {
  return `${await fingerprintOf(manifestBytes)}\n`;
}

/** What `_SUCCESS` says, or null when there is none. */
export async function readSuccess(destination: BoundDestination): Promise<string | null> {
  const body = await destination.read(SUCCESS_KEY);
  return body === null ? null : new TextDecoder().decode(body).trim();
}

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
 * M1, M2, M4: to be called after every part was accepted. Each object is replaced whole, `_SUCCESS` last.
 * It may be called again after any failure.
 */
export async function publishSuccess(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  const bytes = serializeManifest(manifest);
  await destination.replace(bytes, manifestCopyKey(manifest.run_id));
  await destination.replace(bytes, MANIFEST_KEY);
  await destination.replace(new TextEncoder().encode(await successBody(bytes)), SUCCESS_KEY);
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
  if (await readSuccess(destination) === null) await destination.replace(bytes, MANIFEST_KEY);
}

/**
 * M5: a `_SUCCESS` that no longer holds is moved away. Only the run's own: in a shared folder it may
 * already be another run's. Returns whether there was one.
 */
export async function withdrawSuccess(
  destination: BoundDestination,
  runId: string,
): Promise<boolean> {
  const marker = await readSuccess(destination);
  const copy = await destination.read(manifestCopyKey(runId));
  if (marker === null || copy === null || marker !== await fingerprintOf(copy)) return false;
  await destination.move(SUCCESS_KEY, quarantineKey(runId, SUCCESS_KEY));
  return true;
}

/**
 * Whether the run's end was reached: its copy says success, and `_SUCCESS` is of that copy or, in a
 * folder that several runs end in, of a run that came after it.
 */
export async function isComplete(destination: BoundDestination, runId: string): Promise<boolean> {
  const marker = await readSuccess(destination);
  const copy = await destination.read(manifestCopyKey(runId));
  if (marker === null || copy === null) return false;
  if (marker === await fingerprintOf(copy)) return true;
  const current = await destination.read(MANIFEST_KEY);
  return header(copy)?.status === "success" && header(current)?.run_id !== runId;
}

/** Enough of a manifest to tell whose it is; null when it is absent or damaged. */
function header(bytes: Uint8Array | null): { run_id?: unknown; status?: unknown } | null {
  if (bytes === null) return null;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof json === "object" ? json : null;
  } catch {
    // Not JSON: whatever it is, it says nothing of any run.
    return null;
  }
}
