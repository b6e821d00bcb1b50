/** Puts the schedule of a plan into the configuration file, in place and atomically. */
import { basename, dirname, join } from "node:path";
import { logger } from "../base/log.ts";
import { renameOver } from "../base/rename_over.ts";
import { annotate, type Schedule } from "./annotate.ts";

async function syncedWrite(path: string, text: string, mode: number): Promise<void> {
  const file = await Deno.open(path, { write: true, createNew: true, mode });
  try {
    let rest = new TextEncoder().encode(text);
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    await file.sync();
  } finally {
    file.close();
  }
  // The umask has taken bits away.
  if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
}

async function replaceFile(path: string, text: string): Promise<void> {
  const { mode } = await Deno.stat(path);
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}.tmp`,
  );
  try {
    await syncedWrite(temporary, text, (mode ?? 0o644) & 0o7777);
    await renameOver(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {
      // It was not made, or it is already in place.
    });
    throw error;
  }
}

/**
 * Returns whether the file was changed. A file that cannot be written is a WARN: the plan itself stands.
 * A link is followed, so that it stays one.
 */
export async function writeSchedule(
  path: string,
  schedules: ReadonlyMap<string, Schedule>,
): Promise<boolean> {
  try {
    const file = await Deno.realPath(path);
    // The byte order mark is one of the bytes that stay.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const before = decoder.decode(await Deno.readFile(file));
    const { text, skipped } = annotate(before, schedules);
    for (const name of skipped) {
      logger().warn(
        `${path}: wave and parallel_safe of export '${name}' cannot be written where it stands; ` +
          "set them by hand",
      );
    }
    if (text === before) return false;
    await replaceFile(file, text);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger().warn(`waves were not written into ${path}: ${reason}; --no-annotate leaves it alone`);
    return false;
  }
}
