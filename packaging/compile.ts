/**
 * `deno task compile [--target TARGET] [--output PATH] [--check]`: one executable of the whole tool.
 *
 * Deno embeds the native packages of everything the lock names, the readers of the tests among them
 * (138 MB). So the compiler gets a configuration and a lock of its own, in `dist/compile/`, with the
 * packages that the product imports and nothing else; versions and hashes are those of `deno.lock`.
 *
 * `--check` puts this Deno where the runtime for executables would be, which has to be downloaded: the
 * result does not run, but everything up to it is done and examined.
 */
import { parseArgs } from "node:util";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { examineExecutable } from "./examine.ts";
import { deno, productImports } from "./product_imports.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** What an executable may do; it never prompts, and it loads no code from elsewhere. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-env",
  "--allow-sys",
  "--allow-run",
  "--no-prompt",
];

interface Config {
  readonly imports: Readonly<Record<string, string>>;
  readonly compilerOptions: unknown;
}

interface Lock {
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** @throws Error when Deno resolved anything anew: an executable holds what the tests ran with. */
function requireSubset(of: Lock, part: Lock): void {
  for (const [name, { integrity }] of Object.entries(part.npm)) {
    if (of.npm[name]?.integrity === integrity) continue;
    throw new Error(`${name} is not the one of deno.lock; run \`deno ci\` and compile again`);
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: "string" },
      output: { type: "string" },
      check: { type: "boolean", default: false },
    },
  });
  const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(path));
  const config: Config = await readJson(join(ROOT, "deno.json"));
  const lock = join(ROOT, "deno.lock");
  const folder = join(ROOT, "dist", "compile");
  const output = values.output ?? join(ROOT, "dist", values.check ? "compile/check" : "rivet");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.mkdir(dirname(output), { recursive: true });
  const own = {
    imports: await productImports(config.imports),
    compilerOptions: config.compilerOptions,
    nodeModulesDir: "none",
    // Not frozen, so that Deno drops what these imports do not need.
    lock: { path: "deno.lock", frozen: false },
  };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(own, null, 2));
  await Deno.copyFile(lock, join(folder, "deno.lock"));

  const log = await deno([
    ...["compile", "--config", join(folder, "deno.json")],
    // The Worker's entry is found by its URL in main.ts, bundled apart, and its URL rewritten.
    ...["--bundle", "--minify", "--no-check", ...PERMISSIONS],
    ...(values.target === undefined ? [] : ["--target", values.target]),
    ...["--output", output, "main.ts"],
  ], values.check ? { DENORT_BIN: Deno.execPath() } : {});
  requireSubset(await readJson(lock), await readJson(join(folder, "deno.lock")));
  console.log(examineExecutable(log));
  if (values.check) await Deno.remove(output);
  else console.log(output);
}

if (import.meta.main) await main(Deno.args);
