/** The npm package, packed, started by `npx` and by Node in a folder with nothing in it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { ENGINE_FLAGS } from "../../../core/base/engine_flags.ts";
import { RIVET_VERSION } from "../../../core/base/version.ts";
import { npmPackage } from "../../../packaging/npm.ts";
import { partFiles } from "../../support/rivet.ts";
import { queryDuckdb } from "../../support/readers.ts";
import {
  ended,
  exportsEverywhere,
  exportsInProcesses,
  type Program,
  saysItsVersion,
  SOURCE,
  spawn,
  withShop,
} from "./packaged.ts";
import { until } from "../../support/until.ts";

interface Packed {
  readonly folder: string;
  /** `npx -y ./FILE`. */
  readonly npx: Program;
  /** The installed starter, as a scheduler would call it. */
  readonly node: Program;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn({ command: [command], env: NPM }, args, cwd);
  const { code, out, err } = await ended(child);
  equal(code, 0, err);
  return out;
}

/** What npm has downloaded before is taken from its cache. */
const NPM = { npm_config_prefer_offline: "true", npm_config_update_notifier: "false" };

/** Made once for all tests of this file. */
let made: Promise<Packed> | null = null;

function packed(): Promise<Packed> {
  made ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "rivet-npm-" });
    const own = await npmPackage(join(folder, "package"));
    const [{ filename }] = JSON.parse(await run("npm", ["pack", "--json"], own));
    await Deno.rename(join(own, filename), join(folder, filename));
    await Deno.remove(own, { recursive: true });
    const cache = (await run("npm", ["config", "get", "cache"], folder)).trim();
    // npx unpacks what it starts below the cache: here, beside the downloads of the real one.
    await Deno.mkdir(join(folder, "npm"));
    await Deno.symlink(join(cache, "_cacache"), join(folder, "npm", "_cacache"));
    const env = { ...NPM, npm_config_cache: join(folder, "npm") };
    await Deno.mkdir(join(folder, "empty"));
    await ended(
      spawn({ command: ["npm", "install"], env }, [join(folder, filename)], join(folder, "empty")),
    );
    const bin = join(folder, "empty", "node_modules", ".bin", "rivet");
    return {
      folder,
      npx: { command: ["npx", "-y", `file:${join(folder, filename)}`], env },
      node: { command: [bin], env: {} },
    };
  })();
  return made;
}

Deno.test.afterAll(async () => {
  if (made !== null) await Deno.remove((await made).folder, { recursive: true });
});

Deno.test("npx starts the packed file in an empty folder", async () => {
  const { npx, folder } = await packed();
  const empty = await Deno.makeTempDir({ dir: folder });
  await saysItsVersion(npx, empty);
  deepEqual(await Array.fromAsync(Deno.readDir(empty)), []);
});

Deno.test("the npm package says what it is, and whose code it holds", async () => {
  const { folder } = await packed();
  const own = join(folder, "empty", "node_modules", "rivet-extract");
  const manifest = JSON.parse(await Deno.readTextFile(join(own, "package.json")));
  deepEqual([manifest.name, manifest.version], ["rivet-extract", RIVET_VERSION]);
  deepEqual(manifest.dependencies, { deno: Deno.version.deno });
  // What `bin.cjs` hands to `deno run`.
  for (const flag of ENGINE_FLAGS) ok(manifest.permissions.includes(flag), flag);
  const names = (await Array.fromAsync(Deno.readDir(own))).map(({ name }) => name).sort();
  deepEqual(names, ["LICENSE", "README.md", "bin.cjs", "package.json", "program"]);
  const licences = await Deno.readTextFile(join(own, "program", "THIRD-PARTY-LICENSES.txt"));
  match(licences, /^mysql2 \d+\.\d+\.\d+ \(MIT\)/m);
});

Deno.test("the npm package exports as the sources do: Workers, stores, state", async () => {
  await exportsEverywhere((await packed()).node);
});

Deno.test("the npm package's children are the npm package again", async () => {
  await exportsInProcesses((await packed()).node);
});

Deno.test("bytes on stdout and exit codes pass through npx", async () => {
  const { npx } = await packed();
  await withShop(async ({ folder, env }) => {
    const yaml = `${SOURCE}exports: [{name: t, table: t, destination: {type: stdout}}]\n`;
    await Deno.writeTextFile(join(folder, "rivet.yaml"), yaml);
    const { code, stdout, err } = await ended(spawn(npx, ["run", "-c", "rivet.yaml"], folder, env));
    equal(code, 0, err);
    await Deno.writeFile(join(folder, "t.parquet"), stdout);
    const [row] = await queryDuckdb(
      `SELECT count(*)::VARCHAR AS n, sum(id)::VARCHAR AS ids FROM '${join(folder, "t.parquet")}'`,
    );
    deepEqual(row, { n: "2000", ids: "2001000" });

    const unknown = await ended(spawn(npx, ["run", "-c", "none.yaml", "--json-errors"], folder));
    equal(unknown.code, 2, unknown.err);
  });
});

/** Chunks with a pause after each: a run that lasts until somebody stops it. */
const SLOW = `${SOURCE}exports:
  - name: slow
    table: t
    mode: chunked
    chunk_size: 10
    chunk_checkpoint: true
    format: csv
    tuning: {throttle_ms: 500}
    destination: {type: local, path: ./slow}
`;

/** Processes whose command line has the text. */
async function processesWith(text: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "args="] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(text));
}

/** Who is told: a process alone, or all of its group, as a terminal and a service manager do. */
const TOLD = [
  { signal: "SIGTERM", way: "npx", group: false },
  { signal: "SIGINT", way: "npx", group: true },
  { signal: "SIGTERM", way: "node", group: false },
] as const;

for (const { signal, way, group } of TOLD) {
  Deno.test(`${signal} to ${way}${group ? " and its group" : ""} stops at a safe point`, async () => {
    const { [way]: program } = await packed();
    // A group of its own, whose number is the number of its first process.
    const command = ["setsid", ...program.command] as const;
    await withShop(async ({ folder, env }) => {
      const config = join(folder, "rivet.yaml");
      await Deno.writeTextFile(config, SLOW);
      const child = spawn({ ...program, command }, ["run", "-c", config], folder, env);
      const end = ended(child);
      const begun = () => partFiles(join(folder, "slow"), "csv").catch((): string[] => []);
      await until("the first part", async () => (await begun()).length > 0);
      process.kill(group ? -child.pid : child.pid, signal);
      const { code, err } = await end;
      // npx ends with its shell, and says what of; what it started goes on to the safe point.
      ok(code === 130 || way === "npx" && code === 143, `exit code ${code}: ${err}`);
      match(err, /Stopping at a safe point/);
      match(err, /interrupted/i);
      deepEqual(await processesWith(config), []);
    });
  });
}
