/** A database, a folder and the command line, for tests of plan and apply. */
import { equal } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PlanArtifact } from "../../../core/artifact/artifact.ts";
import { createDatabase, type TestDatabase } from "../../support/postgres.ts";

const CLOCK = fileURLToPath(new URL("../../support/clock.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Bench {
  readonly folder: string;
  readonly db: TestDatabase;
  /** Of every command; SHOP_URL is the database's. */
  readonly env: Record<string, string>;
  /** How far every command's clock is off. */
  clockOffsetMs: number;
  /** Runs in the folder. */
  rivet(...args: string[]): Promise<Result>;
  spawn(...args: string[]): Deno.ChildProcess;
  path(...names: string[]): string;
  write(name: string, text: string): Promise<void>;
  plan(name?: string): Promise<PlanArtifact & { plans?: PlanArtifact[] }>;
  /** The ids in all CSV files below a folder, ascending. */
  ids(below: string): Promise<number[]>;
  /** Those in the parts that the folder's manifest names, ascending. */
  committedIds(folder: string): Promise<number[]>;
}

export const SOURCE = "source: { type: postgres, url_env: SHOP_URL, tls: { mode: disable } }\n";

export function succeeded(result: Result): Result {
  equal(result.code, 0, `${result.out}\n${result.err}`);
  return result;
}

export async function onBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; run `deno task test`");
  const folder = await Deno.makeTempDir({ prefix: "rivet-plan-" });
  const db = await createDatabase({ url });
  try {
    await body(bench(folder, db));
  } finally {
    await db.drop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The paths of all files in a folder and its folders. */
export async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

function bench(folder: string, db: TestDatabase): Bench {
  const env = { RIVET_LOG: "", RUST_LOG: "", SHOP_URL: db.url };
  const command = (args: string[], io: "piped" | "null") =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `--preload=${CLOCK}`, MAIN, ...args],
      cwd: folder,
      env: { ...env, RIVET_TEST_CLOCK_OFFSET_MS: String(made.clockOffsetMs) },
      stdin: "null",
      stdout: io,
      stderr: io,
    });
  const path = (...names: string[]) => join(folder, ...names);
  const made: Bench = {
    folder,
    clockOffsetMs: 0,
    db,
    env,
    path,
    async rivet(...args) {
      const { code, stdout, stderr } = await command(args, "piped").output();
      const text = new TextDecoder();
      return { code, out: text.decode(stdout), err: text.decode(stderr) };
    },
    spawn: (...args) => command(args, "piped").spawn(),
    write: (name, text) => Deno.writeTextFile(path(name), text),
    plan: async (name = "plan.json") => JSON.parse(await Deno.readTextFile(path(name))),
    async ids(below) {
      const files = await Array.fromAsync(filesBelow(path(below)));
      return await idsIn(files.filter((file) => file.endsWith(".csv")));
    },
    async committedIds(folder) {
      const manifest = JSON.parse(await Deno.readTextFile(path(folder, "manifest.json")));
      const parts: { path: string; status: string }[] = manifest.parts;
      const committed = parts.filter(({ status }) => status === "committed");
      return await idsIn(committed.map((part) => path(folder, part.path)));
    },
  };
  return made;
}

async function idsIn(files: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const file of files) {
    const [, ...lines] = (await Deno.readTextFile(file)).trimEnd().split(/\r?\n/);
    ids.push(...lines.map((line) => Number(line.split(",")[0])));
  }
  return ids.sort((a, b) => a - b);
}

export const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
