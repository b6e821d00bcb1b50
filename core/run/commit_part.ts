/** The one seam for a finished part: validate, write to the destination, file log (I1, I2, I7). */
import { RivetError } from "../base/errors.ts";
import type { Destination } from "../ports/destination.ts";
import { bestEffort, type ExportContext, isStream } from "./context.ts";
import { partFolder, partName, type PartPlace, runTime } from "../manifest/names.ts";
import type { StagedPart } from "../encode/staged_file.ts";
import type { PartRecord } from "../manifest/parts.ts";

/** `--validate`: the file itself is asked how many rows it holds, before anyone else sees it. */
async function validatePart(ctx: ExportContext, staged: StagedPart): Promise<void> {
  const format = await ctx.deps.format(ctx.exported.config.format);
  const rows = await format.countRows(staged.file);
  if (rows !== staged.rows) {
    throw new RivetError(
      "VALIDATION_FAILED",
      `export '${ctx.exported.name}': a part holds ${rows} rows where ${staged.rows} were written`,
      { hint: "Nothing was committed for it. Check the disk, then run again." },
    );
  }
}

/** Names carry seconds only; a name that is taken belongs to another run and is never overwritten. */
async function freeKey(
  ctx: ExportContext,
  destination: Destination,
  place: PartPlace,
  partition: string | undefined,
): Promise<string> {
  const { exported, deps, runId, startedAt } = ctx;
  const began = runTime(runId, exported.name) ?? startedAt;
  const values = { exportName: exported.name, runId, at: began };
  const folder = partFolder(exported.destination, values, partition);
  const { extension } = await deps.format(exported.config.format);
  for (let at = new Date();; at = new Date(at.getTime() + 1000)) {
    const key = folder + partName(exported.name, at, place, extension);
    if (await destination.head(key) === null) return key;
  }
}

/** @returns what the manifest and the file log say of the part. */
export async function commitPart(
  ctx: ExportContext,
  staged: StagedPart,
  place: PartPlace,
): Promise<PartRecord> {
  const { destination, exported, runId } = ctx;
  const stream = isStream(destination);
  if (ctx.options.validate && !stream) await validatePart(ctx, staged);
  const path = stream ? "-" : await freeKey(ctx, destination, place, staged.partition);
  if (!stream) await destination.put(staged.file, path, staged.md5);
  const { rows, sizeBytes, fingerprint, md5 } = staged;
  await bestEffort("the file log", () =>
    ctx.state.logFile({
      runId,
      exportName: exported.name,
      fileName: path,
      destination: destination.uri,
      rows,
      sizeBytes,
      fingerprint,
      md5,
      format: exported.config.format,
      compression: exported.config.format === "csv" ? "none" : exported.compression.codec,
      chunkIndex: place.chunkIndex,
      createdAt: new Date().toISOString(),
    }));
  ctx.journal.add("part_committed", { path, rows, size_bytes: sizeBytes });
  return { path, rows, sizeBytes, fingerprint, md5, chunkIndex: place.chunkIndex };
}
