/**
 * How fast PostgreSQL's rows become column buffers, against `psql` writing the same COPY to nowhere.
 * Run: deno run -A bench/decode.ts <postgres URL> [table]        (default: orders)
 *
 * Both ways of reading and psql take turns, so that they meet the same load; the best of the rounds counts.
 */
import { sourceFactory } from "../adapters/sources/mod.ts";
import { resolveTuning } from "../core/config/tuning.ts";
import type { ReadRequest, Source } from "../core/ports/source.ts";
import { outerSelect } from "../core/query/select.ts";
import { scriptArgs, usageError } from "../packaging/script.ts";

const ROUNDS = 3;
const MIB = 1024 * 1024;

interface Measured {
  readonly seconds: number;
  readonly rows: number;
}

async function timed(work: () => Promise<number>): Promise<Measured> {
  const start = performance.now();
  const rows = await work();
  return { seconds: (performance.now() - start) / 1000, rows };
}

async function request(source: Source, table: string): Promise<Omit<ReadRequest, "access">> {
  const base = `SELECT * FROM ${source.dialect.table(table)}`;
  const { columns, selectList } = await source.describe(base, new Map());
  return {
    sql: outerSelect(source.dialect, { selectList, base }),
    columns,
    fetchRows: 0,
    batchBytes: 16 * MIB,
    batchRows: 65_536,
    throttleMs: 0,
    maxValueBytes: 256 * MIB,
  };
}

async function readRows(source: Source, req: ReadRequest): Promise<number> {
  let rows = 0;
  for await (const batch of source.read(req)) rows += batch.rows;
  return rows;
}

async function psql(url: string, sql: string): Promise<number> {
  const { success } = await new Deno.Command("psql", {
    args: [url, "-q", "-c", `COPY (${sql}) TO STDOUT (FORMAT binary)`],
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("psql failed");
  return 0;
}

function best(rounds: readonly Measured[]): Measured {
  return rounds.reduce((a, b) => b.seconds < a.seconds ? b : a);
}

function line(name: string, measured: Measured, baseline: number): string {
  const { seconds, rows } = measured;
  const rate = rows === 0 ? "" : `${(rows / seconds / 1e6).toFixed(2)} M rows/s`;
  const ratio = (seconds / baseline).toFixed(2);
  return `${name.padEnd(16)}${seconds.toFixed(2)} s   ${ratio} x psql   ${rate}`;
}

async function main([url, table = "orders"]: readonly string[]): Promise<number> {
  if (url === undefined) usageError(import.meta.url, "there is no URL");
  const factory = await sourceFactory("postgres");
  const source = await factory.connect({
    source: { type: "postgres", url },
    tuning: resolveTuning({ profile: "fast" }),
    applicationName: "rivet/bench",
  });
  try {
    const req = await request(source, table);
    const runs: Record<string, () => Promise<number>> = {
      psql: () => psql(url, req.sql),
      "COPY + decode": () => readRows(source, { ...req, access: "statement" }),
      "FETCH + decode": () => readRows(source, { ...req, access: "cursor" }),
    };
    const results: Record<string, Measured[]> = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, run] of Object.entries(runs)) {
        (results[name] ??= []).push(await timed(run));
      }
    }
    const baseline = best(results.psql).seconds;
    for (const [name, rounds] of Object.entries(results)) {
      console.log(line(name, best(rounds), baseline));
    }
    console.log(`resident memory ${(Deno.memoryUsage().rss / MIB).toFixed(0)} MiB`);
    return 0;
  } finally {
    await source.close();
  }
}

if (import.meta.main) Deno.exit(await main(scriptArgs(import.meta.url, {}, 2).positionals));
