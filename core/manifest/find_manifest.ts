/**
 * Which manifest speaks for an export in a folder. A folder may hold several exports and many runs:
 * `manifest.json` is that of whichever run completed last, the copies are each run's own.
 */
import { type RivetError, toRivetError } from "../base/errors.ts";
import type { BoundDestination } from "../ports/destination.ts";
import { fingerprintOf } from "../base/fingerprint.ts";
import {
  anyRunOfManifestCopy,
  MANIFEST_COPIES,
  MANIFEST_KEY,
  manifestCopyKey,
  manifestCopyPrefix,
  runOfManifestCopy,
  SUCCESS_KEY,
} from "./keys.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { readMarker } from "./marker.ts";

/** A manifest that was asked for, with the hash of its bytes. */
export interface FoundManifest {
  readonly key: string;
  readonly manifest: Manifest;
  readonly fingerprint: string;
  /** A later run of the export that did not succeed, when there is one. */
  readonly newerFailed: string | null;
}

/** A run's own manifest, as far as it can be read. */
export type ReadCopy =
  & { readonly key: string; readonly runId: string }
  & (
    | { readonly manifest: Manifest; readonly fingerprint: string }
    | { readonly manifest: null; readonly problem: string; readonly error: RivetError }
  );

/** How many copies are looked into for the newest run, at each place where it may be. */
const LOOKED_INTO = { "the last ones": 24, "the latest": 1 };

/**
 * @param runId with or without its milliseconds; null for the last run that succeeded, else the last.
 * @returns null when the folder has no manifest of the export (of this run).
 * @throws RivetError VALIDATION_FAILED when the manifest is damaged.
 */
export async function findManifest(
  destination: BoundDestination,
  exportName: string,
  runId: string | null,
): Promise<FoundManifest | null> {
  if (runId !== null) {
    const [key] = await copiesOf(destination, exportName, runId);
    const found = key === undefined ? null : await readManifest(destination, key);
    return found ?? await withoutCopies(destination, exportName, runId);
  }
  let failed: FoundManifest | null = null;
  for await (const copy of copiesNewestFirst(destination, exportName, "the last ones")) {
    if (copy.manifest === null) throw copy.error;
    const { key, manifest, fingerprint } = copy;
    const newerFailed: string | null = failed?.manifest.run_id ?? null;
    const found: FoundManifest = { key, manifest, fingerprint, newerFailed };
    if (manifest.status === "success") return found;
    failed ??= found;
  }
  return failed ?? await withoutCopies(destination, exportName, null);
}

/** The manifest of the last run that left one, however it ended. @throws as `findManifest` */
export async function newestManifest(
  destination: BoundDestination,
  exportName: string,
): Promise<Manifest | null> {
  for await (const copy of copiesNewestFirst(destination, exportName, "the last ones")) {
    if (copy.manifest === null) throw copy.error;
    return copy.manifest;
  }
  return await currentManifest(destination, exportName);
}

/** `manifest.json`, where it is of this export. @throws as `findManifest` */
export async function currentManifest(
  destination: BoundDestination,
  exportName: string,
): Promise<Manifest | null> {
  return (await withoutCopies(destination, exportName, null))?.manifest ?? null;
}

/**
 * The copies by their runs' sequence. One that has none, of an earlier Rivet or damaged, keeps the place
 * that its run's time gives it; so do those beyond the ones that are looked into: the last ones by their
 * time, and those from the run on that was published last, in whatever year its clock was.
 */
export async function* copiesNewestFirst(
  destination: BoundDestination,
  exportName: string,
  lookInto: keyof typeof LOOKED_INTO,
): AsyncGenerator<ReadCopy> {
  const keys = await copiesOf(destination, exportName, null);
  const read = async (key: string) => {
    const copy = await readCopy(destination, key, exportName);
    return copy === null ? [] : [copy];
  };
  const chosen = new Set(keys.slice(0, LOOKED_INTO[lookInto]));
  if (lookInto === "the last ones" && chosen.size < keys.length) {
    for (const key of await afterPublished(destination, exportName, keys)) chosen.add(key);
  }
  const window = keys.filter((key) => chosen.has(key));
  const copies = (await Promise.all(window.map(read))).flat();
  const sequenced = copies.filter((copy) => sequenceOf(copy) !== null)
    .sort((a, b) => Number(sequenceOf(b)) - Number(sequenceOf(a)));
  for (const copy of copies) yield sequenceOf(copy) === null ? copy : sequenced.shift() ?? copy;
  for (const key of keys) if (!chosen.has(key)) yield* await read(key);
}

/** The copy of the run that was published last, where that is one of the export, and those of its next runs. */
async function afterPublished(
  destination: BoundDestination,
  exportName: string,
  newestFirst: readonly string[],
): Promise<readonly string[]> {
  const published = await readCopy(destination, MANIFEST_KEY, exportName);
  if (published?.manifest?.export_name !== exportName) return [];
  const at = newestFirst.indexOf(manifestCopyKey(published.manifest.run_id));
  return newestFirst.slice(Math.max(0, at + 1 - LOOKED_INTO["the last ones"]), at + 1);
}

function sequenceOf({ manifest }: ReadCopy): number | null {
  return manifest?.sequence ?? null;
}

/** Keeps what is wrong for whoever needs this one: a damaged one of long ago is nobody's concern. */
async function readCopy(
  destination: BoundDestination,
  key: string,
  exportName: string,
): Promise<ReadCopy | null> {
  const run = { key, runId: runOfManifestCopy(key, exportName) ?? "" };
  const bytes = await destination.read(key);
  if (bytes === null) return null;
  try {
    return { ...run, manifest: parseManifest(bytes, key), fingerprint: await fingerprintOf(bytes) };
  } catch (thrown) {
    const error = toRivetError(thrown);
    return { ...run, manifest: null, problem: error.message, error };
  }
}

/** Keys of the copies, by the time in their run's id, latest first. */
async function copiesOf(
  destination: BoundDestination,
  exportName: string,
  runId: string | null,
): Promise<string[]> {
  const keys = new Map<string, string>();
  for await (const { key } of destination.list(manifestCopyPrefix(exportName))) {
    const run = runOfManifestCopy(key, exportName);
    const wanted = run !== null && (runId === null || isRun(run, runId));
    if (wanted && !keys.has(run)) keys.set(run, key);
  }
  // Run ids of one export differ in their time only, which sorts as text.
  return [...keys].sort(([a], [b]) => a < b ? 1 : -1).map(([, key]) => key);
}

/** `orders_20260521T120000` names `orders_20260521T120000.123` too. */
function isRun(run: string, wanted: string): boolean {
  return run === wanted || run.startsWith(`${wanted}.`);
}

/** Somebody moved the folder without its copies: `manifest.json` still speaks for its run. */
async function withoutCopies(
  destination: BoundDestination,
  exportName: string,
  runId: string | null,
): Promise<FoundManifest | null> {
  const found = await readManifest(destination, MANIFEST_KEY);
  if (found === null || found.manifest.export_name !== exportName) return null;
  return runId === null || isRun(found.manifest.run_id, runId) ? found : null;
}

async function readManifest(
  destination: BoundDestination,
  key: string,
): Promise<FoundManifest | null> {
  const bytes = await destination.read(key);
  if (bytes === null) return null;
  const fingerprint = await fingerprintOf(bytes);
  return { key, manifest: parseManifest(bytes, key), fingerprint, newerFailed: null };
}

/** What `_SUCCESS` says about a manifest. */
export type Marker =
  /** It holds this manifest's hash. */
  | { readonly kind: "match" }
  /** It holds the hash of another run's manifest, which ended in the same folder. */
  | { readonly kind: "other_run"; readonly runId: string }
  | { readonly kind: "missing" }
  /** It holds the hash of no manifest in the folder, or `manifest.json` is not what the run wrote. */
  | { readonly kind: "mismatch"; readonly problem: string };

/** What `_SUCCESS` says of the manifest that was found (M2). */
export async function markerOf(
  destination: BoundDestination,
  found: FoundManifest,
): Promise<Marker> {
  const marker = await readMarker(destination);
  if (marker === null) return { kind: "missing" };
  const current = await destination.read(MANIFEST_KEY);
  const currentHash = current === null ? null : await fingerprintOf(current);
  if (marker === found.fingerprint) {
    // In a shared folder another export may be between its manifest and its _SUCCESS.
    if (currentHash === marker || await ownerOf(destination, currentHash) !== null) {
      return { kind: "match" };
    }
    return { kind: "mismatch", problem: `${MANIFEST_KEY} is not the one that the run wrote` };
  }
  const owner = await ownerOf(destination, marker);
  if (owner !== null) return { kind: "other_run", runId: owner };
  if (current !== null && currentHash === marker) {
    const { run_id } = parseManifest(current, MANIFEST_KEY);
    if (run_id !== found.manifest.run_id) return { kind: "other_run", runId: run_id };
    return {
      kind: "mismatch",
      problem: `${found.key} differs from ${MANIFEST_KEY} of the same run`,
    };
  }
  return { kind: "mismatch", problem: `${SUCCESS_KEY} holds the hash of no manifest there` };
}

/** The run whose copy has this hash. Newest first: it is nearly always one of the last. */
async function ownerOf(destination: BoundDestination, hash: string | null): Promise<string | null> {
  if (hash === null) return null;
  const keys: { key: string; time: string }[] = [];
  for await (const { key } of destination.list(MANIFEST_COPIES)) {
    const time = /_(\d{8}T\d{6}\.\d{3})\.json$/.exec(key)?.[1];
    if (time !== undefined) keys.push({ key, time });
  }
  keys.sort((a, b) => a.time < b.time ? 1 : -1);
  for (const { key } of keys) {
    const bytes = await destination.read(key);
    if (bytes !== null && await fingerprintOf(bytes) === hash) {
      return anyRunOfManifestCopy(key);
    }
  }
  return null;
}
