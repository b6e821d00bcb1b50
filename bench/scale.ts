/**
 * What a row costs as there are more of them, and as they grow wider:
 *
 *   deno run -A bench/scale.ts [rows | columns]... [--largest 50]
 *
 * `rows`: 1, 5, 10 ... million rows of 5 columns, up to `--largest`. `columns`: the same number of values
 * in 5 to 500 columns. Prints CPU time of the tool per million values, and its peak memory; a flat line is
 * what one hopes for. The rows are made by the server as they are read. `claims.ts` is about chunks.
 */
import { createDatabase, testPostgres } from "../tests/support/postgres.ts";
import { inFolder, measureRun } from "./measure.ts";
import { scriptArgs } from "../packaging/script.ts";

const MILLION = 1_000_000;
const VALUES = 10 * MILLION;

const { values: flags, positionals } = scriptArgs(import.meta.url, {
  largest: { type: "string", default: "50" },
}, 2);

const KINDS = ["rows", "columns"];
const parts = positionals.length > 0 ? positionals : KINDS;
for (const part of parts) {
  if (!KINDS.includes(part)) throw new Error(`there are ${KINDS.join(" and ")}, not ${part}`);
}
const largest = Number(flags.largest);
if (!(largest >= 1)) throw new Error(`--largest is millions of rows, not ${flags.largest}`);

/** Integers, times and short texts in turn. */
function expression(column: number): string {
  switch (column % 3) {
    case 0:
      return `(i * ${column + 7919}) % 1000003 AS n${column}`;
    case 1:
      return `timestamptz '2024-01-01' + i * interval '${column + 1} seconds' AS t${column}`;
    default:
      return `'value-' || (i * ${column + 31}) % 5000 AS s${column}`;
  }
}

function config(url: string, rows: number, columns: number): string {
  const list = Array.from({ length: columns }, (_, i) => expression(i)).join(", ");
  return `source:\n  type: postgres\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
    `exports:\n  - name: bench\n    mode: full\n` +
    `    query: "SELECT ${list} FROM generate_series(1::bigint, ${rows}) i"\n` +
    "    destination: {type: local, path: ./out}\n";
}

async function line(url: string, rows: number, columns: number): Promise<void> {
  const run = await inFolder((dir) => measureRun(dir, config(url, rows, columns)));
  const perMillion = run.cpuSeconds / (rows * columns / MILLION);
  console.log(
    `${String(rows).padStart(10)} rows x ${String(columns).padStart(3)} columns  ` +
      `${run.cpuSeconds.toFixed(2).padStart(7)} s CPU  ${
        perMillion.toFixed(3)
      } s a million values  ` +
      `${run.peakRssMb.toFixed(0).padStart(5)} MB RSS`,
  );
}

const server = await testPostgres();
const db = await createDatabase(server);
try {
  if (parts.includes("rows")) {
    for (const rows of [1, 5, 10, 25, 50].filter((n) => n <= largest)) {
      await line(db.url, rows * MILLION, 5);
    }
  }
  if (parts.includes("columns")) {
    for (const columns of [5, 20, 100, 500]) await line(db.url, VALUES / columns, columns);
  }
} finally {
  await db.drop();
  await server.stop();
}
