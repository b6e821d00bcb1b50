/**
 * Where a destination keeps unfinished files: `<root>/.rivet-staging/<random>/`, one folder per opened
 * destination, for this user only. A local destination's root is its own, on the same file system as the
 * final names; the others share one for temporary files. Readers that glob the root skip it because it
 * is hidden, and no name inside it is final.
 *
 * Each folder holds a `lock` file that its owner keeps locked. The kernel drops the lock when the owner
 * dies, however it dies, so `sweepStaging` can tell a dead owner's leftovers from a folder in use, also
 * across containers that share a volume, where process ids mean nothing. The file's text repeats the
 * folder's random name: what does not carry this marker was made by somebody else and stays. No link is
 * ever followed below the root, and nothing but plain files is removed.
 */
import { closeSync, constants, fchmodSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DestinationError } from "../../../core/base/errors.ts";
import { errnoOf, fileError } from "../../../core/base/file_error.ts";

/** Below the root; readers of folders pass over names that begin with a dot. */
export const STAGING_FOLDER = ".rivet-staging";
const LOCK_FILE = "lock";
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface Staging {
  readonly dir: string;
  /** Removes the folder and what is left in it. */
  release(): Promise<void>;
}

/** What is asked of a file system entry here; `Deno.FileInfo` is one. */
export type Entry = Pick<
  Deno.FileInfo,
  "isDirectory" | "isFile" | "isSymlink" | "uid" | "ino" | "dev"
>;

function markerOf(name: string): string {
  return `made by rivet, which removes this folder: ${name}\n`;
}

function isSame(a: Entry, b: Entry): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/**
 * Why nothing may be made or removed below `parent`, or null. `own` is what this process has just made
 * there: comparing owners with it holds too where a file system shows other owners than the process's.
 */
export function distrust(parent: Entry, own: Entry): string | null {
  if (parent.isSymlink) return "is a link";
  if (!parent.isDirectory) return "is not a folder";
  return parent.uid === own.uid ? null : "belongs to somebody else";
}

function refusal(path: string, why: string): DestinationError {
  return new DestinationError("DESTINATION_UNWRITABLE", `${path} ${why}`, {
    hint: "Rivet keeps unfinished files there, in a folder of its own. Move it away and run again.",
  });
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
    await Deno.mkdir(root, { recursive: true });
    // Another destination's release may remove the empty parent before the folder is in it.
    for (;;) {
      await makeParent(parent);
      const name = crypto.randomUUID();
      if (!await makeFolder(join(parent, name))) continue;
      await checkPlace(root, name);
      return await claim(parent, name);
    }
  } catch (error) {
    throw fileError(error, "create the folder", parent);
  }
}

async function makeParent(parent: string): Promise<void> {
  try {
    await Deno.mkdir(parent, { mode: FOLDER_MODE });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    const found = await lstat(parent);
    if (found?.isSymlink) throw refusal(parent, "is a link");
  }
}

/** False when the parent is gone. */
async function makeFolder(dir: string): Promise<boolean> {
  try {
    await Deno.mkdir(dir, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** The new folder is where it was meant to be, in a parent that is this user's alone. */
async function checkPlace(root: string, name: string): Promise<void> {
  const parent = join(root, STAGING_FOLDER);
  const dir = join(parent, name);
  const [above, own] = [await Deno.lstat(parent), await Deno.lstat(dir)];
  const real = await Deno.realPath(dir) === join(await Deno.realPath(root), STAGING_FOLDER, name);
  const why = distrust(above, own) ?? (real ? null : "is a link");
  if (why !== null) {
    await removeEmpty(dir);
    throw refusal(parent, why);
  }
  if (((above.mode ?? 0) & ~FOLDER_MODE & 0o777) !== 0) keepForUser(parent);
}

/** Without following a link that has taken the folder's place. */
function keepForUser(folder: string): void {
  if (Deno.build.os === "windows") return;
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(fd, FOLDER_MODE);
  } finally {
    closeSync(fd);
  }
}

async function claim(parent: string, name: string): Promise<Staging> {
  const dir = join(parent, name);
  const made = await Deno.lstat(dir);
  const path = join(dir, LOCK_FILE);
  const lock = await Deno.open(path, { createNew: true, write: true, mode: FILE_MODE });
  await lockable(() => lock.lock(true));
  await lock.write(new TextEncoder().encode(markerOf(name)));
  const release = async () => {
    lock.close();
    const found = await lstat(dir);
    if (found !== null && isSame(found, made)) await removeFolder(dir);
    await removeEmpty(parent);
  };
  return { dir, release: () => quietly(release) };
}

async function lstat(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Removes a staging folder and its files. The lock goes last: a killed sweep leaves what can be swept. */
async function removeFolder(dir: string): Promise<void> {
  for await (const entry of Deno.readDir(dir)) {
    if (entry.name !== LOCK_FILE) await Deno.remove(join(dir, entry.name));
  }
  await Deno.remove(join(dir, LOCK_FILE));
  await Deno.remove(dir);
}

async function removeEmpty(folder: string): Promise<void> {
  await quietly(async () => {
    if ((await lstat(folder))?.isDirectory) await Deno.remove(folder);
  });
}

async function quietly(work: () => Promise<void>): Promise<void> {
  try {
    await work();
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
  await quietly(async () => {
    const above = await Deno.lstat(parent);
    if (!above.isDirectory) return;
    for await (const entry of Deno.readDir(parent)) {
      if (entry.isDirectory && await sweepOne(above, parent, entry.name)) swept++;
    }
  });
  if (swept > 0) await removeEmpty(parent);
  return swept;
}

async function sweepOne(above: Entry, parent: string, name: string): Promise<boolean> {
  const dir = join(parent, name);
  const lock = await openMarker(above, dir, name).catch(() => null);
  if (lock === null) return false;
  try {
    if (!await lockable(() => lock.tryLock(true))) return false;
    await removeFolder(dir);
    return true;
  } catch {
    // Partly removed or not at all: the next sweep tries again.
    return false;
  } finally {
    lock.close();
  }
}

/** The folder's marker, opened; null when it is not one of ours. */
async function openMarker(above: Entry, dir: string, name: string): Promise<Deno.FsFile | null> {
  const found = await Deno.lstat(dir);
  if (distrust(found, above) !== null) return null;
  const path = join(dir, LOCK_FILE);
  const info = await Deno.lstat(path);
  // Opening a pipe would wait for its other end.
  if (!info.isFile) return null;
  const lock = await Deno.open(path, { read: true, write: true });
  const text = isSame(await lock.stat(), info) ? await startOf(lock) : "";
  if (text === markerOf(name)) return lock;
  lock.close();
  return null;
}

async function startOf(file: Deno.FsFile): Promise<string> {
  const bytes = new Uint8Array(200);
  return new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0));
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
    const staging = await openStaging(root);
    // Only below a parent that has just proved to be this user's.
    await sweepStaging(root);
    return staging;
  }
}

/** `<temporary folder>/rivet-<user id>`. */
export function temporaryPath(): string {
  const uid = Deno.uid();
  return join(tmpdir(), uid === null ? "rivet" : `rivet-${uid}`);
}

/**
 * The folder of `temporaryPath`, for this user only: unfinished files hold exported rows.
 * @throws DestinationError when somebody else has made a folder of that name.
 */
export async function temporaryRoot(): Promise<string> {
  const uid = Deno.uid();
  const root = temporaryPath();
  try {
    await Deno.mkdir(root, { mode: FOLDER_MODE });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw fileError(error, "create the folder", root);
  }
  const info = await Deno.lstat(root);
  const ours = info.isDirectory && (uid === null || info.uid === uid);
  if (!ours) {
    throw new DestinationError("DESTINATION_UNWRITABLE", `${root} belongs to somebody else`, {
      hint: "Set TMPDIR to a folder of your own, with room for the files that are being written.",
    });
  }
  keepForUser(root);
  return root;
}
