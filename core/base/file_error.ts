/**
 * Errors of the local file system, translated once for everything that writes files on behalf of a
 * destination: the local destination itself and whoever fills its staging folder.
 */
import { DestinationError, type ErrorCategory, type ErrorCode } from "./errors.ts";

interface FileErrorClass {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly hint: string;
}

const FULL: FileErrorClass = {
  code: "DESTINATION_FULL",
  category: "permanent",
  hint: "Free space (or quota) there, or point the destination at another disk, and run again.",
};

const UNWRITABLE: FileErrorClass = {
  code: "DESTINATION_UNWRITABLE",
  category: "permanent",
  hint: "Give this user write permission there, or change `destination.path`.",
};

const UNREADABLE: FileErrorClass = {
  code: "DESTINATION_FAILED",
  category: "permanent",
  hint: "Give this user read permission there.",
};

/** Deno itself refused, by the flags that Rivet was started with; the hint follows from the cause. */
const DENIED: FileErrorClass = {
  code: "DESTINATION_UNWRITABLE",
  category: "permanent",
  hint: "Start Rivet with that permission.",
};

const OTHER_FILE_SYSTEM: FileErrorClass = {
  code: "DESTINATION_UNWRITABLE",
  category: "permanent",
  hint:
    "A folder below the destination is on another file system, where a file cannot be renamed " +
    "into place. Use that folder itself as `destination.path`.",
};

const NAME_TOO_LONG: FileErrorClass = {
  code: "DESTINATION_UNWRITABLE",
  category: "permanent",
  hint: "Shorten `destination.path` or the export's name.",
};

const GONE: FileErrorClass = {
  code: "DESTINATION_NOT_FOUND",
  category: "permanent",
  hint: "Something removed it while it was in use. Run again.",
};

/** Passing conditions of network file systems and crowded machines: worth a retry. */
const PASSING: FileErrorClass = {
  code: "DESTINATION_FAILED",
  category: "network",
  hint: "Check the disk or network share.",
};

const CROWDED: FileErrorClass = {
  code: "DESTINATION_FAILED",
  category: "capacity",
  hint: "Raise the open file limit (`ulimit -n`), or lower `parallel`.",
};

const BY_ERRNO: Readonly<Record<string, FileErrorClass>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: FULL,
  EACCES: UNWRITABLE,
  EPERM: UNWRITABLE,
  EROFS: UNWRITABLE,
  ENOTDIR: UNWRITABLE,
  EISDIR: UNWRITABLE,
  EEXIST: UNWRITABLE,
  ELOOP: UNWRITABLE,
  ENAMETOOLONG: NAME_TOO_LONG,
  EXDEV: OTHER_FILE_SYSTEM,
  ENOENT: GONE,
  EIO: PASSING,
  EBUSY: PASSING,
  EAGAIN: PASSING,
  ESTALE: PASSING,
  ETIMEDOUT: PASSING,
  EMFILE: CROWDED,
  ENFILE: CROWDED,
};

/** `ENOSPC`, `EACCES`, ... of an error thrown by the runtime's file functions. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The runtime appends `: writefile '/path'` and ` (os error 28)`; the path is in our own message. */
export function fileReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}

/** No space, or no more of it for this user. */
export function isFull(error: unknown): boolean {
  return BY_ERRNO[errnoOf(error) ?? ""] === FULL;
}

const READING = ["read", "list", "look into"];

function classOf(error: unknown, errno: string | undefined, doing: string) {
  if (error instanceof Deno.errors.NotCapable) return DENIED;
  if (errno === undefined) return undefined;
  const refused = errno === "EACCES" || errno === "EPERM";
  return refused && READING.includes(doing) ? UNREADABLE : BY_ERRNO[errno];
}

/**
 * `error` as a `DestinationError` that names `path`. A `DestinationError` passes through unchanged.
 * @param doing what failed, for the message: `write`, `create folder`, ...
 */
export function fileError(error: unknown, doing: string, path: string): DestinationError {
  if (error instanceof DestinationError) return error;
  const errno = errnoOf(error);
  const known = classOf(error, errno, doing);
  const message = `cannot ${doing} ${path}: ${fileReason(error)}`;
  if (known === undefined) {
    return new DestinationError("DESTINATION_FAILED", message, { nativeCode: errno, cause: error });
  }
  const { code, category, hint } = known;
  return new DestinationError(code, message, { category, hint, nativeCode: errno, cause: error });
}
