/** Runs whole suites, and counts what passed. */
import { fileURLToPath } from "node:url";
import { countTests } from "../support/junit.ts";
import { endOf } from "../support/pulse.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LIMIT_MS = 60 * 60_000;

/** @throws Error for a suite where something failed or was left out. */
export async function countSuites(
  paths: readonly string[],
  env: Record<string, string>,
): Promise<Record<string, number>> {
  const passed: Record<string, number> = {};
  for (const path of paths) {
    passed[path] = await count(path, env);
    console.log(`${path}: ${passed[path]} passed`);
  }
  return passed;
}

async function count(path: string, env: Record<string, string>): Promise<number> {
  const report = await Deno.makeTempFile({ prefix: "rivet-suite-", suffix: ".xml" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--quiet", `--junit-path=${report}`, path],
      cwd: ROOT,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { code, stdout } = await endOf(child, LIMIT_MS);
    const counts = countTests(await Deno.readTextFile(report));
    const bad = [...counts.failed, ...counts.ignored];
    if (code === 0 && bad.length === 0) return counts.passed;
    throw new Error(`${path}: ${bad.join("; ")}\n${new TextDecoder().decode(stdout)}`);
  } finally {
    await Deno.remove(report);
  }
}
