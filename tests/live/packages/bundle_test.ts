/** The program as JavaScript without packages: it works wherever its folder is put. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { type BundleOptions, writeBundle } from "../../../packaging/bundle.ts";
import { commitOf } from "../../../packaging/stamp.ts";
import {
  exportsEverywhere,
  exportsInProcesses,
  type Program,
  saysItsBuild,
  saysItsVersion,
} from "./packaged.ts";

/** Moved after it was written, and started with a cache that has no package and no way to get one. */
async function withBundle(
  visible: BundleOptions["visible"],
  body: (program: Program, folder: string, files: readonly string[]) => Promise<void>,
): Promise<void> {
  const place = await Deno.makeTempDir({ prefix: "rivet-bundle-" });
  try {
    const files = await writeBundle({ folder: join(place, "written"), visible });
    const folder = join(place, "moved");
    await Deno.rename(join(place, "written"), folder);
    const alone = ["--no-config", "--no-lock", "--cached-only", "--no-npm", "--quiet"];
    const command = [Deno.execPath(), "run", "-A", ...alone, join(folder, "main.js")] as const;
    const program = { command, env: { DENO_DIR: join(place, "cache") } } as const;
    await body(program, folder, files);
  } finally {
    await Deno.remove(place, { recursive: true });
  }
}

Deno.test("a bundle exports as the sources do: Workers, stores, processes", async () => {
  await withBundle(false, async (program, folder, files) => {
    deepEqual(files.filter((file) => !/^[\w.-]+\.js$/.test(file)), [
      "THIRD-PARTY-LICENSES.txt",
      "adapters/worker.js",
    ]);
    ok(files.includes("main.js"));
    const licences = await Deno.readTextFile(join(folder, "THIRD-PARTY-LICENSES.txt"));
    match(licences, /^mysql2 3\.\d+\.\d+ \(MIT\)\n\n.*Permission is hereby granted/ms);
    ok(!licences.includes("\nazurite "), "a package of the tests is not inside");
    await exportsEverywhere(program);
    await exportsInProcesses(program);
  });
});

Deno.test("a start of a bundle reads the entry, and what is in its sight for executables", async () => {
  const modules = async (folder: string) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-config", "--no-lock", join(folder, "main.js")],
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout));
    return (modules as readonly { readonly specifier: string }[]).filter(({ specifier }) =>
      specifier.startsWith("file:")
    ).length;
  };
  await withBundle(false, async (_, folder) => ok(await modules(folder) < 10));
  await withBundle(true, async (program, folder, files) => {
    ok(await modules(folder) > files.length / 2);
    await saysItsVersion(program, folder);
    equal(await saysItsBuild(program, folder), await commitOf());
  });
});
