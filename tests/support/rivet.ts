/** The tool as its users start it, and the folder that a config lives in. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endOf } from "./pulse.ts";

/** The entry of the tool. */
export const MAIN: string = fileURLToPath(new URL("../../main.ts", import.meta.url));

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rivet ARGS` as a process of its own in `cwd`. */
export async function rivet(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<CliResult> {
  const { code, stdout, stderr } = await endOf(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...args],
      cwd: options.cwd,
      env: { NO_COLOR: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** A folder with a `rivet.yaml`, removed when `body` ends. */
export async function withConfig<T>(
  yaml: string,
  body: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-test-" });
  try {
    await Deno.writeTextFile(join(dir, "rivet.yaml"), yaml);
    return await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The files of a folder that a reader would pick up by extension, sorted. */
export async function partFiles(dir: string, extension: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(dir)) {
    if (entry.isFile && entry.name.endsWith(`.${extension}`)) files.push(join(dir, entry.name));
  }
  return files.sort();
}
