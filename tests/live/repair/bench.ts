/** A database with one chunked table, a config beside it, and the command line, for reconcile and repair. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../../../core/manifest/manifest.ts";
import type { ReconcileReport } from "../../../core/reconcile/reconcile_report.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));
const VICTIM = fileURLToPath(new URL("../../crash/victim.ts", import.meta.url));

export interface Result {
  readonly code: number;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

export interface Bench {
  readonly folder: string;
  readonly out: string;
  readonly database: TestDatabase;
  rivet(...args: string[]): Promise<Result>;
  /** Runs and kills itself; see tests/crash/victim.ts. */
  victim(...args: string[]): Promise<Result>;
  /** Replaces the config: `fields` are lines of the export; one without a value leaves its key out. */
  configure(...fields: string[]): Promise<void>;
  manifest(): Promise<Manifest>;
  reconcile(...args: string[]): Promise<ReconcileReport>;
  /** `id,value` lines that a reader of the manifest sees, in order of the ids. */
  exported(): Promise<string[]>;
  /** The same at the source. */
  source(): Promise<string[]>;
}

/** 2,000 rows with even ids 2..4000, so that rows can be added to every chunk. */
const TABLE = `CREATE TABLE orders (id int PRIMARY KEY, value text);
  INSERT INTO orders SELECT i * 2, 'v' || i FROM generate_series(1, 2000) i`;

/** Chunks of 500 ids: 8 of them. */
const FIELDS = [
  `query: "SELECT id, value FROM orders"`,
  "format: csv",
  "destination: { type: local, path: ./out }",
  "mode: chunked",
  "chunk_column: id",
  "chunk_size: 500",
  "chunk_checkpoint: true",
];

export function succeeded(result: Result): Result {
  assert.equal(result.code, 0, `${result.out}\n${result.err}`);
  return result;
}

/** The `--json-errors` object of a command that failed. */
export function failure(
  result: Result,
  code: number,
): { code: string; error: string; hint?: string } {
  assert.equal(result.code, code, `${result.out}\n${result.err}`);
  return JSON.parse(result.err.trim().split("\n").at(-1) ?? "");
}

export async function onBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  const database = await createDatabase(server);
  const folder = await Deno.makeTempDir({ prefix: "rivet-repair-" });
  try {
    await database.sql(TABLE);
    const bench = makeBench(folder, database);
    await bench.configure();
    await body(bench);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await database.drop();
    await server.stop();
  }
}

function makeBench(folder: string, database: TestDatabase): Bench {
  const out = join(folder, "out");
  const start = async (script: string, args: readonly string[]): Promise<Result> => {
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, ...args],
      cwd: folder,
      env: { RIVET_LOG: "", RUST_LOG: "", DATABASE_URL: database.url },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, signal, out: text.decode(stdout), err: text.decode(stderr) };
  };
  const rivet = (...args: string[]) => start(MAIN, [...args, "-c", "rivet.yaml"]);
  const manifest = async () => JSON.parse(await Deno.readTextFile(join(out, "manifest.json")));
  return {
    folder,
    out,
    database,
    rivet,
    victim: (...args) => start(VICTIM, ["rivet.yaml", ...args]),
    configure: (...fields) =>
      Deno.writeTextFile(join(folder, "rivet.yaml"), config([...FIELDS, ...fields])),
    manifest,
    async reconcile(...args) {
      const result = await rivet("reconcile", "-e", "orders", "--format", "json", ...args);
      const report: ReconcileReport = JSON.parse(result.out);
      assert.equal(result.code, report.summary.mismatches === 0 ? 0 : 1, result.err);
      return report;
    },
    exported: async () => await rowsOf(out, await manifest()),
    async source() {
      const rows = await database.sql("SELECT id || ',' || value FROM orders ORDER BY id");
      return rows.map(([row]) => row ?? "");
    },
  };
}

function config(fields: readonly string[]): string {
  const last = new Map(fields.map((field) => [field.split(":", 1)[0], field]));
  const lines = [...last.values()].filter((field) => !field.endsWith(":"));
  return `source:
  type: postgres
  url_env: DATABASE_URL
  tls: { mode: disable }
  tuning: { throttle_ms: 0 }
exports:
  - name: orders
${lines.map((field) => `    ${field}\n`).join("")}`;
}

async function rowsOf(out: string, manifest: Manifest): Promise<string[]> {
  const rows: string[] = [];
  for (const part of manifest.parts.filter((p) => p.status === "committed")) {
    const lines = (await Deno.readTextFile(join(out, part.path))).trimEnd().split(/\r?\n/);
    rows.push(...lines.slice(1));
  }
  assert.equal(rows.length, manifest.row_count);
  return rows.sort((a, b) => Number.parseInt(a) - Number.parseInt(b));
}
