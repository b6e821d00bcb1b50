/**
 * A result file that appears whole or not at all. What a path leads to stays what it is: a link still
 * leads there, a device or pipe is written to, and a file keeps its mode and owner.
 */
import { dirname } from "node:path";
import { RivetError } from "../core/base/errors.ts";
import { fileReason, isFull } from "../core/base/file_error.ts";
import { PRIVATE_FILE } from "../core/base/private_files.ts";
import { renameOver } from "../core/base/rename_over.ts";

export interface ReservedFile {
  /** Puts the text under the final name, replacing what was there. */
  commit(text: string): Promise<void>;
  /** Removes what `commit` did not put in place; harmless afterwards. */
  discard(): Promise<void>;
}

/**
 * Claims a temporary file beside `path`, so that an unwritable place is found before hours of work.
 * @param mode of a file that was not there
 * @throws RivetError DESTINATION_UNWRITABLE, DESTINATION_FULL
 */
export async function reserveFile(path: string, mode = PRIVATE_FILE): Promise<ReservedFile> {
  return await guard(path, async () => {
    await Deno.mkdir(dirname(path), { recursive: true });
    const target = await targetOf(path);
    return target === "stream" ? streamTo(path) : await replacing(path, target, mode);
  });
}

interface Target {
  readonly file: string;
  /** What is replaced. */
  readonly before: Deno.FileInfo | null;
}

/** Where the text goes: a file that is put in place whole, or a stream that takes it as it comes. */
async function targetOf(path: string): Promise<Target | "stream"> {
  const found = await infoOf(Deno.lstat, path);
  if (found === null) return { file: path, before: null };
  if (!found.isSymlink) return kindOf(path, found);
  // `/dev/stdout` is a link to what the shell has opened, which may be a file.
  if (/^\/(dev|proc)\//.test(path)) return "stream";
  const own = Deno.uid();
  if (own !== null && found.uid !== own && found.uid !== 0) {
    throw new Error("it is a link that somebody else made");
  }
  const info = await infoOf(Deno.stat, path);
  if (info === null) throw new Error("it is a link that leads nowhere");
  return kindOf(await Deno.realPath(path), info);
}

function kindOf(file: string, info: Deno.FileInfo): Target | "stream" {
  if (info.isDirectory) throw new Error("it is a directory");
  return info.isFile ? { file, before: info } : "stream";
}

async function infoOf(
  ask: (path: string) => Promise<Deno.FileInfo>,
  path: string,
): Promise<Deno.FileInfo | null> {
  try {
    return await ask(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function streamTo(path: string): ReservedFile {
  return {
    commit: (text) =>
      guard(path, async () => {
        using file = await Deno.open(path, { append: true });
        let rest = new TextEncoder().encode(text);
        while (rest.length > 0) rest = rest.subarray(await file.write(rest));
      }),
    discard: () => Promise.resolve(),
  };
}

async function replacing(
  path: string,
  { file, before }: Target,
  mode: number,
): Promise<ReservedFile> {
  const temporary = `${file}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  await Deno.writeTextFile(temporary, "", { createNew: true, mode: PRIVATE_FILE });
  let pending = true;
  return {
    async commit(text) {
      await guard(path, async () => {
        await Deno.writeTextFile(temporary, text);
        if (before !== null) await takeOver(temporary, before);
        else if (Deno.build.os !== "windows") await Deno.chmod(temporary, mode);
        await renameOver(temporary, file);
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

/** Mode and owner of what is replaced; the owner only where this user may give files away. */
async function takeOver(file: string, { mode, uid, gid }: Deno.FileInfo): Promise<void> {
  if (Deno.build.os === "windows") return;
  const own = await Deno.lstat(file);
  if (own.uid !== uid || own.gid !== gid) {
    await Deno.chown(file, uid, gid).catch(() => {
      // It becomes this user's file, as any that this user makes.
    });
  }
  await Deno.chmod(file, (mode ?? PRIVATE_FILE) & 0o7777);
}

async function guard<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    const full = isFull(cause);
    const code = full ? "DESTINATION_FULL" : "DESTINATION_UNWRITABLE";
    throw new RivetError(code, `cannot write ${path}: ${fileReason(cause)}`, {
      hint: full
        ? "Free space (or quota) there, or choose a path on another disk."
        : "Choose a path in a folder that this user can write to.",
      cause,
    });
  }
}
