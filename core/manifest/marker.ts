/** `_SUCCESS`: what it says, and which manifest it is of. */
import { fingerprintOf } from "../base/fingerprint.ts";
import type { BoundDestination } from "../ports/destination.ts";
import { SUCCESS_KEY } from "./keys.ts";

/** M2: one line, the fingerprint of the manifest's bytes. */
export async function markerBody(manifestBytes: Uint8Array): Promise<Uint8Array> {
  return new TextEncoder().encode(`${await fingerprintOf(manifestBytes)}\n`);
}

/**
 * What `_SUCCESS` says, or null when there is none.
 * @param folder of a partition, with its `/`; "" for the run's own.
 */
export async function readMarker(
  destination: BoundDestination,
  folder = "",
): Promise<string | null> {
  const body = await destination.read(folder + SUCCESS_KEY);
  return body === null ? null : new TextDecoder().decode(body).trim();
}

/** Enough of a manifest to tell whose it is; null when it is absent or damaged. */
export function manifestHeader(
  bytes: Uint8Array | null,
): { run_id?: unknown; status?: unknown } | null {
  if (bytes === null) return null;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof json === "object" ? json : null;
  } catch {
    // Not JSON: whatever it is, it says nothing of any run.
    return null;
  }
}

/** The run that a manifest is of; null when it is absent or damaged. */
export function runOfManifest(bytes: Uint8Array | null): string | null {
  const runId = manifestHeader(bytes)?.run_id;
  return typeof runId === "string" ? runId : null;
}
