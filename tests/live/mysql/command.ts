/** The command line against a MySQL database: one export `t` in a folder of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

export async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-mysql-" });
  try {
    return await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

export interface CommandResult {
  readonly code: number;
  /** What it printed on both streams. */
  readonly text: string;
  readonly stdout: string;
}

/**
 * Runs a command over `dir`/rivet.yaml, whose export has these settings in flow form.
 * @param mustSucceed fails the test when the command does.
 */
export async function runPipeline(
  url: string,
  dir: string,
  settings: string,
  args: readonly string[] = ["run"],
  mustSucceed = true,
): Promise<CommandResult> {
  const config = join(dir, "rivet.yaml");
  await Deno.writeTextFile(
    config,
    `source: {type: mysql, url: "${url}", tls: {mode: disable}}\nexports:\n` +
      `  - {name: t, format: parquet, destination: {type: local, path: ./out}, ${settings}}\n`,
  );
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args, "-c", config],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const stdout = new TextDecoder().decode(output.stdout);
  const text = `${stdout}\n${new TextDecoder().decode(output.stderr)}`;
  if (mustSucceed) assert.equal(output.code, 0, text);
  return { code: output.code, text, stdout };
}
