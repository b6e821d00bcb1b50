/**
 * The state holds keys and cursors, which are data: its files are their user's alone. SQLite gives its
 * log and shared memory the mode of the database.
 */
import { errnoOf } from "../../core/base/file_error.ts";

const OWNER_ONLY = 0o600;
const OTHERS = 0o007;

/** Makes the file where there is none, so that no umask decides who may read it. */
function create(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: OWNER_ONLY }).close();
  } catch {
    // It is there, or cannot be made: SQLite says why.
  }
}

/** What everybody may read was not meant to be; what a group may is somebody's decision. */
function withdrawFromOthers(path: string): void {
  try {
    const { isFile, mode } = Deno.statSync(path);
    if (isFile && mode !== null && (mode & OTHERS) !== 0) {
      Deno.chmodSync(path, mode & 0o777 & ~OTHERS);
    }
  } catch (error) {
    // Somebody else's file, or none at all.
    if (!["ENOENT", "EPERM", "ENOTDIR", "EACCES"].includes(errnoOf(error) ?? "")) throw error;
  }
}

/** To be called before SQLite opens the database. */
export function keepPrivate(path: string): void {
  create(path);
  for (const suffix of ["", "-wal", "-shm"]) withdrawFromOthers(`${path}${suffix}`);
}
