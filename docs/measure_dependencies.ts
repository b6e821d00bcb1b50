/**
 * `deno task dependencies`: writes docs/dependencies.json, what `deno.json` names as it lies in Deno's cache
 * (`deno ci` fills it) and as the registry knows it; npm asks the registry. Then the pages, as `deno task docs`.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolders } from "../packaging/licences.ts";
import { allImports } from "../packaging/all_imports.ts";
import { productImports } from "../packaging/product_imports.ts";
import { closure, type Lock } from "../packaging/sbom.ts";
import type { Measured } from "./generate/dependencies.ts";
import { scriptArgs } from "../packaging/script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

interface Manifest {
  readonly license?: string;
  readonly author?: string | { readonly name: string };
  readonly repository?: string | { readonly url: string };
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    bytes += isDirectory ? await sizeOf(path) : (await Deno.lstat(path)).size;
  }
  return bytes;
}

/** `name@1.2.3_peer@4.5.6` is the folder `name/1.2.3`; null where this machine needs it not. */
async function folderOf(key: string, caches: readonly string[]): Promise<string | null> {
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  for (const cache of caches) {
    const folder = join(cache, name, version);
    if (await Deno.stat(folder).catch(() => null) !== null) return folder;
  }
  return null;
}

function authorOf({ author }: Manifest): string | null {
  const text = typeof author === "object" ? author.name : author;
  // Without address and page.
  return text?.replace(/\s*[<(].*$/, "") ?? null;
}

function repositoryOf({ repository }: Manifest): string | null {
  if (repository === undefined) return null;
  const url = typeof repository === "object" ? repository.url : repository;
  const [, path] =
    /(?:github:|github\.com[/:]|^)([\w.-]+\/[\w.-]+?)(?:\.git|\/tree\/.*)?$/.exec(url) ?? [];
  if (path === undefined) throw new Error(`no repository in ${JSON.stringify(repository)}`);
  return `https://github.com/${path}`;
}

async function registryOf(name: string): Promise<{ latest: string; days: Record<string, string> }> {
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  const { success, stdout, stderr } = await new Deno.Command(npm, {
    args: ["view", name, "dist-tags", "time", "--json"],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`npm view ${name} failed:\n${text.decode(stderr)}`);
  const { "dist-tags": tags, time } = JSON.parse(text.decode(stdout));
  return { latest: tags.latest, days: time };
}

async function measure(
  name: string,
  specifier: string,
  { lock, caches, product }: { lock: Lock; caches: readonly string[]; product: boolean },
): Promise<Measured> {
  const version = specifier.slice(`npm:${name}@`.length);
  const key = `${name}@${lock.specifiers[specifier]}`;
  const own = await folderOf(key, caches);
  if (own === null) throw new Error(`${key} is not downloaded; run \`deno ci\``);
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(join(own, "package.json")));
  const folders = await Promise.all([...closure(lock, [key])].map((one) => folderOf(one, caches)));
  const there = new Set(folders.filter((folder) => folder !== null));
  const sizes = await Promise.all([...there].map(sizeOf));
  const { latest, days } = await registryOf(name);
  return {
    version,
    product,
    license: manifest.license ?? "not named",
    ownBytes: await sizeOf(own),
    packages: there.size,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    released: days[version].slice(0, 10),
    latest,
    latestReleased: days[latest].slice(0, 10),
    author: authorOf(manifest),
    repository: repositoryOf(manifest),
  };
}

async function main(): Promise<void> {
  const read = async (name: string) => JSON.parse(await Deno.readTextFile(join(ROOT, name)));
  const imports = allImports();
  const lock: Lock = await read("deno.lock");
  const caches = await cacheFolders();
  const product = await productImports(imports);
  const measured: Record<string, Measured> = {};
  for (const [name, specifier] of Object.entries(imports)) {
    measured[name] = await measure(name, specifier, { lock, caches, product: name in product });
    console.log(`${name} ${measured[name].version}`);
  }
  const path = join(ROOT, "docs", "dependencies.json");
  await Deno.writeTextFile(path, `${JSON.stringify(measured, null, 2)}\n`);
  const { writePages } = await import("./generate.ts");
  await writePages();
}

if (import.meta.main) {
  scriptArgs(import.meta.url, {});
  await main();
}
