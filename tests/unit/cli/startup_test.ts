/** What `rivet --help` loads: the modules that `main.ts` imports statically. */
import { deepEqual, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";

interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier?: string };
    readonly isDynamic?: boolean;
  }[];
}

const MAIN = new URL("../../../main.ts", import.meta.url);

/** Packages that a start may cost; everything else is imported by the command that needs it. */
const LIGHT = /^(npm:\/?@optique\/|npm:\/?@logtape\/|node:)/;
const OWN = /\/(main\.ts|cli\/.*|core\/(base\/[a-z_]+|config\/select|report\/json)\.ts)$/;

async function staticImports(): Promise<string[]> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", fileURLToPath(MAIN)],
  }).output();
  const graph: { modules: GraphModule[]; redirects?: Record<string, string> } = JSON.parse(
    new TextDecoder().decode(output.stdout),
  );
  const bySpecifier = new Map(graph.modules.map((m) => [m.specifier, m]));
  const seen = new Set<string>();
  const visit = (specifier: string) => {
    const target = graph.redirects?.[specifier] ?? specifier;
    if (seen.has(target)) return;
    seen.add(target);
    for (const dependency of bySpecifier.get(target)?.dependencies ?? []) {
      // An import of types alone has no `code`.
      if (dependency.isDynamic || dependency.code?.specifier === undefined) continue;
      visit(dependency.code.specifier);
    }
  };
  visit(MAIN.href);
  return [...seen];
}

Deno.test("a start loads the command line alone: no driver, codec, schema or state", async () => {
  const imports = await staticImports();
  ok(imports.some((s) => s.includes("@optique/core")), "the graph has no packages at all");
  deepEqual(imports.filter((s) => !LIGHT.test(s) && !OWN.test(s)), []);
});
