/** The one seam for a finished part: validate, write to the destination, file log (I1, I2, I7). */
import { fileExtension } from "../ports/format.ts";
import { DestinationError, RivetError } from "../base/errors.ts";
import { withLocalFile } from "../base/file_bytes.ts";
import { logger } from "../base/log.ts";
import { bound, type BoundDestination, isStream } from "../ports/destination.ts";
import { bestEffort, type ExportContext } from "./context.ts";
import { partitionPath } from "../encode/partition_names.ts";
import { partFolder, partName, type PartPlace, runTime } from "../manifest/names.ts";
import type { StagedPart } from "../encode/staged_file.ts";
import type { PartRecord } from "../manifest/parts.ts";
import type { Column } from "../types/types.ts";

/**
 * `--validate`: the file is gone through as a reader would, before anyone else sees it. Digests say that bytes are those
 * that were written; only this says that they are a file.
 */
async function validatePart(
  ctx: ExportContext,
  staged: StagedPart,
  columns: readonly Column[],
): Promise<void> {
  const { config: { format: name }, compression: { codec: compression } } = ctx.exported;
  const format = await ctx.deps.format(name);
  const expected = { compression, columns: columns.map((column) => column.name) };
  const { rows, problem } = await withLocalFile(
    staged.file,
    (file) => format.check(file, expected),
  );
  if (problem === null && rows === staged.rows) return;
  const what = problem === null
    ? `a part holds ${rows} rows where ${staged.rows} were written`
    : `a part cannot be read by what its format says: ${problem.message}`;
  throw new RivetError("VALIDATION_FAILED", `export '${ctx.exported.name}': ${what}`, {
    hint: "Nothing was committed for it. Check the disk, then run again.",
  });
}

/** Overlapping runs take a few; a store that takes no object takes none of these. */
const NAMES_TRIED = 100;

/** Names carry seconds only; a name that is taken belongs to another run and is never overwritten. */
async function* names(
  ctx: ExportContext,
  place: PartPlace,
  partition: string | undefined,
): AsyncGenerator<string> {
  const { exported, deps, runId, startedAt } = ctx;
  const began = runTime(runId, exported.name) ?? startedAt;
  const values = { exportName: exported.name, runId, at: began };
  const folder = partFolder(
    exported.destination,
    values,
    partition === undefined ? undefined : partitionPath(partition),
  );
  const format = await deps.format(exported.config.format);
  const extension = fileExtension(format, exported.compression.codec);
  let at = new Date();
  for (let n = 0; n < NAMES_TRIED; n++, at = new Date(at.getTime() + 1000)) {
    yield folder + partName(exported.name, at, place, extension);
  }
}

/** @returns the name that was free. */
async function putUnderFreeName(
  ctx: ExportContext,
  destination: BoundDestination,
  staged: StagedPart,
  place: PartPlace,
): Promise<string> {
  for await (const key of names(ctx, place, staged.partition)) {
    if (await destination.put(staged, key) === "stored") return key;
    logger().info(`${key} is the name of another run's part`);
  }
  throw new DestinationError(
    "DESTINATION_FAILED",
    `${destination.uri} calls ${NAMES_TRIED} names in a row taken`,
    { hint: "It refuses new objects as if they were there already: check what it is." },
  );
}

/** I1: a finished file, checked where that was asked for, goes to the destination. */
async function storePart(
  ctx: ExportContext,
  destination: BoundDestination,
  staged: StagedPart,
  place: PartPlace,
  columns: readonly Column[],
): Promise<string> {
  if (ctx.options.validate) await validatePart(ctx, staged, columns);
  return await putUnderFreeName(ctx, destination, staged, place);
}

/** What a table says of its files: read from the file itself, while it is here; and what a path cannot say. */
async function factsOf(
  { deps, exported }: ExportContext,
  { file, partition }: StagedPart,
): Promise<Pick<PartRecord, "statistics" | "partition">> {
  if (exported.tableFormat === null) return {};
  const { statistics } = await deps.format(exported.config.format);
  const isCut = partition !== undefined && partitionPath(partition) !== partition;
  return {
    ...(statistics === undefined ? {} : { statistics: await statistics(file) }),
    ...(isCut ? { partition } : {}),
  };
}

/**
 * @param columns of the file.
 * @returns what the manifest and the file log say of the part.
 */
export async function commitPart(
  ctx: ExportContext,
  staged: StagedPart,
  place: PartPlace,
  columns: readonly Column[],
): Promise<PartRecord> {
  const { destination, exported, runId } = ctx;
  const known = await factsOf(ctx, staged);
  const path = isStream(destination)
    ? "-"
    : await storePart(ctx, bound(destination, ctx.signal), staged, place, columns);
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
      compression: exported.compression.codec,
      chunkIndex: place.chunkIndex,
      createdAt: new Date().toISOString(),
    }));
  ctx.journal.add("part_committed", { path, rows, size_bytes: sizeBytes });
  return { path, rows, sizeBytes, fingerprint, md5, chunkIndex: place.chunkIndex, ...known };
}
