/** Every package that the repository names: the product's, and those of tests and demo, which stand apart. */

interface Config {
  readonly workspace?: readonly string[];
  readonly imports: Readonly<Record<string, string>>;
}

function config(path: string): Config {
  return JSON.parse(Deno.readTextFileSync(new URL(`../${path}`, import.meta.url)));
}

/** Name in the import maps -> `npm:name@version`, by name. */
export function allImports(): Record<string, string> {
  const { workspace = [], imports } = config("deno.json");
  const all = { ...imports };
  for (const member of workspace) Object.assign(all, config(`${member}/deno.json`).imports);
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => a < b ? -1 : 1));
}
