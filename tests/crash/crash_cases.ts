/**
 * Real processes are killed with SIGKILL before and after every write of contracts section 1. Then:
 * nothing partial is visible under a final name, and the next run (`--resume` where a checkpoint is
 * open) loses no row: through the manifests every row is there, once.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDestination } from "../../adapters/destinations/mod.ts";
import { loadConfig } from "../../core/config/load.ts";
import type { Destination } from "../../core/ports/destination.ts";
import { openState } from "../../state/open.ts";
import { endOf } from "../support/pulse.ts";
import { queryDuckdb } from "../support/readers.ts";
import { S3_BUCKET, S3_ENV } from "../support/s3.ts";
import { tellingIfStuck } from "../support/stuck.ts";
import {
  caseName,
  type CrashCase,
  crashCases,
  type CrashSource,
  type Mode,
  MODES,
  ROWS,
} from "./points.ts";

const VICTIM = fileURLToPath(new URL("victim.ts", import.meta.url));
const WORKER = fileURLToPath(new URL("../../adapters/worker.ts", import.meta.url));
const CLOCK = fileURLToPath(new URL("../support/clock.ts", import.meta.url));
const NEVER = new AbortController().signal;

/** A folder, or a prefix of a bucket. */
export type CrashPlace =
  | { readonly kind: "local" }
  | { readonly kind: "s3"; readonly endpoint: string; readonly prefix: string };

/** Where one run dies and the next one recovers. */
export interface CrashScene {
  readonly source: CrashSource;
  readonly place: CrashPlace;
  /** Of an empty state in PostgreSQL; null: a file beside the config. */
  readonly stateUrl: string | null;
  /** `victim.ts`, or `bundledVictim`; absent: the former. */
  readonly victim?: string;
  /** How far the clock is off in the run that dies, and in the next one. */
  readonly clockMs?: { readonly dying: number; readonly next: number };
}

/** A scene in its own folder. */
interface Stage extends CrashScene {
  readonly dir: string;
  readonly mode: Mode;
}

function destinationOf(place: CrashPlace): string {
  if (place.kind === "local") return "{ type: local, path: ./out }";
  return `{ type: s3, bucket: ${S3_BUCKET}, prefix: "${place.prefix}", endpoint: "${place.endpoint}", ` +
    "access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET }";
}

const config = (mode: Mode, { source: { type, url }, place }: CrashScene) =>
  `source:
  type: ${type}
  url: "${url}"
exports:
  - name: victims
    table: victims
    ${MODES[mode]}
    format: parquet
    destination: ${destinationOf(place)}
`;

/** Ends by itself, with `--resume` where that is asked for. */
const WHOLE = ["none", "0", "before"];

/** Starts a run that dies at a point, or one that ends by itself. */
export function startVictim(
  { dir, stateUrl, victim = VICTIM, clockMs = { dying: 0, next: 0 } }: Pick<
    Stage,
    "dir" | "stateUrl" | "victim" | "clockMs"
  >,
  ...args: string[]
): Deno.ChildProcess {
  const offset = args[0] === WHOLE[0] ? clockMs.next : clockMs.dying;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--preload=${CLOCK}`, victim, join(dir, "rivet.yaml")]
      .concat(args),
    env: {
      ...S3_ENV,
      ...(stateUrl === null ? {} : { RIVET_STATE_URL: stateUrl }),
      RIVET_TEST_CLOCK_OFFSET_MS: String(offset),
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Joins the modules of the victim, which hundreds of starts would load one by one. */
async function bundledVictim(folder: string): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--frozen", "--quiet", "--platform", "deno", "--code-splitting", "--minify"]
      .concat("--outdir", folder, VICTIM, WORKER),
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const bundled = join(folder, "tests", "crash", "victim.js");
  const parts = (await Deno.readTextFile(bundled)).split('"../../adapters/worker.ts"');
  assert.equal(parts.length, 2, "the Worker is started in one place");
  await Deno.writeTextFile(bundled, parts.join('"../../adapters/worker.js"'));
  return bundled;
}

/** The destination as the config of the stage names it. */
async function withPlace<T>(
  { dir }: Stage,
  body: (destination: Destination) => Promise<T>,
): Promise<T> {
  for (const [name, value] of Object.entries(S3_ENV)) Deno.env.set(name, value);
  const env = (name: string) => Deno.env.get(name);
  const loaded = await loadConfig(join(dir, "rivet.yaml"), { params: new Map(), env });
  const destination = await openDestination(loaded.exports[0].destination) as Destination;
  try {
    return await body(destination);
  } finally {
    await destination.close();
  }
}

async function keys(destination: Destination): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of destination.list("", NEVER)) found.push(key);
  return found;
}

/** The ids of every part that a reader of the place would pick up, by name; a partial part is not readable. */
async function idsByPart(
  { dir, place }: Stage,
  destination: Destination,
): Promise<Map<string, string[]>> {
  const parts = (await keys(destination)).filter((key) => /^[^/]+\.parquet$/.test(key));
  const folder = join(dir, place.kind === "local" ? "out" : "read");
  if (place.kind === "s3") {
    await Deno.mkdir(folder, { recursive: true });
    for (const part of parts) {
      const body = await destination.read(part, NEVER);
      assert.ok(body !== null, `${part} is listed and not there`);
      await Deno.writeFile(join(folder, part), body);
    }
  }
  const ids = new Map<string, string[]>(parts.map((part) => [part, []]));
  if (parts.length === 0) return ids;
  const files = parts.map((part) => `'${join(folder, part)}'`).join(", ");
  const rows = await queryDuckdb(
    `SELECT id, parse_filename(filename) AS part FROM read_parquet([${files}], filename = true)`,
  );
  for (const { id, part } of rows) ids.get(String(part))?.push(String(id));
  return ids;
}

/** That nothing partial is visible, and how many rows are. */
export function visibleRows(stage: Stage): Promise<number> {
  return withPlace(stage, async (destination) => {
    const ids = [...(await idsByPart(stage, destination)).values()].flat();
    return new Set(ids).size;
  });
}

async function hasOpenCheckpoint({ dir, stateUrl }: Stage): Promise<boolean> {
  const env = (name: string) => name === "RIVET_STATE_URL" ? stateUrl ?? undefined : undefined;
  const state = await openState({ dir, env, warn: () => {} });
  try {
    return await state.chunkRunInProgress("victims") !== null;
  } finally {
    await state.close();
  }
}

/** What the crash table promises about the next run. */
async function assertRecovers(stage: Stage): Promise<void> {
  await visibleRows(stage);
  const resume = await hasOpenCheckpoint(stage) ? "--resume" : "";
  const next = await endOf(startVictim(stage, ...WHOLE, resume));
  assert.equal(next.code, 0, new TextDecoder().decode(next.stderr));
  await withPlace(stage, (destination) => assertManifests(stage, destination));
}

const INCREMENTAL: readonly Mode[] = ["incremental", "safe"];

/** The data is what the manifests say: every row in one of them, whatever died when. */
async function assertManifests(stage: Stage, destination: Destination): Promise<void> {
  const { mode } = stage;
  const ids = await idsByPart(stage, destination);
  const rows: string[] = [];
  for (const name of await manifestNames(mode, destination)) {
    const body = await destination.read(name, NEVER);
    const manifest = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array()));
    assert.ok(manifest.status !== "prepared", `${name} was left open`);
    if (manifest.status !== "success") continue;
    for (const part of manifest.parts) {
      if (part.status !== "committed") continue;
      const own = ids.get(part.path);
      assert.ok(own !== undefined, `${part.path} of ${name} is gone`);
      rows.push(...own);
    }
  }
  assert.equal(rows.length, ROWS, `rows through the manifests after ${mode}`);
  assert.equal(new Set(rows).size, ROWS, `a row is in two manifests after ${mode}`);
}

/** Of an incremental export all runs together; of another the last one. */
async function manifestNames(mode: Mode, destination: Destination): Promise<string[]> {
  if (!INCREMENTAL.includes(mode)) return ["manifest.json"];
  return (await keys(destination)).filter((key) => /^manifest-.*\.json$/.test(key));
}

/** Lets one run of a mode die, then the next one recover. */
export async function dieAndRecover(
  scene: CrashScene,
  mode: Mode,
  die: (stage: Stage) => Promise<Deno.CommandOutput>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-crash-" });
  try {
    await Deno.writeTextFile(join(dir, "rivet.yaml"), config(mode, scene));
    const stage = { ...scene, mode, dir };
    const { signal, stderr } = await die(stage);
    assert.equal(signal, "SIGKILL", `was not killed: ${new TextDecoder().decode(stderr)}`);
    await assertRecovers(stage);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Kills a run at a point, and lets the next one recover. */
export function crash(scene: CrashScene, one: CrashCase): Promise<void> {
  const { mode, point, occurrence, moment } = one;
  return tellingIfStuck(
    caseName(one),
    () =>
      dieAndRecover(
        scene,
        mode,
        (stage) => endOf(startVictim(stage, point, String(occurrence), moment)),
      ),
  );
}

/** Every point of an engine, or those where it matters, on a folder with a state beside the config. */
export async function checkCrashes(
  t: Deno.TestContext,
  source: CrashSource,
  extent: "every write" | "source",
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-victim-" });
  try {
    const victim = await bundledVictim(folder);
    const scene: CrashScene = { source, place: { kind: "local" }, stateUrl: null, victim };
    for (const one of crashCases(source.type, extent)) {
      await t.step(caseName(one), () => crash(scene, one));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
