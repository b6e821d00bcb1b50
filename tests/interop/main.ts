/**
 * `deno task interop`: readers that are no part of the test suite read what a run leaves, with the lines of
 * `docs/reading.md`. Installs them with pip into a temporary folder, or takes the Python that
 * RIVET_INTEROP_PYTHON names, which has them; Spark needs Java too.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testPostgres } from "../support/postgres.ts";
import { ONE_COLUMN, ROWS, writeSample } from "./sample.ts";
import { scriptArgs } from "../../packaging/script.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = new Deno.Command(command, { args: [...args], stdin: "null" }).spawn();
  return (await child.status).code;
}

async function python(dir: string): Promise<string> {
  const given = Deno.env.get("RIVET_INTEROP_PYTHON");
  if (given !== undefined) return given;
  const venv = join(dir, "venv");
  const pip = join(venv, "bin", "pip");
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", venv]],
    [pip, ["install", "--quiet", "-r", here("requirements.txt")]],
  ];
  for (const [command, args] of steps) {
    if (await run(command, args) !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
  }
  return join(venv, "bin", "python");
}

async function main(): Promise<number> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-interop-" });
  const server = await testPostgres();
  try {
    await writeSample(dir, server.url);
    const page = here("../../docs/reading.md");
    const args = [page, dir, String(ROWS), JSON.stringify(ONE_COLUMN)];
    return await run(await python(dir), [here("readers.py"), ...args]);
  } finally {
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  scriptArgs(import.meta.url, {});
  Deno.exit(await main());
}
