/**
 * Files about runs are for their user alone, whatever the umask, and where they are meant to be: below
 * the folder that they belong to no link is followed, as it may lead elsewhere.
 */
import { RivetError } from "./errors.ts";
import { pathInside } from "./path_names.ts";
import { renameOver } from "./rename_over.ts";

/** Modes: the owner may, nobody else. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/** Makes the folders that are missing, one in the other. @throws RivetError when one is a link. */
export async function makePrivateFolders(
  base: string,
  ...names: readonly string[]
): Promise<string> {
  let folder = base;
  for (const name of names) {
    const above = folder;
    folder = pathInside(folder, name);
    try {
      await makePrivateFolder(folder, above);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      await refuseLink(folder);
    }
  }
  return folder;
}

/** The one above it is touched only when it is missing: this process may be allowed no more. */
async function makePrivateFolder(folder: string, above: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { mode: PRIVATE_FOLDER });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(above, { recursive: true });
    await Deno.mkdir(folder, { mode: PRIVATE_FOLDER });
  }
}

/** @throws RivetError DESTINATION_UNWRITABLE when a link is there. */
export async function refuseLink(path: string): Promise<void> {
  try {
    if (!(await Deno.lstat(path)).isSymlink) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new RivetError("DESTINATION_UNWRITABLE", `${path} is a link, which may lead elsewhere`, {
    hint: "Replace it by what it leads to.",
  });
}

/** Writes the file anew and puts it in place whole; what was there, a link too, is replaced. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true, mode: PRIVATE_FILE });
    await renameOver(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {
      // It was not made; the error says why.
    });
    throw error;
  }
}
