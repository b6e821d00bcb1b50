/**
 * What an earlier run of the export left unfinished, settled before anything is read: a run whose parts
 * are all at the destination is completed, any other is taken back. Together with the order of writes
 * (manifest, cursor, publication) this keeps every exported row in exactly one manifest that counts.
 */
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import {
  MANIFEST_KEY,
  manifestCopyKey,
  manifestCopyPrefix,
  runOfManifestCopy,
  SUCCESS_KEY,
} from "../manifest/keys.ts";
import { type Manifest, parseManifest } from "../manifest/manifest.ts";
import { resolvePlaceholders, runTime } from "../manifest/names.ts";
import { publishFailure, publishSuccess } from "../manifest/publish.ts";
import { coverageText, isVerified, verifyDestination } from "../manifest/verify_parts.ts";
import type { Destination } from "../ports/destination.ts";
import { commitCursor } from "./commit_cursor.ts";
import { type ExportContext, isStream } from "./context.ts";

/**
 * @throws RivetError when the destination cannot be asked: a run that was cut short may be there, and
 * reading on would hide its rows. Credentials that may only write are warned of instead.
 */
export async function settleEarlierRuns(ctx: ExportContext): Promise<void> {
  const { destination, exported } = ctx;
  if (isStream(destination)) return;
  try {
    const runs = new Set([...await runsInState(ctx), ...await runsAtDestination(ctx, destination)]);
    runs.delete(ctx.runId);
    // Oldest first: a later one builds on the cursor of the one before it.
    for (const runId of [...runs].sort()) await settleRun(ctx, runId);
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (error.code !== "DESTINATION_AUTH") throw error;
    logger().warn(
      `export '${exported.name}': what an earlier run left unfinished is not looked for: ${error.message}`,
    );
  }
}

/** The last run that had a part accepted, and the one that moved the cursor last. */
async function runsInState({ state, exported: { name } }: ExportContext) {
  const [file] = await state.files({ exportName: name, last: 1 });
  const cursor = await state.cursor(name);
  return [file?.runId, cursor?.runId].filter((id) => id !== undefined);
}

/** For a state that was lost: the runs of the folder from the last one that succeeded on. */
async function runsAtDestination(ctx: ExportContext, destination: Destination): Promise<string[]> {
  const { name } = ctx.exported;
  const runs: string[] = [];
  for await (const { key } of destination.list(manifestCopyPrefix(name))) {
    const runId = runOfManifestCopy(key, name);
    if (runId !== null) runs.push(runId);
  }
  runs.sort();
  const found: string[] = [];
  for (const runId of runs.reverse()) {
    found.push(runId);
    if ((await manifestAt(destination, manifestCopyKey(runId)))?.status === "success") break;
  }
  return found;
}

/** null when it is not there, or is no manifest: whatever it is then, it says nothing of any run. */
async function manifestAt(destination: Destination, key: string): Promise<Manifest | null> {
  const bytes = await destination.read(key);
  if (bytes === null) return null;
  try {
    return parseManifest(bytes, key);
  } catch (error) {
    logger().warn(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** In the folder that the run wrote to, which `{date}` or `{run_id}` may make another one. */
async function settleRun(ctx: ExportContext, runId: string): Promise<void> {
  const { deps, exported } = ctx;
  const at = runTime(runId, exported.name);
  if (at === null) return;
  const place = { exportName: exported.name, runId, at };
  const destination = await deps.destination(resolvePlaceholders(exported.destination, place));
  try {
    if (isStream(destination)) return;
    const manifest = await manifestAt(destination, manifestCopyKey(runId));
    if (manifest === null) return;
    switch (manifest.status) {
      case "failed":
      case "interrupted":
        return;
      case "success":
        return await completePublication(ctx, destination, manifest);
      case "prepared":
        return await settlePrepared(ctx, destination, manifest);
    }
  } finally {
    await destination.close();
  }
}

/** Killed between the manifest's copy and `_SUCCESS`, unless another run has ended there since. */
async function completePublication(
  ctx: ExportContext,
  destination: Destination,
  manifest: Manifest,
): Promise<void> {
  const published = await manifestAt(destination, MANIFEST_KEY);
  const same = published?.run_id === manifest.run_id;
  if (published !== null && !same && published.finished_at >= manifest.finished_at) return;
  if (same && await destination.head(SUCCESS_KEY) !== null) return;
  await complete(ctx, destination, manifest);
}

async function settlePrepared(
  ctx: ExportContext,
  destination: Destination,
  manifest: Manifest,
): Promise<void> {
  const verification = await verifyDestination(destination, manifest, { content: false });
  const missing = isVerified(verification) ? null : coverageText(verification);
  const reason = missing ?? await moveCursor(ctx, manifest);
  if (reason !== null) return await takeBack(ctx, destination, manifest, reason);
  await complete(ctx, destination, manifest);
}

/** Moves the cursor to where the run would have moved it; else why it must not. */
async function moveCursor(ctx: ExportContext, manifest: Manifest): Promise<string | null> {
  const { state, exported: { name } } = ctx;
  const { run_id: runId, cursor } = manifest;
  if (cursor === undefined) return null;
  const stored = await state.cursor(name);
  if (stored?.runId === runId) return null;
  if ((stored?.cursor ?? null) !== cursor.before) {
    return `the cursor is '${stored?.cursor ?? "none"}', and was '${
      cursor.before ?? "none"
    }' when it read`;
  }
  const ties = cursor.ties === undefined ? {} : { ties: cursor.ties };
  const updatedAt = new Date().toISOString();
  await commitCursor(state, { exportName: name, cursor: cursor.after, runId, updatedAt, ...ties });
  return null;
}

async function complete(
  ctx: ExportContext,
  destination: Destination,
  manifest: Manifest,
): Promise<void> {
  const { cursor, ...rest } = manifest;
  const shown = cursor === undefined
    ? {}
    : { cursor: { before: cursor.before, after: cursor.after } };
  await publishSuccess(destination, { ...rest, ...shown, status: "success" });
  logger().warn(
    `export '${ctx.exported.name}': run '${manifest.run_id}' was cut short after its last part; its ` +
      `manifest of ${manifest.row_count} rows has been published now`,
  );
  ctx.journal.add("settled", {
    run_id: manifest.run_id,
    rows: manifest.row_count,
    done: "completed",
  });
}

async function takeBack(
  ctx: ExportContext,
  destination: Destination,
  manifest: Manifest,
  reason: string,
): Promise<void> {
  await publishFailure(destination, { ...manifest, status: "failed" });
  logger().warn(
    `export '${ctx.exported.name}': run '${manifest.run_id}' was cut short and is taken back: ${reason}; ` +
      "its rows are read again",
  );
  ctx.journal.add("settled", { run_id: manifest.run_id, done: "taken_back", reason });
}
