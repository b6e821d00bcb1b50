/**
 * What the checksum costs: reading with and without it, and COUNT(*) against the same statement with the
 * checksum inside the database.
 * Run: deno run -A bench/checksum.ts <postgres URL> [table]        (default: orders)
 *
 * All four take turns, so that they meet the same load; the best of the rounds counts.
 */
import { sourceFactory } from "../adapters/sources/mod.ts";
import { resolveTuning } from "../core/config/tuning.ts";
import type { ReadRequest, Source } from "../core/ports/source.ts";
import { checksumSql } from "../core/query/checksum.ts";
import { countSql, outerSelect } from "../core/query/select.ts";
import { checksumForm, checksumText, RowChecksum } from "../core/batch/row_checksum.ts";
import { scriptArgs, usageError } from "../packaging/script.ts";

const ROUNDS = 5;
const MIB = 1024 * 1024;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function requestOf(source: Source, table: string): Promise<ReadRequest> {
  const base = `SELECT * FROM ${source.dialect.table(table)}`;
  const { columns, selectList } = await source.describe(base, new Map());
  return {
    sql: outerSelect(source.dialect, { selectList, base }),
    columns,
    access: "statement",
    fetchRows: 0,
    batchBytes: 16 * MIB,
    batchRows: 65_536,
    throttleMs: 0,
    maxValueBytes: 256 * MIB,
  };
}

async function drain(source: Source, request: ReadRequest): Promise<number> {
  let rows = 0;
  for await (const batch of source.read(request)) rows += batch.rows;
  return rows;
}

async function measure(source: Source, table: string): Promise<void> {
  const request = await requestOf(source, table);
  let received = "";
  let computed = "";
  let rows = 0;
  const runs: Readonly<Record<string, () => Promise<void>>> = {
    "read": async () => {
      rows = await drain(source, request);
    },
    "read + checksum": async () => {
      const checksum = new RowChecksum();
      await drain(source, { ...request, checksum });
      received = checksum.sum;
    },
    "count": async () => {
      await source.rows(countSql(source.dialect, request.sql));
    },
    "count + checksum": async () => {
      const form = checksumForm(received);
      const sql = checksumSql(source.dialect, request.sql, request.columns, form) ?? "";
      const [[, sum]] = await source.rows(sql);
      computed = checksumText(form, sum ?? "");
    },
  };
  const best: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(runs)) {
      best[name] = Math.min(best[name] ?? Infinity, await seconds(run));
    }
  }
  for (const [name, time] of Object.entries(best)) {
    console.log(
      `${name.padEnd(18)}${time.toFixed(2)} s   ${(rows / time / 1e6).toFixed(2)} M rows/s`,
    );
  }
  const extra = (best["read + checksum"] - best["read"]) / rows * 1e9;
  console.log(`the checksum adds ${extra.toFixed(0)} ns to a row that is read`);
  console.log(received === computed ? "both sums agree" : `DIFFERENT: ${received} and ${computed}`);
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
    await measure(source, table);
    return 0;
  } finally {
    await source.close();
  }
}

if (import.meta.main) Deno.exit(await main(scriptArgs(import.meta.url, {}, 2).positionals));
