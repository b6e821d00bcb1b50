/**
 * `deno task bundle [--output FOLDER]`: the program as JavaScript that needs no package, in `dist/bundle/` or
 * FOLDER, which is emptied first:
 *
 * - `main.js`: what is started (`deno run -A main.js ARGUMENTS`), as `main.ts` is among the sources;
 * - `adapters/worker.js`: the Worker's entry, which the program finds by its place beside `main.js`;
 * - `*.js`: the parts that both load when they use them, drivers and SDKs among them;
 * - `THIRD-PARTY-LICENSES.txt`: the licences of the packages that are inside.
 *
 * The folder can be moved, published and embedded; nothing in it names a place outside. It holds what the
 * lock names, whatever the registry has meanwhile. `writeBundle` does the same for other packaging.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { licenceTexts } from "./licences.ts";
import { deno } from "./product_imports.ts";
import { commitOf, stamped } from "./stamp.ts";
import { scriptArgs } from "./script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const WORKER = { source: '"./adapters/worker.ts"', bundled: '"./adapters/worker.js"' };

/** What another module of the bundle is loaded by when it is used. */
const LATER = /\bimport\("(\.{1,2}\/[^"]+)"\)/g;
/**
 * How the bundler lets packages in CommonJS load others, which are the runtime's own in a bundle. It loads the
 * runtime's module loader for that, a tenth of what a small run takes.
 */
const REQUIRE =
  /import\s*\{createRequire as (\w+)\}\s*from "node:module";var (\w+)=\1\(import\.meta\.url\);/g;
const SPECIFIER = /(?:\bfrom|\bimport)\s*"([^"]+)"|\bimport\("([^"]+)"\)/g;

export interface BundleOptions {
  /** Emptied first. */
  readonly folder: string;
  /**
   * Whether the module graph may see what is loaded later. A start from files is faster when it may not; an
   * executable embeds what its graph sees.
   */
  readonly visible: boolean;
}

/** @returns the files, relative to the folder. @throws Error when the bundle would not run by itself. */
export async function writeBundle({ folder, visible }: BundleOptions): Promise<string[]> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  await deno([
    ...["bundle", "--frozen", "--quiet", "--platform", "deno", "--code-splitting", "--minify"],
    ...["--outdir", folder, "main.ts", "adapters/worker.ts"],
  ]);
  const scripts = await filesOf(folder);
  const commit = await commitOf();
  let workers = 0;
  let stamps = 0;
  let loaders = 0;
  for (const name of scripts) {
    const path = join(folder, name);
    const parts = (await Deno.readTextFile(path)).split(WORKER.source);
    workers += parts.length - 1;
    const bundled = parts.join(WORKER.bundled);
    const marked = commit === null ? null : stamped(bundled, commit);
    if (marked !== null) stamps += 1;
    const text = (marked ?? bundled).replaceAll(REQUIRE, (_, _loader, name) => {
      loaders += 1;
      return requireBuiltin(name);
    });
    requireOwn(name, text);
    await Deno.writeTextFile(path, visible ? text : hidden(text));
  }
  if (commit !== null && stamps !== 1) throw new Error(`the commit is in ${stamps} files`);
  if (loaders !== 1) throw new Error(`packages are loaded in ${loaders} places of the bundle`);
  if (workers !== 1) throw new Error(`the Worker is started in ${workers} places of the bundle`);
  await Deno.writeTextFile(join(folder, "THIRD-PARTY-LICENSES.txt"), await licenceTexts());
  return await filesOf(folder);
}

/** A `require` of what is part of the runtime; packages try others, and go without. */
function requireBuiltin(name: string): string {
  return `var ${name}=id=>{let found=process.getBuiltinModule(id);if(found===undefined)throw ` +
    'Object.assign(new Error("Cannot find module "+id),{code:"MODULE_NOT_FOUND"});return found};';
}

function hidden(text: string): string {
  return text.replaceAll(LATER, (_, path) => `import(new URL("${path}",import.meta.url).href)`);
}

/** @throws Error for an import of something that is neither in the bundle nor in the runtime. */
function requireOwn(name: string, text: string): void {
  for (const [, fixed, later] of text.matchAll(SPECIFIER)) {
    const specifier = fixed ?? later;
    if (/^npm:|^jsr:|^https?:/.test(specifier)) throw new Error(`${name} imports ${specifier}`);
  }
}

async function filesOf(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isDirectory) found.push(...await filesOf(folder, path));
    else found.push(path);
  }
  return found.sort();
}

async function main(): Promise<void> {
  const { values } = scriptArgs(import.meta.url, { output: { type: "string" } });
  const folder = resolve(values.output ?? join(ROOT, "dist", "bundle"));
  const files = await writeBundle({ folder, visible: false });
  console.log(`${folder}: ${files.length} files`);
}

if (import.meta.main) await main();
