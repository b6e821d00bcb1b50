/** What a start loads, and what each part of the program brings along when it is first used. */
import { deepEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";

interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly { readonly code?: { readonly specifier?: string } }[];
}

const ROOT = new URL("../../../", import.meta.url);

/**
 * What Deno loads, and downloads, before the first line of `entry` runs: whatever it can see, `import("x")`
 * in a function too. `import("x" as string)` it cannot see.
 */
function loadedWith(entry: string): Promise<Loaded> {
  const known = graphs.get(entry) ?? graphOf(entry);
  graphs.set(entry, known);
  return known;
}

interface Loaded {
  readonly own: string[];
  readonly packages: string[];
  /** Modules of the runtime. */
  readonly runtime: string[];
}

const graphs = new Map<string, Promise<Loaded>>();

async function graphOf(entry: string): Promise<Loaded> {
  const main = new URL(entry, ROOT);
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", fileURLToPath(main)],
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
    for (const { code } of bySpecifier.get(target)?.dependencies ?? []) {
      // An import of types alone has no `code`.
      if (code?.specifier !== undefined) visit(code.specifier);
    }
  };
  visit(main.href);
  const packages = [...seen].flatMap((s) => /^npm:\/?(@[^/]+\/[^@/]+|[^@/]+)/.exec(s)?.[1] ?? []);
  return {
    own: [...seen].filter((s) => s.startsWith(ROOT.href)).map((s) => s.slice(ROOT.href.length)),
    packages: [...new Set(packages)].sort(),
    runtime: [...seen].filter((s) => s.startsWith("node:")),
  };
}

Deno.test("the version is answered by the entry alone", async () => {
  const { own, packages } = await loadedWith("main.ts");
  deepEqual(own.sort(), ["cli/render/stdio.ts", "core/base/version.ts", "main.ts"]);
  deepEqual(packages, []);
});

Deno.test("help is a page: no grammar and no package", async () => {
  const { own, packages } = await loadedWith("cli/front_page.ts");
  const expected = ["cli/front_page.ts", "cli/front_page_text.ts", "cli/readable_env.ts"];
  deepEqual(own.sort(), expected);
  deepEqual(packages, []);
});

Deno.test("a run loads neither the other commands nor the package that reads them", async () => {
  const { own, packages } = await loadedWith("program.ts");
  deepEqual(packages, []);
  deepEqual(own.filter((file) => /^cli\/(grammar|parse|plan|state)\.ts$/.test(file)), []);
  deepEqual(own.includes("cli/run.ts"), true);
});

Deno.test("a command's help is the command line alone: no driver, codec, schema or state", async () => {
  const entries = [await loadedWith("program.ts"), await loadedWith("cli/parse.ts")];
  const own = entries.flatMap((entry) => entry.own);
  const packages = [...new Set(entries.flatMap((entry) => entry.packages))];
  const light =
    /^(program\.ts|cli\/.*|core\/(base\/[a-z_]+|config\/(select|table_formats)|report\/json)\.ts)$/;
  deepEqual(own.filter((file) => !light.test(file)), []);
  deepEqual(packages, ["@optique/core"]);
});

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "cli/write_report.ts": [],
  "cli/render/page/page.ts": ["@observablehq/plot", "linkedom"],
  "adapters/registry.ts": [],
  "adapters/sources/postgres/mod.ts": [],
  "adapters/sources/mysql/mod.ts": ["mysql2"],
  "adapters/sources/mssql/mod.ts": [],
  "adapters/destinations/local.ts": [],
  "adapters/destinations/stdout.ts": [],
  "adapters/destinations/s3/mod.ts": ["@aws-sdk/client-s3"],
  "adapters/destinations/gcs/mod.ts": ["google-auth-library", "valibot"],
  "adapters/destinations/azure/mod.ts": ["@azure/storage-blob"],
  "adapters/destinations/azure/identity.ts": ["@azure/identity"],
  "adapters/destinations/s3/needs.ts": [],
  "adapters/destinations/gcs/needs.ts": [],
  "adapters/destinations/azure/needs.ts": [],
  "adapters/sources/mysql/needs.ts": [],
  "adapters/sources/mssql/needs.ts": [],
  "adapters/formats/csv/mod.ts": [],
  "adapters/formats/parquet/mod.ts": [],
  "adapters/formats/parquet/snappy.ts": ["snappyjs"],
  "adapters/notifiers/slack.ts": [],
  "adapters/telemetry/opentelemetry.ts": ["@opentelemetry/api"],
  "adapters/worker.ts": [],
  "state/open.ts": [],
  "state/postgres/connection.ts": ["postgres"],
};

for (const [entry, expected] of Object.entries(PACKAGES)) {
  const which = expected.length === 0 ? "no package" : expected.join(", ");
  Deno.test(`${entry} brings ${which} along`, async () => {
    deepEqual((await loadedWith(entry)).packages, expected);
  });
}

/** What a run of one row from PostgreSQL to a local Parquet file loads, part by part, as it comes to need them. */
const SMALL_RUN = [
  ...["main.ts", "program.ts", "core/base/library_output.ts", "core/config/load.ts"],
  ...["core/run/run.ts", "core/lease/lease.ts", "adapters/registry.ts", "state/open.ts"],
  ...["core/access/logged_ports.ts", "core/access/traced_ports.ts"],
  ...["core/workers/worker_client.ts", "core/workers/thread.ts", "core/workers/late_thread.ts"],
  ...["core/workers/worker_host.ts", "adapters/sources/postgres/mod.ts"],
  ...["adapters/formats/parquet/mod.ts", "adapters/destinations/local.ts"],
];

Deno.test("a small run loads two packages, and not half of the program", async () => {
  const parts: Loaded[] = [];
  for (const entry of SMALL_RUN) parts.push(await loadedWith(entry));
  deepEqual([...new Set(parts.flatMap(({ packages }) => packages))], ["valibot", "yaml"]);
  const own = new Set(parts.flatMap((part) => part.own));
  // TLS, sockets and streams of the runtime are for connections that are encrypted.
  const runtime = parts.flatMap((part) => part.runtime);
  deepEqual(runtime.filter((name) => /^node:(tls|net|stream|http2?|https|module)$/.test(name)), []);
  // Each module is read, looked up in caches and linked at every start from the sources.
  const most = 440;
  deepEqual(own.size <= most, true, `${own.size} modules; what of the last ones can come later?`);
});
