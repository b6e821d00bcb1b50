/** A result file that appears whole or not at all. */
import { dirname } from "node:path";
import { RivetError } from "../core/base/errors.ts";

export interface ReservedFile {
  /** Puts the text under the final name, replacing what was there. */
  commit(text: string): Promise<void>;
  /** Removes what `commit` did not put in place; harmless afterwards. */
  discard(): Promise<void>;
}

/**
 * Claims a temporary file beside `path`, so that an unwritable place is found before hours of work.
 * @throws RivetError DESTINATION_UNWRITABLE
 */
export async function reserveFile(path: string): Promise<ReservedFile> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  await guard(path, async () => {
    await Deno.mkdir(dirname(path), { recursive: true });
    if (await isDirectory(path)) throw new Error("it is a directory");
    await Deno.writeTextFile(temporary, "", { createNew: true });
  });
  let pending = true;
  return {
    async commit(text) {
      await guard(path, async () => {
        await Deno.writeTextFile(temporary, text);
        await Deno.rename(temporary, path);
      });
      pending = false;
    },
    async discard() {
      if (!pending) return;
      pending = false;
      try {
        await Deno.remove(temporary);
      } catch (error) {
        // Somebody else may have cleaned up; anything left is an empty temporary file.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function guard(path: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivetError("DESTINATION_UNWRITABLE", `cannot write ${path}: ${reason}`, {
      hint: "Choose a path in a folder that this user can write to.",
      cause,
    });
  }
}
