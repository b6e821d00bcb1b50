/**
 * Random SIGKILLs of real `rivet run` processes while a writer adds and changes rows: whatever died when, the
 * manifests hold every row that nobody touched exactly once, and a last run brings them level with the source.
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
import { withConfig } from "../support/rivet.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

export interface TortureSource {
  readonly type: "postgres" | "mysql";
  readonly url: string;
  sql(text: string): Promise<unknown>;
}

/** The settings of an export; `grows`: its runs together are the data. */
export interface TortureMode {
  readonly name: string;
  readonly settings: string;
  readonly grows: boolean;
}

const chunked = (name: string, settings: string): TortureMode => ({
  name,
  settings: `mode: chunked\n    ${settings}\n    chunk_checkpoint: true`,
  grows: false,
});

export const MODES: readonly TortureMode[] = [
  { name: "incremental", settings: "mode: incremental\n    cursor_column: id", grows: true },
  chunked("chunked by range", "chunk_column: id\n    chunk_size: 900\n    parallel: 2"),
  { name: "full", settings: "mode: full", grows: false },
  chunked("chunked by days", "chunk_column: at\n    chunk_by_days: 30"),
  chunked("chunked dense", "chunk_column: tie\n    chunk_dense: true\n    chunk_size: 700"),
  chunked("chunked by key", "chunk_by_key: name\n    chunk_size: 700"),
  { name: "full, two readers", settings: "mode: full\n    parallel: 2", grows: false },
];

export type Place = { readonly kind: "local" } | { readonly kind: "s3"; readonly endpoint: string };

export interface TortureCase {
  readonly source: TortureSource;
  readonly mode: TortureMode;
  readonly place: Place;
  /** Of an empty state in PostgreSQL; null: a file beside the config. */
  readonly stateUrl: string | null;
  /** How many runs are killed, one after another on the same state. */
  readonly kills: number;
  readonly seed: number;
}

export interface TortureResult {
  /** Runs that were killed; others ended before the kill came. */
  readonly killed: number;
  /** Rows in the source at the end, each once in the manifests. */
  readonly rows: number;
}

const ROWS = 6_000;
const NEVER = new AbortController().signal;

const row = (id: number) =>
  `(${id}, ${id % 97}, '${
    new Date(Date.UTC(2024, 0, 1 + id % 365)).toISOString().slice(0, 10)
  }', ` +
  `'n${String(id).padStart(7, "0")}', '${"x".repeat(40)}')`;

async function fill(source: TortureSource): Promise<void> {
  await source.sql("DROP TABLE IF EXISTS tortured");
  await source.sql(
    "CREATE TABLE tortured (id int PRIMARY KEY, tie int NOT NULL, at date NOT NULL, " +
      "name varchar(20) NOT NULL UNIQUE, payload varchar(60))",
  );
  for (let from = 0; from < ROWS; from += 1000) {
    const ids = Array.from({ length: 1000 }, (_, i) => from + i);
    await source.sql(`INSERT INTO tortured VALUES ${ids.map(row).join(", ")}`);
  }
}

/** Rows are added in the order of their ids, one statement at a time, until it is stopped. */
function startWriter(source: TortureSource): () => Promise<void> {
  let next = ROWS;
  let on = true;
  const writing = (async () => {
    for (; on; next += 5) {
      const ids = [0, 1, 2, 3, 4].map((i) => next + i);
      await source.sql(`INSERT INTO tortured VALUES ${ids.map(row).join(", ")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return () => {
    on = false;
    return writing;
  };
}

function configText({ source, mode, place, seed }: TortureCase): string {
  const destination = place.kind === "local" ? "{type: local, path: ./out}" : [
    `{type: s3, bucket: ${S3_BUCKET}, prefix: "torture/${seed}/", endpoint: "${place.endpoint}"`,
    "access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET}",
  ].join(", ");
  return `source: {type: ${source.type}, url: "${source.url}", tls: {mode: disable}}
exports:
  - name: tortured
    table: tortured
    ${mode.settings}
    tuning: {throttle_ms: 1, max_retries: 1, retry_backoff_ms: 50}
    destination: ${destination}
`;
}

interface Ended {
  readonly killed: boolean;
  readonly code: number;
  readonly stderr: string;
}

/** Where the state is, for a process and for this one. */
function stateEnv(stateUrl: string | null): Record<string, string> {
  return stateUrl === null ? {} : { RIVET_STATE_URL: stateUrl };
}

interface Victim {
  readonly dir: string;
  readonly stateUrl: string | null;
}

/** @param killAfterMs null: it may end by itself. */
async function rivetRun(
  { dir, stateUrl }: Victim,
  resume: boolean,
  killAfterMs: number | null,
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "run", "-c", join(dir, "rivet.yaml")]
      .concat(resume ? ["--resume"] : []),
    env: { NO_COLOR: "1", ...S3_ENV, ...stateEnv(stateUrl) },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const kill = killAfterMs === null
    ? undefined
    : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const { code, signal, stderr } = await endOf(child);
  clearTimeout(kill);
  return { killed: signal === "SIGKILL", code, stderr: new TextDecoder().decode(stderr) };
}

async function mustResume({ dir, stateUrl }: Victim): Promise<boolean> {
  const env = (name: string) => stateEnv(stateUrl)[name];
  const state = await openState({ dir, env, warn: () => {} });
  try {
    return await state.chunkRunInProgress("tortured") !== null;
  } finally {
    await state.close();
  }
}

interface SeenManifest {
  readonly run_id: string;
  readonly status: string;
  readonly parts: readonly { readonly path: string; readonly status: string }[];
}

async function json(destination: Destination, key: string): Promise<SeenManifest> {
  const bytes = await destination.read(key, NEVER);
  return JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()));
}

/** Of an export that grows all runs that succeeded; of another the last one. */
async function manifestsThatCount(
  destination: Destination,
  mode: TortureMode,
): Promise<SeenManifest[]> {
  if (!mode.grows) return [await json(destination, "manifest.json")];
  const found: SeenManifest[] = [];
  for await (const { key } of destination.list("manifest-", NEVER)) {
    found.push(await json(destination, key));
  }
  assert.ok(found.every(({ status }) => status !== "prepared"), "a run was left open");
  return found.filter(({ status }) => status === "success");
}

/** The ids in the committed parts, as DuckDB reads them; a damaged part throws. */
async function idsThroughManifests(
  dir: string,
  destination: Destination,
  mode: TortureMode,
): Promise<number[]> {
  const ids: number[] = [];
  for (const { parts } of await manifestsThatCount(destination, mode)) {
    for (const part of parts.filter(({ status }) => status === "committed")) {
      const copy = join(dir, "read.parquet");
      const body = await destination.read(part.path, NEVER);
      assert.ok(body !== null, `${part.path} is gone`);
      await Deno.writeFile(copy, body);
      const rows = await queryDuckdb(`SELECT id FROM read_parquet('${copy}')`);
      for (const { id } of rows) ids.push(Number(id));
    }
  }
  return ids.sort((a, b) => a - b);
}

/** Kills runs of one export at random moments, lets a last one end, and compares with the source. */
export async function torture(one: TortureCase): Promise<TortureResult> {
  const { source, mode } = one;
  let state = one.seed * 7919 + 17;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  await fill(source);
  return await withConfig(configText(one), async (dir) => {
    const victim: Victim = { dir, stateUrl: one.stateUrl };
    const stop = startWriter(source);
    let killed = 0;
    try {
      // The first run tells how long one takes here; kills fall within its time.
      const begun = performance.now();
      const first = await rivetRun(victim, false, null);
      assert.equal(first.code, 0, first.stderr);
      const lasts = performance.now() - begun;
      for (let i = 0; i < one.kills; i++) {
        const after = lasts * (0.15 + random() * 0.8);
        const ended = await rivetRun(victim, await mustResume(victim), after);
        if (ended.killed) killed++;
        else assert.equal(ended.code, 0, ended.stderr);
      }
    } finally {
      await stop();
    }
    if (await mustResume(victim)) await assertEnds(victim, true);
    await assertEnds(victim, false);
    const loaded = await loadConfig(join(dir, "rivet.yaml"), {
      params: new Map(),
      env: (name) => S3_ENV[name] ?? Deno.env.get(name),
    });
    for (const [name, value] of Object.entries(S3_ENV)) Deno.env.set(name, value);
    const destination = await openDestination(loaded.exports[0].destination) as Destination;
    try {
      const ids = await idsThroughManifests(dir, destination, mode);
      const total = await sourceRows(source);
      assert.deepEqual(ids, Array.from({ length: total }, (_, id) => id));
      return { killed, rows: total };
    } finally {
      await destination.close();
    }
  });
}

async function assertEnds(victim: Victim, resume: boolean): Promise<void> {
  const ended = await rivetRun(victim, resume, null);
  assert.equal(ended.code, 0, ended.stderr);
}

async function sourceRows(source: TortureSource): Promise<number> {
  const rows = await source.sql("SELECT COUNT(*) FROM tortured") as unknown[][];
  return Number(rows[0][0]);
}
