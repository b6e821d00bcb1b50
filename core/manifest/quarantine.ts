/** M9: objects that must not be read as data are moved aside, never deleted. */
import { logger } from "../base/log.ts";
import type { BoundDestination } from "../ports/destination.ts";
import { quarantineKey } from "./keys.ts";

/** A name in the quarantine that holds nothing yet, so that nothing there is ever overwritten. */
async function freeKey(destination: BoundDestination, runId: string, key: string): Promise<string> {
  const wanted = quarantineKey(runId, key);
  for (let n = 1;; n++) {
    const name = n === 1 ? wanted : `${wanted}.${n}`;
    if (await destination.head(name) === null) return name;
  }
}

/**
 * Moves an object to `_quarantine/<run_id>/<name>`. Best effort: a failure is a WARN and leaves the
 * object where it is. Returns where it is now, or null when it could not be moved.
 */
export async function quarantine(
  destination: BoundDestination,
  runId: string,
  key: string,
): Promise<string | null> {
  try {
    const target = await freeKey(destination, runId, key);
    await destination.move(key, target);
    logger().warn(`${key} was moved to ${target}`);
    return target;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger().warn(`${key} could not be moved to quarantine and stays: ${reason}`);
    return null;
  }
}
