/**
 * What `--resume` finds at the destination (M8): finished chunks whose parts are gone or damaged, to be
 * written again, and objects that a killed process left behind, to be moved aside.
 */
import { logger } from "../base/log.ts";
import type { BoundDestination, ObjectInfo } from "../ports/destination.ts";
import type { ChunkTask, StateStore } from "../ports/state.ts";
import { parsePartName, runTime } from "../manifest/names.ts";
import { supersede } from "../manifest/parts.ts";
import type { PartRecord } from "../manifest/parts.ts";
import {
  MANIFEST_KEY,
  manifestCopyPrefix,
  QUARANTINE_FOLDER,
  runOfManifestCopy,
} from "../manifest/keys.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { quarantine } from "../manifest/quarantine.ts";
import { decide, type ResumeAction } from "./resume_table.ts";
import {
  partProblem,
  type PartVerdict,
  type VerifyOptions,
  verifyPart,
} from "../manifest/verify_parts.ts";

export interface ReviewedRun {
  readonly destination: BoundDestination;
  readonly state: Pick<StateStore, "files">;
  readonly exportName: string;
  readonly runId: string;
  readonly tasks: readonly ChunkTask[];
  readonly verify: VerifyOptions;
  /** Parts lie in folders below the prefix (`partition_by`). */
  readonly inFolders: boolean;
}

export interface Review {
  /**
   * Chunks to write again, each with what its earlier parts have become. Their tasks stay `completed`
   * (I5): the new outcome replaces the stored one, as a repair does.
   */
  readonly rewrites: ReadonlyMap<number, readonly PartRecord[]>;
  /** Where the objects without a record were moved to. */
  readonly orphans: readonly string[];
}

/** The parts a chunk task recorded, in order. */
export function recordedParts(task: Pick<ChunkTask, "parts">): PartRecord[] {
  return task.parts === null ? [] : JSON.parse(task.parts) as PartRecord[];
}

/**
 * Compares and quarantines. `begin` is called once, before anything at the destination is changed.
 * @throws DestinationError when the destination cannot be listed.
 */
export async function reviewParts(run: ReviewedRun, begin: () => Promise<void>): Promise<Review> {
  const objects = await listParts(run);
  const findings: ChunkFinding[] = [];
  for (const task of run.tasks.filter((t) => t.status === "completed")) {
    const finding = await inspectChunk(run, task, objects);
    if (finding.parts.some(({ action }) => action !== "skip")) findings.push(finding);
  }
  const orphans = await findOrphans(run, objects);
  if (findings.length > 0) await begin();
  const rewrites = new Map<number, readonly PartRecord[]>();
  for (const finding of findings) rewrites.set(finding.chunkIndex, await setAside(run, finding));
  const moved: string[] = [];
  for (const key of orphans) {
    const target = await quarantine(run.destination, run.runId, key);
    if (target !== null) moved.push(target);
  }
  return { rewrites, orphans: moved };
}

async function listParts(run: ReviewedRun): Promise<Map<string, ObjectInfo>> {
  const objects = new Map<string, ObjectInfo>();
  const prefix = run.inFolders ? "" : `${run.exportName}_`;
  for await (const object of run.destination.list(prefix)) {
    if (!object.key.startsWith(`${QUARANTINE_FOLDER}/`)) objects.set(object.key, object);
  }
  return objects;
}

interface ChunkFinding {
  readonly chunkIndex: number;
  readonly parts: readonly { readonly part: PartRecord; readonly action: ResumeAction }[];
}

async function inspectChunk(
  run: ReviewedRun,
  task: ChunkTask,
  objects: ReadonlyMap<string, ObjectInfo>,
): Promise<ChunkFinding> {
  const parts: { part: PartRecord; action: ResumeAction }[] = [];
  for (const part of recordedParts(task)) {
    // What was set aside earlier is not the data.
    if (part.status !== undefined) parts.push({ part, action: "skip" });
    else parts.push({ part, action: await actionFor(run, part, objects.get(part.path)) });
  }
  return { chunkIndex: task.chunkIndex, parts };
}

async function actionFor(
  run: ReviewedRun,
  part: PartRecord,
  object: ObjectInfo | undefined,
): Promise<ResumeAction> {
  const { path, rows, sizeBytes, md5 } = part;
  const recorded = { path, rows, size_bytes: sizeBytes, content_md5: md5 };
  const verdict = await verifyPart(run.destination, recorded, object, run.verify);
  const problem = partProblem(verdict);
  if (verdict.problem !== null && problem !== null) logger().warn(problem);
  return decide({
    recorded: true,
    there: verdict.state !== "missing",
    sizeEqual: verdict.state !== "size_differs",
    contentEqual: contentEqual(verdict),
  });
}

function contentEqual({ state, by }: PartVerdict): boolean | null {
  return by === "md5" || by === "content" ? state === "verified" : null;
}

/** What the parts of a chunk become when it is written again. */
async function setAside(run: ReviewedRun, finding: ChunkFinding): Promise<PartRecord[]> {
  const kept: PartRecord[] = [];
  for (const { part, action } of finding.parts) {
    if (action === "write_again") {
      logger().warn(`${part.path} is gone; chunk ${finding.chunkIndex} is written again`);
      continue;
    }
    const moved = action === "quarantine_and_write"
      ? await quarantine(run.destination, run.runId, part.path)
      : null;
    if (moved === null) kept.push(...supersede([part]));
    else kept.push({ ...part, path: moved, status: "quarantined" });
  }
  return kept;
}

/**
 * Objects that only this run can have left: named as a chunk of this export, not before the run began,
 * recorded by no task of the run, and by no other run in the file log or in a manifest.
 */
async function findOrphans(
  run: ReviewedRun,
  objects: ReadonlyMap<string, ObjectInfo>,
): Promise<string[]> {
  const began = runTime(run.runId, run.exportName);
  if (began === null) return [];
  const firstSecond = Math.floor(began.getTime() / 1000) * 1000;
  const recorded = new Set(run.tasks.flatMap(recordedParts).map((part) => part.path));
  const candidates = [...objects.keys()].filter((key) => {
    const part = parsePartName(run.exportName, key.slice(key.lastIndexOf("/") + 1));
    return part !== null && part.chunkIndex !== null && part.at.getTime() >= firstSecond &&
      !recorded.has(key);
  });
  if (candidates.length === 0) return [];
  const others = await partsOfOtherRuns(run);
  return candidates.filter((key) =>
    decide({ recorded: false, there: true, sizeEqual: false, contentEqual: null }) ===
      "quarantine" && !others.has(key)
  );
}

async function partsOfOtherRuns(run: ReviewedRun): Promise<Set<string>> {
  const { destination, exportName, runId } = run;
  const logged = await run.state.files({ exportName });
  const paths = new Set(logged.filter((f) => f.runId !== runId).map((f) => f.fileName));
  for await (const { key } of destination.list(manifestCopyPrefix(exportName))) {
    if (runOfManifestCopy(key, exportName) !== null) await addPaths(run, key, paths);
  }
  await addPaths(run, MANIFEST_KEY, paths);
  return paths;
}

/** Adds the parts of another run's manifest. */
async function addPaths(run: ReviewedRun, key: string, paths: Set<string>): Promise<void> {
  const bytes = await run.destination.read(key);
  if (bytes === null) return;
  try {
    const manifest = parseManifest(bytes, key);
    if (manifest.run_id === run.runId) return;
    for (const part of manifest.parts) paths.add(part.path);
  } catch (error) {
    // What cannot be read names no part, and is no reason to stop a resume.
    logger().warn(error instanceof Error ? error.message : String(error));
  }
}
