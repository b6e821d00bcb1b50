/**
 * `deno task docs`: writes the pages of `docs/`, and of `rivet --help`, that come from the code, and from
 * what the tests found.
 */
import type { BenchResults } from "../bench/results.ts";
import { RESULTS, type TortureResults } from "../tests/torture/results.ts";
import { allImports } from "../packaging/all_imports.ts";
import { cliPage } from "./generate/cli_page.ts";
import { compatibilityPage } from "./generate/compatibility_page.ts";
import { dependenciesPage, type Measurements } from "./generate/dependencies.ts";
import { configPage } from "./generate/config_page.ts";
import { frontPageModule } from "./generate/front_page.ts";
import { performancePage } from "./generate/performance_page.ts";
import { correctnessPage, reliabilityPage } from "./generate/reliability_page.ts";
import { scriptArgs } from "../packaging/script.ts";

/** Path, from `docs/` on -> text. */
export function generatedPages(): ReadonlyMap<string, string> {
  const results: TortureResults = JSON.parse(Deno.readTextFileSync(RESULTS));
  const read = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, import.meta.url)));
  const measured: Measurements = read("dependencies.json");
  const bench: BenchResults = read("performance.json");
  const performance = Deno.readTextFileSync(new URL("performance.md", import.meta.url));
  return new Map([
    ["compatibility.md", compatibilityPage()],
    ["dependencies.md", dependenciesPage(allImports(), measured)],
    ["performance.md", performancePage(performance, bench)],
    ["reference/cli.md", cliPage()],
    ["reference/config.md", configPage()],
    ["../cli/front_page_text.ts", frontPageModule()],
    ["reliability.md", reliabilityPage(results)],
    ["correctness.md", correctnessPage(results)],
  ]);
}

/** Writes them. */
export async function writePages(): Promise<void> {
  for (const [path, text] of generatedPages()) {
    await Deno.writeTextFile(new URL(path, import.meta.url), text);
    console.log(`docs/${path}`);
  }
}

if (import.meta.main) {
  scriptArgs(import.meta.url, {});
  await writePages();
}
