/**
 * `deno run -A packaging/stamp.ts`: writes the commit into the sources, for `deno publish --allow-dirty` of a
 * checkout that is thrown away. The bundle, and with it executables and the npm package, is stamped as it is
 * made.
 */
import { fileURLToPath } from "node:url";
import { scriptArgs } from "./script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MARK = /rivet-commit:0{40}/g;

/** RIVET_COMMIT, where there is no repository (an image's build), else what git says; null: nobody knows. */
export async function commitOf(root: string = ROOT): Promise<string | null> {
  const given = Deno.env.get("RIVET_COMMIT") ?? "";
  if (given !== "") {
    if (/^[0-9a-f]{40}$/.test(given)) return given;
    throw new Error(`RIVET_COMMIT is no commit of 40 digits: ${given}`);
  }
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["rev-parse", "HEAD"],
      cwd: root,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** @returns the text with the commit in it, or null when it has no place for one. */
export function stamped(text: string, commit: string): string | null {
  const result = text.replace(MARK, `rivet-commit:${commit}`);
  return result === text ? null : result;
}

if (import.meta.main) {
  scriptArgs(import.meta.url, {});
  const commit = await commitOf();
  if (commit === null) throw new Error("there is no repository, and RIVET_COMMIT is not set");
  const file = `${ROOT}core/base/build.ts`;
  const text = stamped(await Deno.readTextFile(file), commit);
  if (text === null) throw new Error(`${file} has no place for a commit, or has one already`);
  await Deno.writeTextFile(file, text);
  console.log(commit);
}
