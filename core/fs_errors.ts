/** The one classifier of local file system errors, for staged files, local destinations and reports. */
import { DestinationError, RivetError } from "./errors.ts";

function osCode(error: unknown): string {
  const code = (error as { code?: unknown })?.code;
  return typeof code === "string" ? code : "";
}

/** @param path what was being written, for the message. A `RivetError` passes through unchanged. */
export function fileError(error: unknown, path: string): RivetError {
  if (error instanceof RivetError) return error;
  const code = osCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return new DestinationError("DESTINATION_FULL", `no space left to write '${path}' (${code})`, {
      hint: "Free disk space or point the destination at another disk, then run again.",
      nativeCode: code,
      cause: error,
    });
  }
  if (code === "EPIPE") {
    return new DestinationError("DESTINATION_FAILED", `the reader of ${path} closed the pipe`, {
      hint: "Check the command that Rivet's output is piped into.",
      nativeCode: code,
      cause: error,
    });
  }
  if (
    error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable ||
    ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ELOOP"].includes(code)
  ) {
    return new DestinationError("DESTINATION_UNWRITABLE", `cannot write '${path}': ${reason}`, {
      hint: "Check that the folder exists and that this user may write to it.",
      nativeCode: code,
      cause: error,
    });
  }
  return new DestinationError("DESTINATION_FAILED", `cannot write '${path}': ${reason}`, {
    nativeCode: code === "" ? undefined : code,
    cause: error,
  });
}
