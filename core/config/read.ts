/** Reading the files that a configuration consists of. */
import { ConfigError } from "../base/errors.ts";

/** Why a file could not be read, in words that follow its name. */
function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "does not exist";
  if (error instanceof Deno.errors.IsADirectory) return "is a directory, not a file";
  if (error instanceof Deno.errors.PermissionDenied) return "cannot be read: permission denied";
  if (error instanceof Deno.errors.NotADirectory) {
    return "lies under something that is no directory";
  }
  if (error instanceof TypeError) return "is not UTF-8 text";
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** The file's text, or why there is none. */
export async function readText(
  path: string,
): Promise<
  | { readonly text: string }
  | { readonly failure: string; readonly missing: boolean; readonly cause: unknown }
> {
  try {
    const bytes = await Deno.readFile(path);
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    return { failure: reason(error), missing, cause: error };
  }
}

/** @throws ConfigError CONFIG_NOT_FOUND when the file is missing, CONFIG_INVALID when it is unreadable. */
export async function readConfigText(path: string): Promise<string> {
  const result = await readText(path);
  if ("text" in result) return result.text;
  throw new ConfigError(`configuration file ${path} ${result.failure}`, [], {
    cause: result.cause,
    code: result.missing ? "CONFIG_NOT_FOUND" : "CONFIG_INVALID",
    hint: result.missing
      ? "Give its path with --config, or write one with `rivet init`."
      : "Give the path of a readable YAML file with --config.",
  });
}
