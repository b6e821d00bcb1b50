/** What `deno publish` sends to a registry, and that it works from there as the README starts it. */
import { deepEqual, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RIVET_VERSION } from "../../../core/base/version.ts";
import { type JsrRegistry, startJsr } from "../../support/jsr.ts";
import { exportsEverywhere, exportsInProcesses, type Program, saysItsVersion } from "./packaged.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const NAME = "@rivet/cli";
const PRODUCT = /^((main|program)\.ts|(adapters|cli|core|state)\/.+\.ts)$/;
const BESIDE = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "deno.json"];

/** A file of the package that is imported out of the module graph's sight: its path is the same there. */
const HIDDEN =
  /^warning\[unanalyzable-dynamic-import\].*\n.*\n.*\n.*"\.{1,2}\/[\w./]+\.ts" as string/;

interface Stranger {
  readonly registry: JsrRegistry;
  /** A cache without the package; npm's packages are shared with the repository's. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

async function output(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  ok(success, text.decode(stderr));
  return text.decode(stdout) + text.decode(stderr);
}

/** The package is published, and there is a folder without the repository around it. */
async function asStranger(body: (stranger: Stranger) => Promise<void>): Promise<void> {
  const registry = startJsr(NAME);
  const folder = await Deno.makeTempDir({ prefix: "rivet-stranger-" });
  try {
    await registry.publish();
    const { npmCache } = JSON.parse(await output(["info", "--json"])) as { npmCache: string };
    await Deno.mkdir(join(folder, "cache"));
    await Deno.symlink(npmCache, join(folder, "cache", "npm"));
    const env = { JSR_URL: registry.url, DENO_DIR: join(folder, "cache") };
    await body({ registry, env, folder });
  } finally {
    await registry.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** As the README says, with the lock's packages, so that no release of somebody else fails a test. */
function running({ env }: Stranger): Program {
  return {
    command: [Deno.execPath(), "run", "-A", "--quiet", `jsr:${NAME}`],
    env,
    async prepare(folder) {
      await Deno.writeTextFile(join(folder, "deno.json"), "{}");
      await Deno.copyFile(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
    },
  };
}

Deno.test("what is published is the product, with its packages named in full", async () => {
  await asStranger(async ({ registry }) => {
    const files = registry.files(RIVET_VERSION);
    deepEqual(files.filter((file) => !PRODUCT.test(file)), BESIDE);
    const said = await output(["publish", "--dry-run", "--allow-dirty", "--no-check"]);
    const warnings = said.split(/^(?=warning|error)/im).slice(1);
    deepEqual(warnings.filter((warning) => !HIDDEN.test(warning)), []);
    const dry = [...said.matchAll(/file:\/\/\S+/g)].map(([url]) =>
      url.slice(`file://${ROOT}`.length)
    );
    deepEqual(dry.sort(), files);
    // The text of an import's or an export's `from`, and of `import(...)`.
    const specifier = /(?:^(?:import|\}|export) .*from |^import |\bimport\(\s*)"([^"\n]+)"/gm;
    for (const file of files.filter((name) => name.endsWith(".ts"))) {
      for (const [, named] of registry.text(RIVET_VERSION, file).matchAll(specifier)) {
        match(named, /^(\.{1,2}\/|node:|npm:[^@]?@?[^@]+@\d+\.\d+\.\d+)/, `${file}: ${named}`);
      }
    }
  });
});

Deno.test("the published package exports as the sources do: Workers, stores, state", async () => {
  await asStranger((stranger) => exportsEverywhere(running(stranger)));
});

Deno.test("its children are the version that was started, not the newest", async () => {
  await asStranger(async (stranger) => {
    const { registry, folder } = stranger;
    const newest = running(stranger);
    const [deno, run, ...rest] = newest.command;
    await newest.prepare?.(folder);
    await saysItsVersion(newest, folder);
    registry.offer("999.0.0", {
      "deno.json": JSON.stringify({ name: NAME, version: "999.0.0", exports: "./main.ts" }),
      "main.ts": `console.log("rivet 999.0.0"); Deno.exit(1);`,
    });
    await Deno.remove(join(folder, "cache", "remote"), { recursive: true });
    const pinned = `--lock=${join(folder, "deno.lock")}`;
    await exportsInProcesses({ ...newest, command: [deno, run, pinned, ...rest] });
  });
});

Deno.test("`deno install -g` puts a command into the folder for commands", async () => {
  await asStranger(async ({ env, folder }) => {
    const root = join(folder, "installed");
    const lock = join(folder, "deno.lock");
    await Deno.copyFile(join(ROOT, "deno.lock"), lock);
    const how = ["-g", "-A", `--lock=${lock}`, "--frozen=false", "--root", root, "-n", "rivet"];
    await output(["install", ...how, `jsr:${NAME}`], env);
    await saysItsVersion({ command: [join(root, "bin", "rivet")], env }, folder);
  });
});
