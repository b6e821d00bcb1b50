/** The licences of the packages that the program is made of, for whoever is given the program without them. */
import { join } from "node:path";
import { deno } from "./product_imports.ts";
import { type Component, sbom } from "./sbom.ts";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** Where Deno keeps the packages of its registry. */
export async function cacheFolders(): Promise<string[]> {
  const text = await deno(["info", "--json"]);
  const { npmCache } = JSON.parse(text.slice(text.indexOf("{"))) as { readonly npmCache: string };
  const registries = await Array.fromAsync(Deno.readDir(npmCache));
  return registries.filter((entry) => entry.isDirectory).map(({ name }) => join(npmCache, name));
}

async function textsIn(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .filter(({ isFile, name }) => isFile && LICENCE_FILE.test(name)).map(({ name }) => name);
  return await Promise.all(names.sort().map((name) => Deno.readTextFile(join(folder, name))));
}

/** Its licence's name, and the texts that come with it. @throws Error when it is not in the cache. */
async function licenceOf(component: Component, caches: readonly string[]): Promise<string> {
  const name = component.group === undefined
    ? component.name
    : `${component.group}/${component.name}`;
  for (const cache of caches) {
    const folder = join(cache, name, component.version);
    const manifest = await Deno.readTextFile(join(folder, "package.json")).catch(() => null);
    if (manifest === null) continue;
    const { license } = JSON.parse(manifest) as { readonly license?: unknown };
    const named = typeof license === "string" ? license : JSON.stringify(license ?? "not named");
    const texts = (await textsIn(folder)).map((text) => text.trim());
    return [`${name} ${component.version} (${named})`, ...texts].join("\n\n");
  }
  throw new Error(`${name} ${component.version} is not downloaded; run \`deno ci\``);
}

/** One text for people and lawyers, a package after the other. */
export async function licenceTexts(): Promise<string> {
  const caches = await cacheFolders();
  const parts = (await sbom()).components.filter(({ scope }) => scope === "required");
  const texts = await Promise.all(parts.map((component) => licenceOf(component, caches)));
  const line = "-".repeat(80);
  return `Rivet includes the following packages.\n\n${line}\n${texts.join(`\n\n${line}\n`)}\n`;
}
