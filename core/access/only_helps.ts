/** Look-ups that only help: a catalog that does not answer costs an estimate or a hint, never the command. */
import { type ErrorCode, RivetError, toRivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";

/** The server answered, and does not have or does not show what was asked for. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set([
  "SOURCE_QUERY",
  "SOURCE_OBJECT_NOT_FOUND",
  "SOURCE_PERMISSION",
  "TYPE_UNSUPPORTED",
]);

/** Not about what was looked up: the whole command meets them, whatever it asks. */
function concernsAll(error: RivetError): boolean {
  if (error.code === "INTERRUPTED" || error.code === "CONFIG_INVALID") return true;
  return ["network", "disconnect", "capacity"].includes(error.category);
}

/**
 * What the look-up finds, or `without`. A lost connection or an interruption fails as it does elsewhere.
 * @param what is looked up, for the log.
 */
export async function onlyHelps<T>(
  what: string,
  lookUp: () => Promise<T>,
  without: T,
): Promise<T> {
  try {
    return await lookUp();
  } catch (thrown) {
    const error = toRivetError(thrown);
    if (concernsAll(error)) throw thrown;
    const text = `${what}: not known (${error.message})`;
    if (UNANSWERED.has(error.code)) logger().debug(text);
    else logger().warn(text);
    return without;
  }
}
