/** Shows a file in whatever the desktop opens it with. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { logger } from "../core/base/log.ts";

/** The program that does so, and its arguments before the file. */
export const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  windows: ["explorer"],
};

const USUAL: readonly [string, ...string[]] = ["xdg-open"];

/** The page is written by then: what keeps it from being shown is said at WARN. */
export async function openInBrowser(path: string, os: string = Deno.build.os): Promise<void> {
  const [program, ...args] = OPENERS[os] ?? USUAL;
  try {
    const { success, code } = await new Deno.Command(program, {
      args: [...args, pathToFileURL(resolve(path)).href],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    // Explorer says 1 whatever it did.
    if (!success && os !== "windows") {
      logger().warn(`${program} could not open ${path}: it ended with exit code ${code}`);
    }
  } catch (error) {
    logger().warn(`could not open ${path} with ${program}: ${reasonOf(error, program)}`);
  }
}

function reasonOf(error: unknown, program: string): string {
  if (error instanceof Deno.errors.NotCapable) return `Deno was not given --allow-run=${program}`;
  if (error instanceof Deno.errors.NotFound) return "it is not installed";
  return error instanceof Error ? error.message : String(error);
}
