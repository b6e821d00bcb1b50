/**
 * How fast rows come from SQL Server's protocol: the adapter against the scripted server in a process of
 * its own, 6 columns (bigint, bigint, nvarchar, decimal(10,2), int, datetime2), and the decoder alone.
 * Run: deno run -A bench/tds.ts [rows]
 */
import process from "node:process";
import { RowDecoder } from "../adapters/sources/mssql/decode.ts";
import { type ColumnMetadata, fieldOf } from "../adapters/sources/mssql/fields.ts";
import { mssql } from "../adapters/sources/mssql/mod.ts";
import { resolveTuning } from "../core/config/tuning.ts";
import { readMetadata } from "../tests/support/tds/decode_rows.ts";
import { block, BLOCK_ROWS, COLUMNS, QUERY, startOrders } from "./tds_orders.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const MB = 1024 * 1024;

/** Measures this process: wall time, and CPU time, which other work on the machine does not change. */
function stopwatch(label: string): (rows: number) => void {
  const started = performance.now();
  const before = process.cpuUsage();
  return (rows) => {
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(before);
    const rate = (s: number) => (rows / s / 1e6).toFixed(2);
    const cpu = (user + system) / 1e6;
    console.log(
      `${label.padEnd(22)} ${seconds.toFixed(2)} s  ${rate(seconds)} M rows/s   ` +
        `CPU ${cpu.toFixed(2)} s  ${rate(cpu)} M rows/s`,
    );
  };
}

/** The decoder alone, fed with packets. */
function decodeAlone(rows: number): void {
  const metadata = readMetadata(COLUMNS) as readonly ColumnMetadata[];
  const bytes = block();
  const columns = metadata.map(fieldOf).map((field, i) => ({
    ...field,
    type: ([
      { kind: "int", bits: 64, signed: true },
      { kind: "int", bits: 64, signed: true },
      { kind: "text" },
      { kind: "decimal", precision: 10, scale: 2 },
      { kind: "int", bits: 32, signed: true },
      { kind: "timestamp", unit: "us", utc: false },
    ] as const)[i],
    fidelity: "exact" as const,
  }));
  const options = { columns: () => columns, batchRows: 65_536, batchBytes: 16 * MB };
  let seen = 0;
  const decoder = new RowDecoder(
    { ...options, maxValueBytes: 256 * MB },
    (batch) => seen += batch.rows,
    (error) => {
      throw error;
    },
  );
  const stop = stopwatch("decoder alone");
  for (let sent = 0; sent < rows; sent += BLOCK_ROWS) {
    for (let at = 0; at < bytes.length; at += 32_759) {
      decoder.append(metadata, bytes.subarray(at, at + 32_759));
      decoder.take();
    }
  }
  decoder.finish();
  stop(seen);
}

async function readAll(rows: number): Promise<void> {
  const server = await startOrders(rows);
  const source = await mssql.connect({
    source: {
      type: "mssql",
      host: "127.0.0.1",
      port: server.port,
      user: "sa",
      password: "-",
      database: "bench",
    },
    tuning: resolveTuning({ profile: "fast" }),
    applicationName: "rivet/bench",
  });
  for (const label of ["warm-up, over TLS", "adapter, over TLS", "adapter, over TLS"]) {
    const { columns, selectList } = await source.describe(QUERY, new Map());
    const sql = `SELECT ${selectList.join(", ")} FROM (\n${QUERY}\n) AS _rivet`;
    const stop = stopwatch(label);
    let seen = 0;
    const request = { sql, columns, access: "statement", fetchRows: 0, throttleMs: 0 } as const;
    const limits = { batchBytes: 16 * MB, batchRows: 65_536, maxValueBytes: 256 * MB };
    for await (const batch of source.read({ ...request, ...limits })) seen += batch.rows;
    stop(seen);
  }
  await source.close();
  await server.stop();
  console.log(`peak RSS now ${(Deno.memoryUsage().rss / MB).toFixed(0)} MB`);
}

const [asked = "2000000"] = scriptArgs(import.meta.url, {}, 1).positionals;
const rows = numberOf(import.meta.url, asked, 1);
decodeAlone(Math.min(rows, 200_000));
decodeAlone(rows);
await readAll(rows);
