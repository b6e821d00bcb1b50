/** What `--export` is completed with. */
import { parse } from "yaml";

/** Names in `exports:` of the config at `path`; none when it cannot be read. */
export async function exportNames(path: string): Promise<string[]> {
  try {
    const config: unknown = parse(await Deno.readTextFile(path));
    const list = (config as { exports?: unknown } | null)?.exports;
    return Array.isArray(list) ? list.map((entry) => entry?.name).filter(isName) : [];
  } catch {
    // A completion has nowhere to show an error; the command itself will.
    return [];
  }
}

function isName(name: unknown): name is string {
  return typeof name === "string";
}
