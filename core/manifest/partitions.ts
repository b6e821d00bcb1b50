/**
 * The manifests and markers in the folders of a partitioned run, for who waits for one partition. Each
 * folder's is the run's manifest as far as the folder goes, paths relative to it.
 */
import { fingerprintOf } from "../base/fingerprint.ts";
import type { BoundDestination } from "../ports/destination.ts";
import { MANIFEST_KEY, manifestCopyKey, quarantineKey, SUCCESS_KEY } from "./keys.ts";
import { type Manifest, type ManifestPart, serializeManifest } from "./manifest.ts";
import { markerBody, readMarker, runOfManifest } from "./marker.ts";

/** Folders that are written to at the same time. */
const LANES = 8;

interface PartitionManifest {
  /** With its `/`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

function folderOf({ path }: ManifestPart): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** One per folder that parts of the run lie in, also where none of them is the data any more. */
export function partitionManifests(manifest: Manifest): PartitionManifest[] {
  const folders = new Map<string, ManifestPart[]>();
  for (const part of manifest.parts) {
    const folder = folderOf(part);
    if (folder === "" || part.status === "quarantined") continue;
    folders.set(folder, [...folders.get(folder) ?? [], part]);
  }
  return [...folders].map(([folder, parts]) => ({
    folder,
    manifest: manifestOfFolder(manifest, folder, parts),
  }));
}

function manifestOfFolder(
  manifest: Manifest,
  folder: string,
  parts: readonly ManifestPart[],
): Manifest {
  const { kind, uri } = manifest.destination;
  const committed = parts.filter(({ status }) => status === "committed");
  return {
    ...manifest,
    destination: { kind, uri: `${uri.replace(/\/+$/, "")}/${folder.slice(0, -1)}` },
    row_count: committed.reduce((sum, { rows }) => sum + rows, 0),
    part_count: committed.length,
    parts: parts.map((part, index) => ({
      ...part,
      part_id: index + 1,
      path: part.path.slice(folder.length),
    })),
  };
}

async function inEachFolder(
  manifest: Manifest,
  work: (partition: PartitionManifest) => Promise<void>,
): Promise<void> {
  const partitions = partitionManifests(manifest)[Symbol.iterator]();
  const lane = async () => {
    for (const partition of partitions) await work(partition);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/**
 * M1, M2 for each folder. To be called when the run's own copy says `success` and before its marker, so
 * that no folder is called complete of a run that may yet be taken back, and the run is not before its
 * folders are. It may be called again after any failure.
 */
export async function publishPartitions(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  await inEachFolder(manifest, async ({ folder, manifest: own }) => {
    const bytes = serializeManifest(own);
    await destination.replace(bytes, folder + manifestCopyKey(own.run_id));
    await destination.replace(bytes, folder + MANIFEST_KEY);
    await destination.replace(await markerBody(bytes), folder + SUCCESS_KEY);
  });
}

/** What the folders say of a run that has come to another end; where they say nothing it stays so. */
export async function correctPartitions(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  await inEachFolder(manifest, async ({ folder, manifest: own }) => {
    const copy = folder + manifestCopyKey(own.run_id);
    if (await destination.read(copy) === null) return;
    const bytes = serializeManifest(own);
    await destination.replace(bytes, copy);
    const current = await destination.read(folder + MANIFEST_KEY);
    if (runOfManifest(current) === own.run_id) {
      await destination.replace(bytes, folder + MANIFEST_KEY);
    }
  });
}

/** M5: the run's own markers are moved away, and no other run's. */
export async function withdrawPartitions(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  await inEachFolder(manifest, async ({ folder }) => {
    const marker = await readMarker(destination, folder);
    const copy = marker === null
      ? null
      : await destination.read(folder + manifestCopyKey(manifest.run_id));
    if (copy === null || marker !== await fingerprintOf(copy)) return;
    const key = folder + SUCCESS_KEY;
    await destination.move(key, quarantineKey(manifest.run_id, key));
  });
}

/** Whether a folder lacks what `publishPartitions` leaves there. */
export async function lacksPartitions(
  destination: BoundDestination,
  manifest: Manifest,
): Promise<boolean> {
  let lacks = false;
  await inEachFolder(manifest, async ({ folder }) => {
    const copy = await destination.head(folder + manifestCopyKey(manifest.run_id));
    const marker = await destination.head(folder + SUCCESS_KEY);
    lacks ||= copy === null || marker === null;
  });
  return lacks;
}
