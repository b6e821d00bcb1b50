/**
 * The end of a run at its destination: manifest, `_SUCCESS`, then verification of what is there
 * (contracts section 1, M1, M2, M5, I8).
 */
import { RivetError, toRivetError } from "../base/errors.ts";
import { bound, type BoundDestination, isStream } from "../ports/destination.ts";
import type { Column } from "../types/types.ts";
import { buildManifest } from "../manifest/build_manifest.ts";
import type { Manifest, ManifestCursor } from "../manifest/manifest.ts";
import {
  publishFailure,
  publishPrepared,
  publishSuccess,
  withdrawSuccess,
} from "../manifest/publish.ts";
import {
  coverageText,
  isVerified,
  manifestCheck,
  partProblem,
  type Verification,
  verifyDestination,
} from "../manifest/verify_parts.ts";
import { type CursorMove, restoreCursor } from "./commit_cursor.ts";
import { isRefusal } from "../tables/commit_table.ts";
import { commitTable, manifestBefore, withCommit } from "./commit_run.ts";
import { bestEffort, type ExportContext } from "./context.ts";
import { runTime } from "../manifest/names.ts";
import { committedParts } from "../manifest/parts.ts";
import { withGrace } from "../base/wait.ts";
import type { ExportStatus } from "../report/summary.ts";
import type { PartRecord } from "../manifest/parts.ts";

export interface FinishedRun {
  readonly status: ExportStatus;
  readonly columns: readonly Column[] | null;
  readonly parts: readonly PartRecord[];
  /** How the run moved the cursor; null: it did not. */
  readonly cursor: CursorMove | null;
}

export interface Published {
  /** The verdict changed: the manifest could not be written, or the destination holds something else. */
  readonly error: RivetError | null;
  /** `3 verified: 2 md5, 1 size only`; null when nothing was verified. */
  readonly coverage: string | null;
}

const NOTHING: Published = { error: null, coverage: null };
/** How long a stopped run may still take to say at its destination what it left there. */
const FAREWELL_MS = 30_000;
/** Named in the error; the rest is counted. */
const PROBLEMS_NAMED = 3;

export async function publishRun(ctx: ExportContext, run: FinishedRun): Promise<Published> {
  if (isStream(ctx.destination)) return NOTHING;
  // A run that is stopped here has moved its cursor: what names its rows is still written.
  const signal = withGrace(ctx.signal, FAREWELL_MS);
  const destination = bound(ctx.destination, signal);
  switch (run.status) {
    case "skipped":
      return NOTHING;
    case "failed":
    case "interrupted":
      // The cursor moved: the next start completes what is prepared, and must find it.
      if (run.cursor !== null) return NOTHING;
      // A run that left nothing at the destination leaves no manifest there either.
      if (committedParts(run.parts).length > 0) await leaveFailure(ctx, destination, run);
      return NOTHING;
    case "success":
      return ctx.exported.tableFormat === null
        ? await publishAndVerify(ctx, destination, run)
        : await publishTable({ ...ctx, signal }, destination, run);
  }
}

/** The run's own manifest before its cursor moves, with all that completing it takes. */
export async function preparedManifest(ctx: ExportContext, run: FinishedRun): Promise<Manifest> {
  const manifest = await manifestOf(ctx, run, "prepared");
  if (ctx.exported.tableFormat === null || isStream(ctx.destination)) return manifest;
  const { columns, parts } = run;
  if (columns === null) throw new RivetError("INTERNAL", "a table without columns");
  return await withCommit(ctx, bound(ctx.destination, ctx.signal), manifest, { columns, parts });
}

/** @param status of the manifest; `prepared` carries all that completing the run takes. */
export function manifestOf(
  ctx: ExportContext,
  run: FinishedRun,
  status: Manifest["status"],
): Promise<Manifest> {
  const { config, destination, exported, runId, startedAt } = ctx;
  return buildManifest({
    runId,
    exported,
    engine: config.source.type,
    destination,
    // A resumed run began when its first attempt did.
    startedAt: runTime(runId, exported.name) ?? startedAt,
    finishedAt: new Date(),
    status,
    columns: run.columns,
    parts: run.parts,
    snapshot: ctx.snapshot?.shared?.point,
    cursor: manifestCursor(run.cursor, status),
    order: ctx.order,
  });
}

function manifestCursor(
  move: CursorMove | null,
  status: Manifest["status"],
): ManifestCursor | undefined {
  if (move === null) return undefined;
  const { before, after: { cursor, ties } } = move;
  return {
    before: before?.cursor ?? null,
    after: cursor,
    ...(status === "prepared" && ties !== undefined ? { ties } : {}),
  };
}

/** What another run of the export has published by now stays as it is; it may even be of the same run id. */
async function isStillOurs({ lease }: ExportContext): Promise<boolean> {
  try {
    await lease.confirm();
    return true;
  } catch {
    return false;
  }
}

async function leaveFailure(
  ctx: ExportContext,
  destination: BoundDestination,
  run: FinishedRun,
): Promise<void> {
  if (!await isStillOurs(ctx)) return;
  const status = run.status === "interrupted" ? "interrupted" : "failed";
  await bestEffort(
    "the manifest",
    async () => publishFailure(destination, await manifestOf(ctx, run, status)),
  );
}

async function publishAndVerify(
  ctx: ExportContext,
  destination: BoundDestination,
  run: FinishedRun,
): Promise<Published> {
  const content = ctx.exported.config.verify === "content";
  try {
    const manifest = await manifestOf(ctx, run, "success");
    await ctx.lease.confirm();
    await publishSuccess(destination, manifest);
    if (!ctx.options.validate && !content) return NOTHING;
    const verification = await verifyDestination(destination, manifest, {
      content,
      check: manifestCheck(ctx.deps, manifest),
    });
    const coverage = coverageText(verification);
    const ok = isVerified(verification);
    ctx.journal.add("validated", { ok, coverage });
    if (ok) return { error: null, coverage };
    await takeBack(ctx, destination, run);
    return { error: notVerified(ctx, verification, coverage), coverage };
  } catch (error) {
    await takeBack(ctx, destination, run);
    return { error: toRivetError(error), coverage: null };
  }
}

/**
 * What is in a table cannot be taken back: the parts are verified before, and a run that may have come
 * into it stays prepared, for the next start to complete.
 */
async function publishTable(
  ctx: ExportContext,
  destination: BoundDestination,
  run: FinishedRun,
): Promise<Published> {
  const content = ctx.exported.config.verify === "content";
  let before: Manifest | null = null;
  let coverage: string | null = null;
  let prepared: Manifest;
  try {
    before = await manifestBefore(destination, ctx.runId);
    prepared = await preparedManifest(ctx, run);
    await ctx.lease.confirm();
    await publishPrepared(destination, prepared);
    if (ctx.options.validate || content) {
      const verification = await verifyDestination(destination, prepared, {
        content,
        check: manifestCheck(ctx.deps, prepared),
      });
      coverage = coverageText(verification);
      ctx.journal.add("validated", { ok: isVerified(verification), coverage });
      if (!isVerified(verification)) throw notVerified(ctx, verification, coverage);
    }
  } catch (error) {
    await abandon(ctx, destination, run, before);
    return { error: toRivetError(error), coverage };
  }
  try {
    const committed = await commitTable(ctx, prepared);
    const { parts, table } = committed;
    const manifest = await manifestOf(ctx, run, "success");
    await publishSuccess(destination, { ...manifest, parts, ...(table && { table }) });
    return { error: null, coverage };
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (isRefusal(error)) await abandon(ctx, destination, run, before);
    return { error, coverage };
  }
}

/** A run that is in its table already is there still, whatever a correction of it came to. */
async function abandon(
  ctx: ExportContext,
  destination: BoundDestination,
  run: FinishedRun,
  before: Manifest | null,
): Promise<void> {
  if (before?.table === undefined) return await takeBack(ctx, destination, run);
  if (!await isStillOurs(ctx)) return;
  await bestEffort("the manifest as it was", () => publishPrepared(destination, before));
}

/**
 * M5: `_SUCCESS` must not stand over parts that could not be vouched for. I3: nor may the cursor stand
 * behind them.
 */
async function takeBack(
  ctx: ExportContext,
  destination: BoundDestination,
  run: FinishedRun,
): Promise<void> {
  if (!await isStillOurs(ctx)) return;
  await bestEffort("the withdrawal of _SUCCESS", async () => {
    await withdrawSuccess(destination, ctx.runId);
  });
  const { cursor } = run;
  if (cursor !== null) {
    await bestEffort("the cursor as it was", () => restoreCursor(ctx.state, cursor));
  }
  await leaveFailure(ctx, destination, run);
}

/** VALIDATION_FAILED, naming the parts that are not what was written. */
export function notVerified(
  ctx: ExportContext,
  verification: Verification,
  coverage: string,
): RivetError {
  const problems = verification.parts.map(partProblem).filter((text) => text !== null);
  const named = problems.slice(0, PROBLEMS_NAMED).join("; ");
  const more = problems.length > PROBLEMS_NAMED
    ? `; and ${problems.length - PROBLEMS_NAMED} more`
    : "";
  return new RivetError(
    "VALIDATION_FAILED",
    `export '${ctx.exported.name}': the destination does not hold what was written: ` +
      `${named}${more} (${coverage})`,
    {
      hint:
        "Find out what changes files there, then run the export again: it reads these rows anew.",
    },
  );
}
