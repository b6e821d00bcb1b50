/** One table of PostgreSQL, exported by this tool in several modes and by its peers. */
import { join } from "node:path";
import { queryDuckdb } from "../../tests/support/read_duckdb.ts";
import type { TestDatabase } from "../../tests/support/postgres.ts";
import {
  type Figures,
  figures,
  inFolder,
  largestDuring,
  measure,
  type Measured,
  measureRun,
  printFigures,
} from "../measure.ts";
import type { Peer } from "../peers.ts";
import type { Comparison } from "../results.ts";
import type { BenchTable } from "../tables.ts";

const MODES = {
  "full": "mode: full",
  "chunked": "mode: chunked",
  "chunked, checkpoint": "mode: chunked\n    chunk_checkpoint: true",
  "chunked, parallel 2": "mode: chunked\n    parallel: 2",
  "full, CSV": "mode: full\n    format: csv",
};

/** A configuration of one export to a local folder. */
export function runConfig(url: string, table: string, settings: string): string {
  return `source:\n  type: postgres\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
    `exports:\n  - name: bench\n    table: ${table}\n    ${settings}\n` +
    "    destination: {type: local, path: ./out}\n";
}

interface Outcome {
  readonly measured: Measured;
  readonly filesMb: number;
  /** Rows and a digest of all values; null: not read. */
  readonly content: string | null;
}

/** Files below `dir` that hold rows. */
async function files(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(dir)) {
    const path = join(dir, entry.name);
    if (entry.isDirectory) found.push(...await files(path));
    else if (/\.(parquet|csv)(\.gz)?$/.test(entry.name)) found.push(path);
  }
  return found;
}

/** Rows and a digest that does not depend on their order. */
async function contentOf(paths: readonly string[], check: readonly string[]): Promise<string> {
  const list = paths.map((path) => `'${path}'`).join(", ");
  const [row] = await queryDuckdb(
    `SELECT count(*)::VARCHAR || ' rows, ' || sum(hash(${
      check.map((column) => `(${column})::VARCHAR`).join(", ")
    })::HUGEINT % 1000000007)::VARCHAR AS content FROM read_parquet([${list}])`,
  );
  return String(row.content);
}

/** @param check columns to digest; null: the files are not read */
async function outcome(
  dir: string,
  check: BenchTable["check"] | null,
  run: () => Promise<Measured>,
): Promise<Outcome> {
  await Deno.mkdir(join(dir, "out"));
  const measured = await run();
  const written = await files(join(dir, "out"));
  const sizes = await Promise.all(written.map(async (path) => (await Deno.stat(path)).size));
  const parquet = written.filter((path) => path.endsWith(".parquet"));
  return {
    measured,
    filesMb: sizes.reduce((sum, size) => sum + size, 0) / 1e6,
    content: parquet.length === 0 || check === null ? null : await contentOf(parquet, check),
  };
}

type Tool = (dir: string) => Promise<Measured>;

function tools(url: string, table: BenchTable, peers: readonly Peer[]): Map<string, Tool> {
  const all = new Map<string, Tool>();
  for (const [name, settings] of Object.entries(MODES)) {
    if (name === "full, CSV" && table.name !== "orders") continue;
    all.set(`rivet: ${name}`, (dir) => measureRun(dir, runConfig(url, table.name, settings)));
  }
  for (const peer of peers) {
    all.set(peer.name, async (dir) => {
      const { command, args } = await peer.prepare({ url, table: table.name, dir });
      return await measure(command, args);
    });
  }
  return all;
}

function copy(url: string, table: string): Promise<Measured> {
  return measure("psql", [url, "-c", `COPY (SELECT * FROM ${table}) TO STDOUT (FORMAT binary)`]);
}

/** Times all tools in turn `repeat` times, and holds what they wrote against each other. */
export async function compareTools(
  url: string,
  table: BenchTable,
  rows: number,
  repeat: number,
  peers: readonly Peer[],
): Promise<Comparison> {
  console.log(`\n${rows} ${table.title}, medians of ${repeat}`);
  const limit: Measured[] = [];
  const outcomes = new Map<string, Outcome[]>();
  const failed = new Map<string, string>();
  for (let i = 0; i < repeat; i++) {
    limit.push(await copy(url, table.name));
    for (const [name, tool] of tools(url, table, peers)) {
      if (failed.has(name)) continue;
      try {
        // What a tool wrote once is read; reading takes longer than writing.
        const check = i === 0 ? table.check : null;
        const result = await inFolder((dir) => outcome(dir, check, () => tool(dir)));
        outcomes.set(name, [...outcomes.get(name) ?? [], result]);
      } catch (error) {
        failed.set(name, error instanceof Error ? error.message : String(error));
      }
    }
  }
  const lines: Figures[] = [figures("psql COPY BINARY > /dev/null", limit)];
  const different: Record<string, string> = {};
  let expected: string | null = null;
  for (const [name, results] of outcomes) {
    lines.push(figures(name, results.map((r) => r.measured), results[0].filesMb));
    for (const { content } of results) {
      expected ??= content;
      if (content !== null && content !== expected) different[name] = content;
    }
  }
  for (const line of lines) printFigures(line, lines[0].seconds);
  for (const [name, content] of Object.entries(different)) {
    console.log(`${name} wrote something else: ${content}; expected ${expected}`);
  }
  for (const [name, message] of failed) console.log(`${name} failed: ${message.slice(-600)}`);
  return { title: table.title, rows, repeat, lines, different };
}

/** The longest time that a statement of a chunked run was seen active. */
export function longestStatementMs(db: TestDatabase, table: string): Promise<number> {
  return largestDuring(
    () => inFolder((dir) => measureRun(dir, runConfig(db.url, table, MODES.chunked))),
    async () => {
      const [[ms]] = await db.sql(
        "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start) * 1000), 0) " +
          "FROM pg_stat_activity WHERE application_name LIKE 'rivet/%' AND state = 'active'",
      );
      return Number(ms);
    },
  );
}
