/** A folder on this machine. `put` is a link within one file system followed by an fsync. */
import { access, constants } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DestinationError } from "../../core/base/errors.ts";
import { readFileRange } from "../../core/base/file_bytes.ts";
import { errnoOf, fileError } from "../../core/base/file_error.ts";
import { windowsProblem } from "../../core/base/path_names.ts";
import { renameOver } from "../../core/base/rename_over.ts";
import type {
  Access,
  Asked,
  Destination,
  DestinationCapabilities,
  FinishedFile,
  ObjectInfo,
  PutOutcome,
} from "../../core/ports/destination.ts";
import { checkedKey, compareKeys } from "./kit/keys.ts";
import { STAGING_FOLDER, StagingArea } from "./kit/staging.ts";

export interface LocalOptions {
  /** Absolute path of the folder; it may not exist yet. */
  readonly root: string;
  /** Shown to people; the root itself when absent. */
  readonly uri?: string;
  /** Makes a folder's entries durable; tests replace it to fail. */
  readonly syncFolder?: (path: string) => Promise<void>;
}

/** The folder of a configuration. */
export function openLocal({ path }: { readonly path: string }): Promise<LocalDestination> {
  return Promise.resolve(new LocalDestination({ root: path }));
}

export class LocalDestination implements Destination {
  readonly capabilities: DestinationCapabilities = {
    kind: "local",
    commit: "link",
    retrySafe: true,
    md5: "read_back",
    pieces: null,
  };
  readonly uri: string;
  readonly #root: string;
  readonly #syncFolder: (path: string) => Promise<void>;
  /** Local file -> target of links that are made but not yet durable, for a retry of `put`. */
  readonly #linked = new Map<string, string>();
  readonly #staging: StagingArea;
  /** Of files that this user makes at the destination, by umask and the folder's defaults. */
  #fileMode: Promise<number | null> | undefined;

  constructor(options: LocalOptions) {
    this.#root = resolve(options.root);
    this.#staging = new StagingArea(() => this.#root);
    this.uri = options.uri ?? options.root;
    this.#syncFolder = options.syncFolder ?? syncFolder;
  }

  stagingDir(): Promise<string> {
    return this.#staging.dir();
  }

  /**
   * What only changes names is done on this thread: handing it to another one, once a step, takes longer than the
   * steps. What waits for the disk is handed on.
   */
  async put({ file }: FinishedFile, key: string): Promise<PutOutcome> {
    const target = this.#path(key);
    try {
      this.#refuseLinks(target);
      if (this.#linked.get(file) !== target) {
        await this.#openToReaders(file);
        if (!await this.#link(file, target)) return "taken";
        this.#linked.set(file, target);
      }
      await this.#syncFolder(dirname(target));
      this.#linked.delete(file);
      removeIfThere(file);
      return "stored";
    } catch (error) {
      throw fileError(error, "write", target);
    }
  }

  /** As `linkNew`, into folders that are made where they are missing. */
  async #link(file: string, target: string): Promise<boolean> {
    try {
      return linkNew(file, target);
    } catch (error) {
      // Whether the folder is there by now says nothing: another put may have made it since.
      if (errnoOf(error) !== "ENOENT" || !isThere(file)) throw error;
    }
    await this.#createParents(target);
    return linkNew(file, target);
  }

  async replace(bytes: Uint8Array, key: string): Promise<void> {
    const target = this.#path(key);
    const staged = join(await this.stagingDir(), `${crypto.randomUUID()}.tmp`);
    try {
      await writeSynced(staged, bytes);
      await this.#createParents(target);
      await renameOver(staged, target);
      await this.#syncFolder(dirname(target));
    } catch (error) {
      throw fileError(error, "write", target);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const keys: string[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    try {
      await collectKeys(this.#root, folder, keys);
    } catch (error) {
      throw fileError(error, "list", join(this.#root, folder));
    }
    for (const key of keys.filter((k) => k.startsWith(prefix)).sort(compareKeys)) {
      const info = await statFile(key, join(this.#root, key));
      // Removed since its folder was read, or a link that leads nowhere.
      if (info !== null) yield info;
    }
  }

  head(key: string): Promise<ObjectInfo | null> {
    return Promise.try(() => statFile(key, this.#path(key)));
  }

  async read(key: string): Promise<Uint8Array | null> {
    const path = this.#path(key);
    try {
      return await Deno.readFile(path);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw fileError(error, "read", path);
    }
  }

  async readRange(key: string, start: number, length: number): Promise<Uint8Array | null> {
    const path = this.#path(key);
    try {
      using file = await Deno.open(path);
      return await readFileRange(file, start, length);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw fileError(error, "read", path);
    }
  }

  async move(from: string, to: string): Promise<void> {
    const source = this.#path(from);
    const target = this.#path(to);
    try {
      this.#refuseLinks(source);
      await this.#createParents(target);
      await Deno.rename(source, target);
      await this.#syncFolder(dirname(target));
      await this.#syncFolder(dirname(source));
    } catch (error) {
      throw fileError(error, "move", source);
    }
  }

  /** Without `write`, the folder or the nearest one above it can be looked into and may be written to. */
  async probe({ write }: Asked): Promise<Access> {
    if (!write) {
      await this.#look();
    } else {
      const probe = join(await this.stagingDir(), `${crypto.randomUUID()}.tmp`);
      try {
        await writeSynced(probe, new TextEncoder().encode("rivet\n"));
        await Deno.remove(probe);
      } catch (error) {
        throw fileError(error, "write", probe);
      }
    }
    return { refused: [], createOnly: true, foreignMd5: null };
  }

  async #look(): Promise<void> {
    let folder = this.#root;
    try {
      while (!isThere(folder)) folder = dirname(folder);
      for await (const _ of Deno.readDir(folder)) break;
    } catch (error) {
      throw fileError(error, "look into", folder);
    }
    try {
      await access(folder, constants.W_OK);
    } catch (error) {
      throw fileError(error, "write into", folder);
    }
  }

  close(): Promise<void> {
    return this.#staging.release();
  }

  /** A staged file is its user's alone; a finished one has the mode of any file made there. */
  async #openToReaders(localFile: string): Promise<void> {
    this.#fileMode ??= this.#probeFileMode();
    const mode = await this.#fileMode;
    if (mode !== null && Deno.build.os !== "windows") Deno.chmodSync(localFile, mode & 0o777);
  }

  /** Asking the process for its umask would change it for a moment, for every thread. */
  async #probeFileMode(): Promise<number | null> {
    const probe = join(await this.stagingDir(), `${crypto.randomUUID()}.tmp`);
    using file = await Deno.open(probe, { createNew: true, write: true });
    const { mode } = await file.stat();
    await Deno.remove(probe);
    return mode;
  }

  /** Creates the missing folders above `path`, each made durable in the one above it. */
  async #createParents(path: string): Promise<void> {
    this.#refuseLinks(path);
    const missing: string[] = [];
    let folder = dirname(path);
    while (!isThere(folder)) {
      missing.push(folder);
      folder = dirname(folder);
    }
    if (missing.length === 0) return;
    await Deno.mkdir(missing[0], { recursive: true });
    for (const made of missing) await this.#syncFolder(dirname(made));
  }

  /** The folder itself may be a link; one below it would lead a write or a move out of it. */
  #refuseLinks(path: string): void {
    for (let folder = dirname(path); folder.length > this.#root.length; folder = dirname(folder)) {
      if (isLink(folder)) {
        throw new DestinationError(
          "DESTINATION_UNWRITABLE",
          `${folder} is a link, which may lead out of the destination`,
          { hint: "Replace it by a folder, or use the folder it leads to as `destination.path`." },
        );
      }
    }
  }

  #path(key: string): string {
    const steps = checkedKey(key).split("/");
    if (Deno.build.os === "windows") steps.forEach(requireWindowsName);
    if (steps[0] !== STAGING_FOLDER) return join(this.#root, key);
    throw new DestinationError(
      "DESTINATION_UNWRITABLE",
      `${JSON.stringify(key)} is inside the folder of unfinished files`,
    );
  }
}

function requireWindowsName(name: string): void {
  const problem = windowsProblem(name);
  if (problem === null) return;
  throw new DestinationError("DESTINATION_UNWRITABLE", `${JSON.stringify(name)} ${problem}`, {
    hint: "Name the export, the partition or the prefix otherwise.",
  });
}

/** File systems without links say so in one of these ways. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"]);

/** Gives `file` the second name `target`, unless that is taken: false. */
function linkNew(file: string, target: string): boolean {
  try {
    Deno.linkSync(file, target);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? "";
    if (errno === "EEXIST") return false;
    if (!NO_LINKS.has(errno)) throw error;
  }
  // What is left there: two processes of one moment may still meet.
  if (isThere(target)) return false;
  Deno.renameSync(file, target);
  return true;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function isAbsent(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR" || errno === "EISDIR";
}

async function statFile(key: string, path: string): Promise<ObjectInfo | null> {
  try {
    const info = await Deno.stat(path);
    return info.isFile ? { key, sizeBytes: info.size } : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw fileError(error, "read", path);
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await Deno.open(path, { createNew: true, write: true });
  try {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
}

/** Makes a rename or a new folder survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders, and journals renames itself.
  if (Deno.build.os === "windows") return;
  const folder = Deno.openSync(path);
  try {
    await folder.sync();
  } catch (error) {
    // Some network and FUSE file systems do not sync folders.
    if (errnoOf(error) !== "EINVAL" && errnoOf(error) !== "ENOTSUP") throw error;
  } finally {
    folder.close();
  }
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Adds the keys of all files below `root/folder` (`folder` is "" or ends with `/`) to `into`. */
async function collectKeys(root: string, folder: string, into: string[]): Promise<void> {
  try {
    for await (const entry of Deno.readDir(join(root, folder))) {
      const key = folder + entry.name;
      if (key === STAGING_FOLDER) continue;
      // Links to folders are not followed: they may lead out of the root or in circles.
      if (entry.isDirectory) await collectKeys(root, `${key}/`, into);
      else into.push(key);
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
