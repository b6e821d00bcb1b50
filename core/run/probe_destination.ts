/**
 * The destination is asked before the source is read: what will not be accepted after hours is refused
 * at once, and what the credentials do not allow is known before it is needed.
 */
import { requireAccess } from "../access/destination_access.ts";
import { logger } from "../base/log.ts";
import { type Access, bound, isStream } from "../ports/destination.ts";
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
  return await requireAccess(bound(ctx.destination, ctx.signal), exported, listedFor);
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
