/** Files that may be there, looked at for what they say of hosts. */
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/** Empty for a file that is not there or not readable: opening it will say so. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The folder, or the nearest one above it that is there; one that this process may not look at is taken as there. */
export function nearestExisting(path: string): string {
  let folder = path;
  while (isMissing(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function isMissing(path: string): boolean {
  try {
    return !existsSync(path);
  } catch {
    return false;
  }
}
