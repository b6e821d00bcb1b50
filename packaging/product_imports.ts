/** Which packages the product itself imports: the lock names those of the tests too. */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const ENTRIES = ["main.ts", "adapters/worker.ts"];

/** Runs Deno in the repository. @throws Error with what it said */
export async function deno(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`deno ${args[0]} failed:\n${text.decode(stderr)}`);
  return text.decode(stdout) + text.decode(stderr);
}

/** The entries of the import map that the product imports, dynamic imports included. */
export async function productImports(
  imports: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const specifiers = new Set<string>();
  for (const entry of ENTRIES) {
    const text = await deno(["info", "--json", "--no-lock", entry]);
    const graph = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as {
      readonly modules: readonly { readonly dependencies?: readonly { specifier: string }[] }[];
    };
    for (const { dependencies = [] } of graph.modules) {
      for (const { specifier } of dependencies) specifiers.add(specifier);
    }
  }
  const used = (name: string) =>
    [...specifiers].some((specifier) => specifier === name || specifier.startsWith(`${name}/`));
  return Object.fromEntries(Object.entries(imports).filter(([name]) => used(name)));
}
