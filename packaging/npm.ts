/**
 * `deno task npm`: the npm package in dist/npm, for `npm pack` and `npm publish`. It holds the bundle
 * and a starter for Node; Deno is its only dependency.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_FLAGS } from "../core/base/engine_flags.ts";
import { writeBundle } from "./bundle.ts";
import { PERMISSIONS } from "./permissions.ts";
import { scriptArgs } from "./script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const NAME = "rivet-extract";

/** No code but the program's own, whatever project it is started in. */
const FLAGS = [
  ...PERMISSIONS,
  ...ENGINE_FLAGS,
  ...["--no-config", "--no-lock", "--no-remote", "--no-npm", "--quiet"],
];

function manifestOf(version: string, denoVersion: string) {
  return {
    name: NAME,
    version,
    description: "Tables and query results from PostgreSQL, MySQL and SQL Server as Parquet or CSV",
    keywords: ["postgres", "mysql", "mariadb", "sqlserver", "parquet", "csv", "export", "extract"],
    license: "MIT",
    type: "module",
    bin: { rivet: "bin.cjs", [NAME]: "bin.cjs" },
    files: ["bin.cjs", "program/"],
    engines: { node: ">=18" },
    dependencies: { deno: denoVersion },
    /** Of `deno run`, read by bin.cjs. */
    permissions: FLAGS,
  };
}

/** @param folder is emptied first. @returns the folder. */
export async function npmPackage(folder: string = join(ROOT, "dist", "npm")): Promise<string> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await writeBundle({ folder: join(folder, "program"), visible: false });
  const { version } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const manifest = manifestOf(version, Deno.version.deno);
  await Deno.writeTextFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of ["bin.cjs", "README.md"]) {
    await Deno.copyFile(join(ROOT, "packaging", "npm", name), join(folder, name));
  }
  await Deno.chmod(join(folder, "bin.cjs"), 0o755).catch(() => {
    // Windows has no such thing.
  });
  await Deno.copyFile(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  return folder;
}

if (import.meta.main) {
  scriptArgs(import.meta.url, {});
  console.log(await npmPackage());
}
