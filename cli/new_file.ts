/** A file that people edit afterwards: it is created, and never replaced. */
import { dirname } from "node:path";
import { ConfigError, RivetError } from "../core/base/errors.ts";

function exists(path: string): ConfigError {
  return new ConfigError(`${path} already exists, and is not overwritten`, [], {
    code: "USAGE",
    hint: "Choose another name with -o, or move the file away.",
  });
}

/** @throws ConfigError USAGE when something is at `path`, so that no work is done for nothing. */
export async function refuseExisting(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw unwritable(path, error);
  }
  throw exists(path);
}

/** Creates the file, and the folders above it. @throws RivetError DESTINATION_UNWRITABLE, ConfigError */
export async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text, { createNew: true });
  } catch (error) {
    throw error instanceof Deno.errors.AlreadyExists ? exists(path) : unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): RivetError {
  const reason = error instanceof Error ? error.message : String(error);
  return new RivetError("DESTINATION_UNWRITABLE", `cannot write ${path}: ${reason}`, {
    hint: "Choose a place that this user may write to.",
    cause: error,
  });
}
