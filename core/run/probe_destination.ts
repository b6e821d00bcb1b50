/**
 * The destination is asked before the source is read: what will not be accepted after hours is refused
 * at once, and what the credentials do not allow is known before it is needed.
 */
import { requireAccess } from "../access/destination_access.ts";
import { RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import { type Access, bound, isStream } from "../ports/destination.ts";
import { tableInPlace } from "../tables/open_table.ts";
import type { ExportContext } from "./context.ts";

/** A stream takes what comes, once. */
const STREAM: Access = { refused: [], createOnly: true, foreignMd5: null };

/**
 * @param needs `list`: the run cannot go on without a listing (`--resume`).
 * @throws DestinationError when the destination cannot be used as the run is going to use it.
 */
export async function probeDestination(
  ctx: ExportContext,
  needs: { readonly list: boolean },
): Promise<Access> {
  const { exported, options } = ctx;
  if (isStream(ctx.destination)) {
    warnOfRetries(ctx);
    return STREAM;
  }
  const listedFor = needs.list ? "--resume" : options.validate ? "--validate" : null;
  const access = await requireAccess(bound(ctx.destination, ctx.signal), exported, listedFor);
  if (exported.tableFormat !== null && !access.createOnly) throw noConditions(ctx);
  return access;
}

/** Only where nobody pays for it: in a folder, or where a listing has been asked for. */
export async function warnOfTable(
  { destination, exported, options, signal }: ExportContext,
  resumes: boolean,
): Promise<void> {
  const isListed = resumes || options.validate || exported.destination.type === "local";
  if (!isListed || isStream(destination)) return;
  try {
    const warning = await tableInPlace(exported, bound(destination, signal));
    if (warning !== null) logger().warn(`export '${exported.name}': ${warning}`);
  } catch (error) {
    if (signal.aborted) throw error;
    // The run does not need to know.
    logger().debug(`export '${exported.name}': ${toRivetError(error).message}`);
  }
}

/** Two writers would both take the same version for theirs. */
function noConditions({ exported, destination }: ExportContext): RivetError {
  return new RivetError(
    "TABLE_UNSUPPORTED",
    `export '${exported.name}': ${destination.uri} does not refuse a name that is taken, which a ` +
      "table's commits rely on",
    {
      hint: "Use a store that heeds If-None-Match, with destination.probe left on; or leave " +
        "table_format out.",
    },
  );
}

/** Contracts section 2: what left cannot be taken back. */
function warnOfRetries({ config, destination, exported }: ExportContext): void {
  const retries = exported.config.tuning?.max_retries ?? config.source.tuning?.max_retries ?? 0;
  if (destination.capabilities.retrySafe || retries === 0) return;
  logger().warn(
    `export '${exported.name}': max_retries does not hold for ${destination.uri}: what was written ` +
      "there cannot be taken back",
  );
}
