/**
 * A path on the command line, completed by the shell and checked by the command that opens it. Of optique
 * core alone: the one of `@optique/run` loads the file system's modules at every start.
 */
import { message } from "@optique/core";
import type { ValueParser } from "@optique/core/valueparser";

/** The value of a flag or argument that names a file. */
export function filePath(
  options: { readonly metavar: "PATH" | "FILE" },
): ValueParser<"sync", string> {
  return {
    mode: "sync",
    metavar: options.metavar,
    placeholder: ".",
    parse: (input) =>
      input.trim() === ""
        ? { success: false, error: message`Path must not be empty.` }
        : { success: true, value: input },
    format: (value) => value,
    *suggest(prefix) {
      const name = prefix.split(/[/\\]/).at(-1) ?? "";
      const includeHidden = name.startsWith(".") && name !== "..";
      yield {
        kind: "file",
        pattern: prefix,
        type: "file",
        includeHidden,
        description: message`File`,
      };
    },
  };
}
