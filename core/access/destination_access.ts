/** A destination is asked for what a run is going to do there. */
import { DestinationError, RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { Access, BoundDestination } from "../ports/destination.ts";

/** Why the run lists the destination, as the message names it; null: it does not need to. */
export type ListedFor = "--resume" | "--validate" | null;

/** @throws DestinationError when the destination cannot be used as the run is going to use it. */
export async function requireAccess(
  destination: BoundDestination,
  exported: LoadedExport,
  listedFor: ListedFor,
): Promise<Access> {
  const { name, config: { verify }, destination: config } = exported;
  const compare = verify === "content";
  const write = !("probe" in config && config.probe === false);
  const list = listedFor !== null || compare;
  const access = await destination.probe({ write, list, compare });
  for (const { what, hint } of access.refused) {
    if (what === "list") {
      throw new DestinationError(
        "DESTINATION_AUTH",
        `export '${name}': ${destination.uri} cannot be listed, and ` +
          `${listedFor === "--resume" || !compare ? listedFor : "verify: content"} needs to`,
        { hint, category: "auth" },
      );
    }
    logger().info(`${destination.uri}: nothing can be removed or quarantined there. ${hint}`);
  }
  if (compare && access.foreignMd5 !== null) {
    throw new RivetError(
      "NOT_AVAILABLE",
      `export '${name}': verify: content compares MD5s, and under ${access.foreignMd5} ` +
        `${destination.uri} lists none of the content`,
      { hint: "Leave `verify` out: sizes are compared then. Or write to a place without it." },
    );
  }
  return access;
}
