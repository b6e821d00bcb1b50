/**
 * `deno task compile [--target TARGET] [--output PATH] [--check]`: one executable of the whole tool.
 *
 * The compiler is given the bundle (`bundle.ts`) and no packages: of those it would embed everything that the
 * lock names, the readers of the tests among them. The parts of the bundle stay apart, so that a start reads
 * those that it uses.
 *
 * `--check` puts this Deno where the runtime for executables would be, which has to be downloaded: the
 * result does not run, but everything up to it is done and examined.
 */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_FLAGS } from "../core/base/engine_flags.ts";
import { writeBundle } from "./bundle.ts";
import { engineFlagsIn, examineExecutable } from "./examine.ts";
import { deno } from "./product_imports.ts";
import { PERMISSIONS } from "./permissions.ts";
import { scriptArgs } from "./script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

async function main(): Promise<void> {
  const { values } = scriptArgs(import.meta.url, {
    target: { type: "string" },
    output: { type: "string" },
    check: { type: "boolean", default: false },
  });
  const folder = join(ROOT, "dist", "compile");
  const output = resolve(values.output ?? join(ROOT, "dist", values.check ? "check" : "rivet"));
  await Deno.mkdir(dirname(output), { recursive: true });
  await writeBundle({ folder, visible: true });
  const log = await deno([
    ...["compile", "--no-config", "--no-lock", "--no-npm", "--no-check"],
    ...PERMISSIONS,
    ...ENGINE_FLAGS,
    ...(values.target === undefined ? [] : ["--target", values.target]),
    ...["--include", join(folder, "adapters/worker.js")],
    ...["--output", output, join(folder, "main.js")],
  ], values.check ? { DENORT_BIN: Deno.execPath() } : {});
  console.log(examineExecutable(log));
  console.log(`started with: ${engineFlagsIn(await Deno.readFile(output), ENGINE_FLAGS)}`);
  if (values.check) await Deno.remove(output);
  else console.log(output);
}

if (import.meta.main) await main();
