/** `deno task docs`: writes the pages that come from the code. */
import { cliPage } from "./generate/cli_page.ts";
import { compatibilityPage } from "./generate/compatibility_page.ts";
import { configPage } from "./generate/config_page.ts";

/** Path under `docs/` -> text. */
export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ["compatibility.md", compatibilityPage()],
    ["reference/cli.md", cliPage()],
    ["reference/config.md", configPage()],
  ]);
}

/** Writes them. */
export async function writePages(): Promise<void> {
  for (const [path, text] of generatedPages()) {
    await Deno.writeTextFile(new URL(path, import.meta.url), text);
    console.log(`docs/${path}`);
  }
}

if (import.meta.main) await writePages();
