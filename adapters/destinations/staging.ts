/**
 * Where a destination keeps unfinished files: `<root>/.rivet-staging/<random>/`, one folder per opened
 * destination. A local destination's root is its own, on the same file system as the final names; the
 * others share one for temporary files. Readers that glob the root skip it
 * because it is hidden, and no name inside it is final.
 *
 * Each folder holds a `lock` file that its owner keeps locked. The kernel drops the lock when the owner
 * dies, however it dies, so `sweepStaging` can tell a dead owner's leftovers from a folder in use, also
 * across containers that share a volume, where process ids mean nothing.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DestinationError } from "../../core/base/errors.ts";
import { errnoOf, fileError } from "../../core/base/file_error.ts";

export const STAGING_FOLDER = ".rivet-staging";
const LOCK_FILE = "lock";

export interface Staging {
  readonly dir: string;
  /** Removes the folder and what is left in it. */
  release(): Promise<void>;
}

/** Whether `path` still is the opened file, not removed and not made anew by somebody else. */
async function isStill(file: Deno.FsFile, path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).ino === (await file.stat()).ino;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** False when the file system knows no locks; nothing on it is ever swept then. */
async function lockable(attempt: () => Promise<boolean | void>): Promise<boolean> {
  try {
    return await attempt() !== false;
  } catch {
    // ENOTSUP, ENOLCK: some network shares. Leftovers stay, which costs space and nothing else.
    return false;
  }
}

/** Creates and locks a staging folder below `root`, which is created when missing. */
export async function openStaging(root: string): Promise<Staging> {
  const parent = join(root, STAGING_FOLDER);
  try {
    // A sweep may remove the folder between its creation and the lock; then another one is made.
    for (;;) {
      await Deno.mkdir(parent, { recursive: true });
      const dir = join(parent, crypto.randomUUID());
      const lock = await createLocked(dir);
      if (lock !== null) return { dir, release: () => release(parent, dir, lock) };
    }
  } catch (error) {
    throw fileError(error, "create the folder", parent);
  }
}

async function createLocked(dir: string): Promise<Deno.FsFile | null> {
  const path = join(dir, LOCK_FILE);
  let lock: Deno.FsFile;
  try {
    await Deno.mkdir(dir);
    lock = await Deno.open(path, { create: true, write: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
  await lockable(() => lock.lock(true));
  if (await isStill(lock, path)) return lock;
  lock.close();
  return null;
}

async function release(parent: string, dir: string, lock: Deno.FsFile): Promise<void> {
  lock.close();
  await removeQuietly(dir, true);
  await removeQuietly(parent, false);
}

async function removeQuietly(path: string, recursive: boolean): Promise<void> {
  try {
    await Deno.remove(path, { recursive });
  } catch {
    // Somebody else's folder is in it, or it is gone already; the next sweep deals with the rest.
  }
}

/**
 * Removes the staging folders below `root` whose owners are dead. Returns how many. Never throws: a
 * leftover that cannot be removed is no reason to fail a run.
 */
export async function sweepStaging(root: string): Promise<number> {
  const parent = join(root, STAGING_FOLDER);
  let swept = 0;
  try {
    for await (const entry of Deno.readDir(parent)) {
      if (entry.isDirectory && await sweepOne(join(parent, entry.name))) swept++;
    }
  } catch {
    // No staging folder, or one that may not be read: nothing to sweep.
  }
  if (swept > 0) await removeQuietly(parent, false);
  return swept;
}

async function sweepOne(dir: string): Promise<boolean> {
  let lock: Deno.FsFile;
  try {
    lock = await Deno.open(join(dir, LOCK_FILE), { write: true });
  } catch {
    // Not ours to touch, or its owner is only now making the lock; an empty folder may go even then.
    await removeQuietly(dir, false);
    return false;
  }
  try {
    if (!await lockable(() => lock.tryLock(true))) return false;
    // The lock goes last, so that a sweep that is killed leaves a folder the next one can sweep.
    for await (const entry of Deno.readDir(dir)) {
      if (entry.name !== LOCK_FILE) await Deno.remove(join(dir, entry.name), { recursive: true });
    }
    await Deno.remove(dir, { recursive: true });
    return true;
  } catch {
    // Partly removed or not at all: the next sweep tries again.
    return false;
  } finally {
    lock.close();
  }
}

/** One destination's staging folder: made when it is first asked for, gone when released. */
export class StagingArea {
  readonly #root: () => string | Promise<string>;
  #staging: Promise<Staging> | undefined;

  /** @param root the folder that holds the staging folders of its destinations. */
  constructor(root: () => string | Promise<string>) {
    this.#root = root;
  }

  /** The first call also removes what dead processes left under this root. */
  async dir(): Promise<string> {
    this.#staging ??= this.#open();
    try {
      return (await this.#staging).dir;
    } catch (error) {
      // The next call tries again, as a retry expects.
      this.#staging = undefined;
      throw error;
    }
  }

  async release(): Promise<void> {
    const staging = this.#staging;
    this.#staging = undefined;
    if (staging === undefined) return;
    try {
      await (await staging).release();
    } catch {
      // The folder was never made; whoever asked for it has the error.
    }
  }

  async #open(): Promise<Staging> {
    const root = await this.#root();
    await sweepStaging(root);
    return await openStaging(root);
  }
}

/**
 * `<temporary folder>/rivet-<user id>`, for this user only: unfinished files hold exported rows.
 * @throws DestinationError when somebody else has made a folder of that name.
 */
export async function temporaryRoot(): Promise<string> {
  const uid = Deno.uid();
  const root = join(tmpdir(), uid === null ? "rivet" : `rivet-${uid}`);
  try {
    await Deno.mkdir(root, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw fileError(error, "create the folder", root);
  }
  const info = await Deno.lstat(root);
  if (info.isDirectory && (uid === null || info.uid === uid)) return root;
  throw new DestinationError("DESTINATION_UNWRITABLE", `${root} belongs to somebody else`, {
    hint: "Set TMPDIR to a folder of your own, with room for the files that are being written.",
  });
}
