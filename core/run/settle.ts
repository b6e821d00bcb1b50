/**
 * What an earlier run of the export left unfinished, settled before anything is read: a run whose parts
 * are all at the destination is completed, any other is taken back. Together with the order of writes
 * (manifest, cursor, publication) this keeps every exported row in exactly one manifest that counts.
 */
import { openExportDestination } from "../tables/export_destination.ts";
import { toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { copiesNewestFirst } from "../manifest/find_manifest.ts";
import { MANIFEST_KEY, manifestCopyKey, SUCCESS_KEY } from "../manifest/keys.ts";
import { type Manifest, parseManifest } from "../manifest/manifest.ts";
import { resolvePlaceholders, runTime } from "../manifest/names.ts";
import { lacksPartitions, publishPartitions } from "../manifest/partitions.ts";
import { publishFailure, publishSuccess } from "../manifest/publish.ts";
import { coverageText, isVerified, verifyDestination } from "../manifest/verify_parts.ts";
import {
  type AnyDestination,
  bound,
  type BoundDestination,
  isStream,
} from "../ports/destination.ts";
import { isCommitted, isRefusal } from "../tables/commit_table.ts";
import { withTable } from "../tables/open_table.ts";
import { commitCursor } from "./commit_cursor.ts";
import { commitTable } from "./commit_run.ts";
import type { ExportContext } from "./context.ts";
import { runDestination } from "./retries.ts";

/**
 * @throws RivetError when the destination cannot be asked: a run that was cut short may be there, and
 * reading on would hide its rows. Credentials that may only write are warned of instead.
 */
export async function settleEarlierRuns(ctx: ExportContext): Promise<void> {
  const { exported, signal } = ctx;
  if (isStream(ctx.destination)) return;
  const destination = bound(ctx.destination, signal);
  const earlier: EarlierRun[] = [];
  try {
    const runs = new Set([...await runsInState(ctx), ...await runsAtDestination(ctx, destination)]);
    runs.delete(ctx.runId);
    for (const runId of runs) earlier.push(...await openRun(ctx, runId));
    // Oldest first: a later one builds on the cursor of the one before it.
    for (const run of earlier.sort(byOrder)) await settleRun(ctx, run);
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (error.code !== "DESTINATION_AUTH") throw error;
    logger().warn(
      `export '${exported.name}': what an earlier run left unfinished is not looked for: ${error.message}`,
    );
  } finally {
    for (const { opened } of earlier) await opened.close();
  }
}

/** A run that left a manifest, and the folder that it wrote to. */
interface EarlierRun {
  /** To be closed. */
  readonly opened: AnyDestination;
  readonly destination: BoundDestination;
  readonly manifest: Manifest;
}

function byOrder({ manifest: a }: EarlierRun, { manifest: b }: EarlierRun): number {
  if (a.sequence !== undefined && b.sequence !== undefined) return a.sequence - b.sequence;
  return a.run_id < b.run_id ? -1 : 1;
}

/** The last run that had a part accepted, and the one that moved the cursor last. */
async function runsInState({ state, exported: { name } }: ExportContext) {
  const [file] = await state.files({ exportName: name, last: 1 });
  const cursor = await state.cursor(name);
  return [file?.runId, cursor?.runId].filter((id) => id !== undefined);
}

/** For a state that was lost: the runs of the folder from the last one that succeeded on. */
async function runsAtDestination(
  ctx: ExportContext,
  destination: BoundDestination,
): Promise<string[]> {
  const { exported: { name }, order } = ctx;
  // A state that knows the run before this one names it itself, in the right order.
  const lookInto = order.previousRunId === null ? "the last ones" : "the latest";
  const found: string[] = [];
  for await (const read of copiesNewestFirst(destination, name, lookInto)) {
    const { runId, manifest } = read;
    found.push(runId);
    if (manifest === null) logger().warn(read.problem);
    if (manifest?.status === "success") break;
  }
  return found;
}

/** null when it is not there, or is no manifest: whatever it is then, it says nothing of any run. */
async function manifestAt(destination: BoundDestination, key: string): Promise<Manifest | null> {
  const bytes = await destination.read(key);
  if (bytes === null) return null;
  try {
    return parseManifest(bytes, key);
  } catch (error) {
    logger().warn(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** In the folder that the run wrote to, which `{date}` or `{run_id}` may make another one; none without a manifest. */
async function openRun(ctx: ExportContext, runId: string): Promise<EarlierRun[]> {
  const { deps, exported } = ctx;
  const at = runTime(runId, exported.name);
  if (at === null) return [];
  const place = { exportName: exported.name, runId, at };
  const opened = runDestination(
    ctx,
    await openExportDestination(
      deps,
      exported,
      resolvePlaceholders(exported.destination, place),
      ctx.signal,
      "work",
    ),
  );
  try {
    const destination = isStream(opened) ? null : bound(opened, ctx.signal);
    const manifest = destination && await manifestAt(destination, manifestCopyKey(runId));
    if (destination !== null && manifest !== null) return [{ opened, destination, manifest }];
  } catch (error) {
    await opened.close();
    throw error;
  }
  await opened.close();
  return [];
}

async function settleRun(ctx: ExportContext, run: EarlierRun): Promise<void> {
  const { destination, manifest } = run;
  switch (manifest.status) {
    case "failed":
    case "interrupted":
      return;
    case "success":
      return await completePublication(ctx, destination, manifest);
    case "prepared":
      return await settlePrepared(ctx, run);
  }
}

/** Killed between the manifest's copy and `_SUCCESS`, unless another run has ended there since. */
async function completePublication(
  ctx: ExportContext,
  destination: BoundDestination,
  manifest: Manifest,
): Promise<void> {
  const published = await manifestAt(destination, MANIFEST_KEY);
  const same = published?.run_id === manifest.run_id;
  if (published !== null && !same && isAfter(published, manifest)) {
    const foreign = published.export_name !== manifest.export_name;
    // Another export in the same folder says nothing of this one's partitions.
    if (foreign && await lacksPartitions(destination, manifest)) {
      await publishPartitions(destination, manifest);
    }
    return;
  }
  if (same && await destination.head(SUCCESS_KEY) !== null) return;
  await complete(ctx, destination, manifest);
}

/** Runs of one export have an order; those of two exports in one folder have their clocks. */
function isAfter(published: Manifest, manifest: Manifest): boolean {
  const [a, b] = [published.sequence, manifest.sequence];
  const ordered = published.export_name === manifest.export_name && a !== undefined;
  return ordered && b !== undefined ? a > b : published.finished_at >= manifest.finished_at;
}

async function settlePrepared(ctx: ExportContext, run: EarlierRun): Promise<void> {
  const { opened, destination, manifest } = run;
  if (await isInTable(ctx, opened, manifest)) {
    const ignored = await moveCursor(ctx, manifest);
    if (ignored !== null) logger().warn(`run '${manifest.run_id}' is in its table; ${ignored}`);
    return await completeTable(ctx, run);
  }
  const verification = await verifyDestination(destination, manifest, { content: false });
  const missing = isVerified(verification) ? null : coverageText(verification);
  const reason = missing ?? await moveCursor(ctx, manifest);
  if (reason !== null) return await takeBack(ctx, destination, manifest, reason);
  await completeTable(ctx, run);
}

/** Whether the run died after its commit to the export's table. */
async function isInTable(
  ctx: ExportContext,
  destination: AnyDestination,
  manifest: Manifest,
): Promise<boolean> {
  return await withTable({ ...ctx, destination }, (table) => isCommitted(table, manifest)) ?? false;
}

/** Its commit to the export's table, where it has one, and its publication. */
async function completeTable(
  ctx: ExportContext,
  { opened, destination, manifest }: EarlierRun,
): Promise<void> {
  try {
    const committed = await commitTable({ ...ctx, destination: opened }, manifest);
    await complete(ctx, destination, committed);
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (!isRefusal(error)) throw error;
    await cursorBefore(ctx, manifest);
    await takeBack(ctx, destination, manifest, error.message);
  }
}

/** I3: what its table refuses is read again. */
async function cursorBefore(
  { state, exported: { name: exportName } }: ExportContext,
  { run_id: runId, cursor }: Manifest,
): Promise<void> {
  if (cursor === undefined || (await state.cursor(exportName))?.runId !== runId) return;
  const updatedAt = new Date().toISOString();
  const { before } = cursor;
  if (before === null) await state.resetCursor(exportName);
  else await state.saveCursor({ exportName, cursor: before, runId, updatedAt });
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
  destination: BoundDestination,
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
  destination: BoundDestination,
  manifest: Manifest,
  reason: string,
): Promise<void> {
  const { table_commit: _, ...rest } = manifest;
  await publishFailure(destination, { ...rest, status: "failed" });
  logger().warn(
    `export '${ctx.exported.name}': run '${manifest.run_id}' was cut short and is taken back: ${reason}; ` +
      "its rows are read again",
  );
  ctx.journal.add("settled", { run_id: manifest.run_id, done: "taken_back", reason });
}
