/**
 * What a stranger waits for, and what a start costs from then on:
 *
 *   deno run -A bench/first_run.ts [--repeat 5] [--only version,help,row,demo,task]
 *
 * The first part clones the repository's last commit and starts it with an empty cache each time: seconds and
 * what the cache holds afterwards, downloaded packages above all. It needs the registry. The second part
 * starts the same program again and again: CPU seconds and peak memory, of the sources and of the bundle.
 * Needs `git`, GNU time, and a PostgreSQL server (RIVET_TEST_POSTGRES_URL, else one found on this machine).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBundle } from "../packaging/bundle.ts";
import { createDatabase, testPostgres } from "../tests/support/postgres.ts";
import { figures, inFolder, measure, type Measured } from "./measure.ts";
import { runConfig } from "./scenarios/tools.ts";
import { chosen, scriptArgs } from "../packaging/script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What is started first in a clone. */
const FIRST: Readonly<Record<string, readonly string[]>> = {
  version: ["run", "-A", "main.ts", "--version"],
  help: ["run", "-A", "main.ts", "--help"],
  row: ["run", "-A", "main.ts", "run", "--quiet", "-c", "row/rivet.yaml"],
  demo: ["run", "-A", "fixtures/demo/demo.ts"],
  task: ["task", "demo"],
};

const { values: flags } = scriptArgs(import.meta.url, {
  repeat: { type: "string", default: "5" },
  only: { type: "string", default: Object.keys(FIRST).join(",") },
});
const wanted = chosen(import.meta.url, flags.only, Object.keys(FIRST));

async function run(command: string, args: readonly string[], options: Deno.CommandOptions = {}) {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...options,
  }).output();
  if (!success) throw new Error(`${args.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
}

async function folderMb(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    bytes += isDirectory ? await folderMb(path) * 1e6 : (await Deno.stat(path)).size;
  }
  return bytes / 1e6;
}

/** Every command in a clone of its own, so that none finds what another left. */
async function firstRun(args: readonly string[], config: string) {
  return await inFolder(async (folder) => {
    const clone = join(folder, "rivet");
    await run("git", ["clone", "--quiet", ROOT, clone]);
    await Deno.mkdir(join(clone, "row"));
    await Deno.writeTextFile(join(clone, "row", "rivet.yaml"), config);
    const cache = join(folder, "cache");
    const started = performance.now();
    await run(Deno.execPath(), args, { cwd: clone, env: { DENO_DIR: cache } });
    return { seconds: (performance.now() - started) / 1000, mb: await folderMb(cache) };
  });
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log([line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n") + "\n");
}

const server = await testPostgres();
const db = await createDatabase(server);
try {
  await db.sql("CREATE TABLE one_row AS SELECT 1 AS id, 'a' AS name");
  const config = runConfig(db.url, "one_row", "mode: full");

  const first: string[][] = [];
  for (const name of wanted) {
    const { seconds, mb } = await firstRun(FIRST[name], config);
    first.push([`deno ${FIRST[name].join(" ")}`, seconds.toFixed(1), mb.toFixed(0)]);
  }
  printTable(["first start, empty cache", "seconds", "MB in the cache"], first);

  await inFolder(async (folder) => {
    await writeBundle({ folder: join(folder, "bundle"), visible: false });
    const entries = { sources: join(ROOT, "main.ts"), bundle: join(folder, "bundle", "main.js") };
    const again: string[][] = [];
    const oneRow = (entry: string) =>
      inFolder(async (dir) => {
        await Deno.writeTextFile(join(dir, "rivet.yaml"), config);
        const args = ["run", "--quiet", "-c", join(dir, "rivet.yaml")];
        return await measure(Deno.execPath(), ["run", "-A", entry, ...args]);
      });
    const asked = (flag: string) => (entry: string) =>
      measure(Deno.execPath(), ["run", "-A", entry, flag]);
    const starts: Readonly<Record<string, (entry: string) => Promise<Measured>>> = {
      "--version": asked("--version"),
      "--help": asked("--help"),
      "one row to Parquet": oneRow,
    };
    for (const [what, start] of Object.entries(starts)) {
      for (const [made, entry] of Object.entries(entries)) {
        await start(entry);
        const runs: Measured[] = [];
        for (let i = 0; i < Number(flags.repeat); i++) runs.push(await start(entry));
        const { cpuSeconds, seconds, peakRssMb } = figures("", runs);
        again.push([
          ...[`${what}, ${made}`, cpuSeconds.toFixed(2), seconds.toFixed(2), peakRssMb.toFixed(0)],
        ]);
      }
    }
    printTable(["later starts", "CPU s", "seconds", "peak MB"], again);
  });
} finally {
  await db.drop();
  await server.stop();
}
