/**
 * Real processes are killed with SIGKILL before and after every write of contracts section 1. Then:
 * nothing partial is visible under a final name, and the next run (`--resume` where a checkpoint is
 * open) loses no row.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqlite, STATE_FILE } from "../../state/open.ts";
import { endOf } from "../support/pulse.ts";
import { queryDuckdb } from "../support/readers.ts";
import { tellingIfStuck } from "../support/stuck.ts";

const VICTIM = fileURLToPath(new URL("victim.ts", import.meta.url));
/** Rows of the table `victims`, whose `id` counts from 1; `at` lies an hour before that of the row before. */
export const ROWS = 900;
const CHUNK = 200;

type Mode =
  | "full"
  | "incremental"
  | "checkpoint"
  | "chunked"
  | "parallel"
  | "window"
  | "days"
  | "dense"
  | "keys"
  | "ranges"
  | "safe"
  | "snapshot";

const MODES: Record<Mode, string> = {
  full: "mode: full",
  incremental: "mode: incremental\n    cursor_column: id",
  chunked: `mode: chunked\n    chunk_size: ${CHUNK}`,
  checkpoint: `mode: chunked\n    chunk_size: ${CHUNK}\n    chunk_checkpoint: true`,
  parallel: `mode: chunked\n    chunk_size: ${CHUNK}\n    chunk_checkpoint: true\n    parallel: 2`,
  window: "mode: time_window\n    time_column: at\n    days_window: 40000",
  days: "mode: chunked\n    chunk_column: at\n    chunk_by_days: 8\n    chunk_checkpoint: true",
  dense: `mode: chunked\n    chunk_column: id\n    chunk_dense: true\n    chunk_size: ${CHUNK}`,
  keys: `mode: chunked\n    chunk_by_key: id\n    chunk_size: ${CHUNK}\n    chunk_checkpoint: true`,
  ranges: "mode: full\n    parallel: 2",
  safe: "mode: incremental\n    cursor_column: id\n    incremental_safety: commit_safe",
  snapshot: `mode: chunked\n    chunk_size: ${CHUNK}\n    consistency: snapshot`,
};

/** What MySQL has no answer to: these modes need PostgreSQL's transaction ids and snapshots. */
const POSTGRES_ONLY: readonly Mode[] = ["safe", "snapshot"];

export interface CrashSource {
  readonly type: "postgres" | "mysql";
  readonly url: string;
}

/** A write of contracts section 1, and which of its calls to die at. */
interface Point {
  readonly name: string;
  readonly occurrence: number;
  readonly modes: readonly Mode[];
}

const ALL: readonly Mode[] = ["full", "incremental", "chunked", "checkpoint", "parallel"];
const CHUNKED: readonly Mode[] = ["checkpoint", "parallel"];
const CHECKPOINTED: readonly Mode[] = [...CHUNKED, "days", "keys"];
/** Other ways of reading; the writes after it are the same code for all. */
const READS: readonly Mode[] = [
  "window",
  "days",
  "dense",
  "keys",
  "ranges",
  "safe",
  "snapshot",
];

/** The writes at which the engine matters: while rows are read, and where a read's end is recorded. */
const SOURCE_WRITES = [
  "source.batch",
  "destination.put",
  "state.saveCursor",
  "state.completeChunkTask",
];

const POINTS: readonly Point[] = [
  { name: "source.batch", occurrence: 1, modes: ["window", "days", "dense", "keys", "safe"] },
  { name: "destination.put", occurrence: 1, modes: READS },
  { name: "state.completeChunkTask", occurrence: 2, modes: ["days", "keys"] },
  { name: "state.saveCursor", occurrence: 1, modes: ["safe"] },
  { name: "source.batch", occurrence: 1, modes: ["full", "incremental", "chunked", "checkpoint"] },
  { name: "source.batch", occurrence: 3, modes: ["chunked", "checkpoint"] },
  { name: "destination.put", occurrence: 1, modes: ALL },
  { name: "destination.put", occurrence: 3, modes: ["chunked", "checkpoint", "parallel"] },
  { name: "state.logFile", occurrence: 1, modes: ALL },
  { name: "state.logFile", occurrence: 3, modes: CHUNKED },
  { name: "state.saveCursor", occurrence: 1, modes: ["incremental"] },
  { name: "state.createChunkRun", occurrence: 1, modes: CHUNKED },
  { name: "state.claimChunkTask", occurrence: 2, modes: CHUNKED },
  { name: "state.completeChunkTask", occurrence: 1, modes: CHUNKED },
  { name: "state.completeChunkTask", occurrence: 4, modes: CHUNKED },
  { name: "state.commitProgress", occurrence: 1, modes: ["incremental", ...CHUNKED] },
  { name: "state.completeChunkRun", occurrence: 1, modes: CHUNKED },
  { name: "state.saveSchema", occurrence: 1, modes: ALL },
  { name: "destination.replace", occurrence: 1, modes: ALL },
  { name: "destination.replace", occurrence: 2, modes: ALL },
  { name: "destination.replace", occurrence: 3, modes: ALL },
  { name: "destination.replace", occurrence: 4, modes: ALL },
  { name: "state.recordMetric", occurrence: 1, modes: ["full", "checkpoint"] },
  { name: "state.appendJournal", occurrence: 1, modes: ["full", "checkpoint"] },
];

const config = (mode: Mode, { type, url }: CrashSource) =>
  `source:
  type: ${type}
  url: "${url}"
exports:
  - name: victims
    table: victims
    ${MODES[mode]}
    format: parquet
    destination:
      type: local
      path: ./out
`;

interface Ended {
  readonly code: number;
  readonly signal: string | null;
  readonly stderr: string;
}

async function victim(dir: string, ...args: string[]): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", VICTIM, join(dir, "rivet.yaml"), ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { code, signal, stderr } = await endOf(child);
  return { code, signal, stderr: new TextDecoder().decode(stderr) };
}

/** Every file that a reader of the folder would pick up. */
async function visibleParts(dir: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(join(dir, "out"))) {
      if (entry.isFile && entry.name.endsWith(".parquet")) files.push(join(dir, "out", entry.name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files;
}

async function idsIn(files: readonly string[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const file of files) {
    for (const row of await queryDuckdb(`SELECT id FROM read_parquet('${file}')`)) {
      ids.add(String(row.id));
    }
  }
  return ids;
}

async function hasOpenCheckpoint(dir: string): Promise<boolean> {
  const state = await openSqlite(join(dir, STATE_FILE));
  try {
    return await state.chunkRunInProgress("victims") !== null;
  } finally {
    await state.close();
  }
}

/** What the crash table promises about the next run. */
async function assertRecovers(dir: string, mode: Mode): Promise<void> {
  // A partial file under a final name would not be readable.
  await idsIn(await visibleParts(dir));
  const resume = CHECKPOINTED.includes(mode) && await hasOpenCheckpoint(dir);
  const next = await victim(dir, "none", "0", "before", resume ? "--resume" : "");
  assert.equal(next.code, 0, next.stderr);
  const ids = await idsIn(await visibleParts(dir));
  assert.equal(ids.size, ROWS, `rows are missing after ${mode}`);
  await assertManifests(dir, mode);
}

const INCREMENTAL: readonly Mode[] = ["incremental", "safe"];

/** The data is what the manifests say: every row in one of them, whatever died when. */
async function assertManifests(dir: string, mode: Mode): Promise<void> {
  const out = join(dir, "out");
  const files: string[] = [];
  for (const name of await manifests(out, mode)) {
    const manifest = JSON.parse(await Deno.readTextFile(join(out, name)));
    assert.ok(manifest.status !== "prepared", `${name} was left open`);
    if (manifest.status !== "success") continue;
    for (const part of manifest.parts) {
      if (part.status === "committed") files.push(join(out, part.path));
    }
  }
  const rows: string[] = [];
  for (const file of files) {
    const found = await queryDuckdb(`SELECT id FROM read_parquet('${file}')`);
    rows.push(...found.map((row) => String(row.id)));
  }
  assert.equal(rows.length, ROWS, `rows through the manifests after ${mode}`);
  assert.equal(new Set(rows).size, ROWS, `a row is in two manifests after ${mode}`);
}

/** Of an incremental export all runs together; of another the last one. */
async function manifests(out: string, mode: Mode): Promise<string[]> {
  if (!INCREMENTAL.includes(mode)) return ["manifest.json"];
  const names = (await Array.fromAsync(Deno.readDir(out))).map((entry) => entry.name);
  return names.filter((name) => /^manifest-.*\.json$/.test(name));
}

/** Kills a run at every point, or where the source matters, and lets the next one recover. */
export async function checkCrashes(
  t: Deno.TestContext,
  source: CrashSource,
  extent: "every write" | "source",
): Promise<void> {
  const points = extent === "every write"
    ? POINTS
    : POINTS.filter(({ name }) => SOURCE_WRITES.includes(name));
  for (const point of points) {
    const modes = point.modes.filter((m) =>
      source.type === "postgres" || !POSTGRES_ONLY.includes(m)
    );
    for (const mode of modes) {
      for (const moment of ["before", "after"]) {
        if (point.name === "source.batch" && moment === "after") continue;
        const name = `${mode}: ${moment} ${point.name} #${point.occurrence}`;
        await t.step(name, () =>
          tellingIfStuck(name, async () => {
            const dir = await Deno.makeTempDir({ prefix: "rivet-crash-" });
            try {
              await Deno.writeTextFile(join(dir, "rivet.yaml"), config(mode, source));
              const killed = await victim(dir, point.name, String(point.occurrence), moment);
              assert.equal(killed.signal, "SIGKILL", `was not killed: ${killed.stderr}`);
              await assertRecovers(dir, mode);
            } finally {
              await Deno.remove(dir, { recursive: true });
            }
          }));
      }
    }
  }
}
