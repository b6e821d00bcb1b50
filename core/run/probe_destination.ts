/**
 * The destination is asked before the source is read: what will not be accepted after hours is refused
 * at once, and what the credentials do not allow is known before it is needed.
 */
import { DestinationError, RivetError } from "../base/errors.ts";
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
  const destination = bound(ctx.destination, ctx.signal);
  const compare = exported.config.verify === "content";
  const { destination: config } = exported;
  const write = !("probe" in config && config.probe === false);
  const list = needs.list || options.validate || compare;
  const access = await destination.probe({ write, list, compare });
  for (const { what, hint } of access.refused) {
    if (what === "list") {
      throw new DestinationError(
        "DESTINATION_AUTH",
        `export '${exported.name}': ${destination.uri} cannot be listed, and ` +
          `${needs.list ? "--resume" : compare ? "verify: content" : "--validate"} needs to`,
        { hint, category: "auth" },
      );
    }
    logger().info(`${destination.uri}: nothing can be removed or quarantined there. ${hint}`);
  }
  if (compare && access.foreignMd5 !== null) {
    throw new RivetError(
      "NOT_AVAILABLE",
      `export '${exported.name}': verify: content compares MD5s, and under ${access.foreignMd5} ` +
        `${destination.uri} lists none of the content`,
      { hint: "Leave `verify` out: sizes are compared then. Or write to a place without it." },
    );
  }
  return access;
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
