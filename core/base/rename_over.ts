/** A file put in the place of another, whole. */
import { errnoOf } from "./file_error.ts";

/** What Windows says while somebody reads the file that is to be replaced. */
const IN_USE = new Set(["EACCES", "EPERM", "EBUSY"]);
/** Together half a minute: as long as a scanner or an editor keeps a small file open. */
const WAITS_MS = [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 10_000];

export interface RenameParts {
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly waitsForReaders: boolean;
  readonly wait: (ms: number) => Promise<void>;
}

const REAL: RenameParts = {
  rename: (from, to) => Deno.rename(from, to),
  waitsForReaders: Deno.build.os === "windows",
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Elsewhere a reader keeps the old file and never sees half of the new one; Windows refuses while anybody
 * reads, so there it is tried again for a while.
 */
export async function renameOver(from: string, to: string, parts = REAL): Promise<void> {
  const { rename, waitsForReaders, wait } = parts;
  const waits = waitsForReaders ? [...WAITS_MS] : [];
  for (;;) {
    try {
      return await rename(from, to);
    } catch (error) {
      const ms = IN_USE.has(errnoOf(error) ?? "") ? waits.shift() : undefined;
      if (ms === undefined) throw error;
      await wait(ms);
    }
  }
}
