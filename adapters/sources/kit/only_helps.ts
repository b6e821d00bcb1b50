/** Look-ups that only help: a catalog that does not answer costs an estimate or a hint, never the command. */
import { type ErrorCode, SourceError } from "../../../core/base/errors.ts";
import { logger } from "../../../core/base/log.ts";

/** The server answered, and does not have or does not show what was asked for. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set([
  "SOURCE_QUERY",
  "SOURCE_OBJECT_NOT_FOUND",
  "SOURCE_PERMISSION",
  "TYPE_UNSUPPORTED",
]);

/**
 * What the look-up finds, or `without`. Everything that is not about the look-up itself (a lost
 * connection, a timeout, an interruption) fails as it does elsewhere.
 * @param what is looked up, for the log.
 */
export async function onlyHelps<T>(
  what: string,
  lookUp: () => Promise<T>,
  without: T,
): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    if (!(error instanceof SourceError) || !UNANSWERED.has(error.code)) throw error;
    logger().debug(`${what}: not known (${error.message})`);
    return without;
  }
}
