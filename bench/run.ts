/**
 * The main job against the physical limit, as ratios of one run:
 *
 *   deno task bench [--rows 2000000] [--repeat 3] [--big]
 *
 * Needs `psql` and a PostgreSQL server (RIVET_TEST_POSTGRES_URL, else one found on this machine). Fills
 * an orders table of 8 columns, then times whole processes in turn: `psql` copying the table away in
 * binary, and `rivet run` in several modes with `profile: fast` and zstd 3. `--big` adds the memory
 * comparison of 10,000,000 rows with 1,000,000.
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase, type TestDatabase, testPostgres } from "../tests/support/postgres.ts";
import { measure, type Measured, median } from "./measure.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    rows: { type: "string", default: "2000000" },
    repeat: { type: "string", default: "3" },
    big: { type: "boolean", default: false },
  },
});

const ORDERS = (table: string, rows: number) => `
  CREATE TABLE ${table} (
    id bigint PRIMARY KEY, user_id bigint NOT NULL, product text NOT NULL,
    price numeric(10,2) NOT NULL, quantity int NOT NULL, status text NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz);
  INSERT INTO ${table}
  SELECT i, (i::bigint * 7919) % 200000, 'product-' || (i % 1000), ((i::bigint * 31) % 100000) / 100.0,
    1 + i % 9, (ARRAY['new','paid','shipped','delivered','returned'])[1 + i % 5],
    timestamptz '2024-01-01 00:00:00+00' + i * interval '13 seconds',
    CASE WHEN i % 4 = 0 THEN NULL
      ELSE timestamptz '2024-06-01 00:00:00+00' + i * interval '7 seconds 123 microseconds' END
  FROM generate_series(1, ${rows}) i;
  ANALYZE ${table};`;

const EXPORTS = {
  "full": "mode: full",
  "chunked": "mode: chunked",
  "chunked, checkpoint": "mode: chunked\n    chunk_checkpoint: true",
  "chunked, parallel 2": "mode: chunked\n    parallel: 2",
  "full, CSV": "mode: full\n    format: csv",
};

async function rivet(url: string, table: string, settings: string): Promise<Measured> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-bench-" });
  try {
    await Deno.writeTextFile(
      join(dir, "rivet.yaml"),
      `source:\n  type: postgres\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
        `exports:\n  - name: orders\n    table: ${table}\n    ${settings}\n` +
        "    destination: {type: local, path: ./out}\n",
    );
    return await measure(Deno.execPath(), [
      ...["run", "-A", "--no-check", MAIN, "run", "--quiet"],
      ...["-c", join(dir, "rivet.yaml")],
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function copy(url: string, table: string): Promise<Measured> {
  return measure("psql", [url, "-c", `COPY (SELECT * FROM ${table}) TO STDOUT (FORMAT binary)`]);
}

/** The longest time that a statement of a chunked run was seen active, asked every few milliseconds. */
async function longestStatementMs(db: TestDatabase, table: string): Promise<number> {
  let longest = 0;
  let running = true;
  const watch = (async () => {
    while (running) {
      const [[ms]] = await db.sql(
        "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start) * 1000), 0) " +
          "FROM pg_stat_activity WHERE application_name LIKE 'rivet/%' AND state = 'active'",
      );
      longest = Math.max(longest, Number(ms));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  })();
  await rivet(db.url, table, EXPORTS.chunked);
  running = false;
  await watch;
  return longest;
}

function row(name: string, runs: readonly Measured[], base: number): void {
  const seconds = median(runs.map((r) => r.seconds));
  const cpu = median(runs.map((r) => r.cpuSeconds));
  const rss = Math.max(...runs.map((r) => r.peakRssMb));
  console.log(
    `${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s  ${
      (seconds / base).toFixed(2).padStart(5)
    } x  ` +
      `${cpu.toFixed(2).padStart(6)} s CPU  ${rss.toFixed(0).padStart(5)} MB RSS`,
  );
}

async function compare(db: TestDatabase, rows: number, repeat: number): Promise<void> {
  console.log(`orders, ${rows.toLocaleString("en-US")} rows x 8 columns, median of ${repeat}`);
  await db.sql(ORDERS("orders", rows));
  const limit: Measured[] = [];
  const runs = new Map<string, Measured[]>();
  for (let i = 0; i < repeat; i++) {
    limit.push(await copy(db.url, "orders"));
    for (const [name, settings] of Object.entries(EXPORTS)) {
      runs.set(name, [...runs.get(name) ?? [], await rivet(db.url, "orders", settings)]);
    }
  }
  const base = median(limit.map((r) => r.seconds));
  row("psql COPY binary > /dev/null", limit, base);
  for (const [name, measured] of runs) row(`rivet run: ${name}`, measured, base);
  const longest = await longestStatementMs(db, "orders");
  console.log(
    `longest statement at the source, chunked, default chunk_size: ${longest.toFixed(0)} ms`,
  );
}

async function memory(db: TestDatabase): Promise<void> {
  console.log("peak RSS, mode: full");
  const peaks: number[] = [];
  for (const rows of [1_000_000, 10_000_000]) {
    await db.sql(ORDERS(`orders_${rows}`, rows));
    const run = await rivet(db.url, `orders_${rows}`, EXPORTS.full);
    peaks.push(run.peakRssMb);
    console.log(
      `${rows.toLocaleString("en-US").padStart(12)} rows  ${run.peakRssMb.toFixed(0)} MB`,
    );
  }
  console.log(`growth from 1 M to 10 M rows: ${((peaks[1] / peaks[0] - 1) * 100).toFixed(1)} %`);
}

const server = await testPostgres();
const db = await createDatabase(server);
try {
  await compare(db, Number(flags.rows), Number(flags.repeat));
  if (flags.big) await memory(db);
} finally {
  await db.drop();
  await server.stop();
}
