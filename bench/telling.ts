/**
 * What it costs to be told of a run: CPU of the log at `info` against none, and of telemetry that is off
 * against a program without it. Runs take turns, so that a busy machine is busy for each of them.
 *
 *   deno run -A bench/telling.ts [--rows 2000000] [--rounds 9] [--checkout FOLDER] [--without FOLDER]
 *
 * `--checkout` is the program, this one unless told; `--without` one that differs in having no telemetry. The least
 * of each is what counts: what else the machine does only adds. Needs GNU time and a PostgreSQL server, as
 * `bench/run.ts` does.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";
import { configureLogging, formatEntry, type LogEntry, logger } from "../core/base/log.ts";
import { createDatabase, testPostgres } from "../tests/support/postgres.ts";
import { inFolder, measure, median } from "./measure.ts";
import { TABLES } from "./tables.ts";
import { scriptArgs } from "../packaging/script.ts";

const { values: flags } = scriptArgs(import.meta.url, {
  rows: { type: "string", default: "2000000" },
  rounds: { type: "string", default: "9" },
  checkout: { type: "string", default: fileURLToPath(new URL("../", import.meta.url)) },
  without: { type: "string" },
});

const HERE = resolve(flags.checkout);

interface Way {
  readonly name: string;
  readonly checkout: string;
  readonly flags: readonly string[];
  /** CPU seconds, a run each. */
  readonly cpu: number[];
}

const way = (name: string, checkout: string, ...flags: string[]): Way => ({
  ...{ name, checkout, flags },
  cpu: [],
});

const quiet = way("errors alone", HERE, "--quiet");
const info = way("log at info", HERE, "-v");
const ways = [quiet, info];
const without = flags.without === undefined
  ? null
  : way("without telemetry", resolve(flags.without), "--quiet");
if (without !== null) ways.push(without);

const config = (url: string) =>
  `source:
  type: postgres
  url: "${url}"
  tls: {mode: disable}
  tuning: {profile: fast}
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_column: id
    chunk_count: 40
    destination: {type: local, path: ./out}
`;

async function runOnce(url: string, { checkout, flags }: Way): Promise<number> {
  return await inFolder(async (dir) => {
    const path = join(dir, "rivet.yaml");
    await Deno.writeTextFile(path, config(url));
    const main = join(checkout, "main.ts");
    const command = ["run", "-A", "--no-check", main, "run", ...flags, "-c", path];
    return (await measure(Deno.execPath(), command)).cpuSeconds;
  });
}

const least = ({ cpu }: Way) => Math.min(...cpu);

/** In percent of the least. */
const more = (than: Way, of: Way) => 100 * (least(of) / least(than) - 1);

const LINES = 20_000;

/** Microseconds of CPU that a line at info takes until it is text; writing it is the terminal's time. */
function lineMicroseconds(): number {
  let characters = 0;
  const sink = (entry: LogEntry) => characters += formatEntry(entry, false).length;
  configureLogging({ level: "info", sink });
  const fields = { export: "orders", run_id: "orders_20260521T120000.123", chunk: 7, rows: 25_000 };
  const say = (i: number) => logger().info(`export 'orders': chunk ${i} done, 25,000 rows`, fields);
  for (let i = 0; i < LINES; i++) say(i);
  const began = process.cpuUsage();
  for (let i = 0; i < LINES; i++) say(i);
  const { user, system } = process.cpuUsage(began);
  configureLogging({ level: "error", sink: () => {} });
  if (characters === 0) throw new Error("nothing was said");
  return (user + system) / LINES;
}

const server = await testPostgres();
const db = await createDatabase(server);
try {
  await db.sql(TABLES[0].fill("orders", Number(flags.rows)));
  for (const one of ways) await runOnce(db.url, one);
  for (let round = 0; round < Number(flags.rounds); round++) {
    // Nobody is always first.
    for (let i = 0; i < ways.length; i++) {
      const one = ways[(i + round) % ways.length];
      one.cpu.push(await runOnce(db.url, one));
    }
  }
} finally {
  await db.drop();
  await server.stop();
}

for (const one of ways) {
  const figures = [least(one), median(one.cpu), Math.max(...one.cpu)];
  console.log(
    `${one.name}: ${figures.map((s) => s.toFixed(2)).join(" / ")} s CPU, least / median / most`,
  );
}
console.log(`one line at info: ${lineMicroseconds().toFixed(1)} microseconds of CPU`);
console.log(`log at info against errors alone: ${more(quiet, info).toFixed(1)} %`);
if (without !== null) {
  console.log(`telemetry that is off against none: ${more(without, quiet).toFixed(1)} %`);
}
