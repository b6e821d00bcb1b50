/** What this build is made of, as `rivet --version --json` prints it. Public names. */
import { RIVET_VERSION } from "./version.ts";

/** Packaging writes the commit in the place of the zeros (`packaging/stamp.ts`). */
const STAMP = "rivet-commit:0000000000000000000000000000000000000000";

export interface Build {
  readonly version: string;
  /** Of the repository, 40 digits; null where nobody knows. */
  readonly commit: string | null;
  /** Where it runs, e.g. x86_64-unknown-linux-gnu. */
  readonly target: string;
  readonly deno: string;
  readonly v8: string;
}

/** @param entry URL of the module that is started. */
export async function buildOf(entry: string): Promise<Build> {
  const { deno, v8 } = Deno.version;
  const commit = stampedCommit(STAMP) ?? await checkedOut(entry);
  return { version: RIVET_VERSION, commit, target: Deno.build.target, deno, v8 };
}

/** Null for zeros alone: nobody has stamped it. */
export function stampedCommit(stamp: string): string | null {
  const commit = /:([0-9a-f]{40})$/.exec(stamp)?.[1] ?? null;
  return commit === null || /^0+$/.test(commit) ? null : commit;
}

/** What git says of a clone that the program is started from; it is not asked where that would prompt. */
async function checkedOut(entry: string): Promise<string | null> {
  if (Deno.build.standalone || !entry.startsWith("file:")) return null;
  try {
    const folder = new URL(".", entry);
    if ((await Deno.permissions.query({ name: "run", command: "git" })).state !== "granted") {
      return null;
    }
    // A folder that merely lies in somebody's repository is no clone.
    await Deno.lstat(new URL(".git", folder));
    const { success, stdout } = await new Deno.Command("git", {
      args: ["rev-parse", "HEAD"],
      cwd: folder,
      stdin: "null",
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout).trim();
    return success && /^[0-9a-f]{40,64}$/.test(text) ? text : null;
  } catch {
    return null;
  }
}
