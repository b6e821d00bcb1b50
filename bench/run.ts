/**
 * The tool against the physical limit and its peers, whole processes in turn, and what one more row,
 * reader or start costs:
 *
 *   deno task bench [--only orders,start] [--repeat 3] [--scale 1] [--peers] [--install] [--write]
 *
 * Needs `psql` and a PostgreSQL server (RIVET_TEST_POSTGRES_URL, else one found on this machine); the
 * part of MariaDB needs its client and server. `--peers` also times other tools (`peers.ts`), `--install`
 * fetches those from PyPI. `--scale 0.1` takes a tenth of the rows. `--write` puts what was measured into
 * docs/performance.json, its chart beside it, and the page that shows both.
 */
import { createDatabase, testPostgres } from "../tests/support/postgres.ts";
import { availablePeers } from "./peers.ts";
import { type BenchResults, type Comparison, machine, readResults, RESULTS } from "./results.ts";
import { compareMssql } from "./scenarios/mssql.ts";
import { compareMysql } from "./scenarios/mysql.ts";
import { measureMemory } from "./scenarios/memory.ts";
import { measureProofs } from "./scenarios/proofs.ts";
import { measureReaders } from "./scenarios/readers.ts";
import { measureStart } from "./scenarios/start.ts";
import { compareTools, longestStatementMs } from "./scenarios/tools.ts";
import { TABLES } from "./tables.ts";
import { chosen, numberOf, scriptArgs } from "../packaging/script.ts";

const PARTS = [
  ...TABLES.map((table) => table.name),
  "start",
  "memory",
  "proofs",
  "readers",
  "mysql",
  "mssql",
];

const { values: flags } = scriptArgs(import.meta.url, {
  only: { type: "string", default: PARTS.join(",") },
  repeat: { type: "string", default: "3" },
  scale: { type: "string", default: "1" },
  peers: { type: "boolean", default: false },
  install: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
});

const only = chosen(import.meta.url, flags.only, PARTS);
const repeat = numberOf(import.meta.url, flags.repeat, 1);
const scale = numberOf(import.meta.url, flags.scale, 0.0001);

const comparisons: Record<string, Comparison> = {};
const singles: Record<string, number> = {};
const versions: Record<string, string> = { Deno: Deno.version.deno };

const server = await testPostgres();
const db = await createDatabase(server);
try {
  [[versions.PostgreSQL]] = await db.sql("SHOW server_version") as [[string]];
  const peers = flags.peers || flags.install ? await availablePeers(flags.install) : [];
  for (const peer of peers) {
    for (const name of peer.packages) versions[name.split("==")[0]] = name.split("==")[1];
  }
  for (const table of TABLES.filter(({ name }) => only.includes(name))) {
    const rows = Math.round(table.rows * scale);
    await db.sql(table.fill(table.name, rows));
    comparisons[table.name] = await compareTools(db.url, table, rows, repeat, peers);
    if (table.name === "orders") {
      singles.longest_statement_ms = await longestStatementMs(db, table.name);
    }
  }
  if (only.includes("start")) Object.assign(singles, await measureStart(db, repeat));
  if (only.includes("memory")) Object.assign(singles, await measureMemory(db, scale));
  if (only.includes("proofs")) Object.assign(singles, await measureProofs(db, repeat, scale));
  if (only.includes("readers")) Object.assign(singles, await measureReaders(db, repeat, scale));
} finally {
  await db.drop();
  await server.stop();
}
if (only.includes("mysql")) {
  const found = await compareMysql(Math.round(1_000_000 * scale), repeat);
  comparisons.mysql = found.comparison;
  versions.MariaDB = found.version;
  singles.mysql_longest_statement_ms = found.longestStatementMs;
}
if (only.includes("mssql")) {
  comparisons.mssql = await compareMssql(Math.round(1_000_000 * scale), repeat);
}

for (const [name, value] of Object.entries(singles)) console.log(`${name}: ${value.toFixed(2)}`);

if (flags.write) {
  const before = await readResults();
  const results: BenchResults = {
    date: new Date().toISOString().slice(0, 10),
    machine: await machine(),
    versions: { ...before?.versions, ...versions },
    comparisons: { ...before?.comparisons, ...comparisons },
    singles: { ...before?.singles, ...singles },
  };
  await Deno.writeTextFile(RESULTS, JSON.stringify(results, null, 2) + "\n");
  const { writeChart } = await import("./chart.ts");
  await writeChart(results);
  const { writePages } = await import("../docs/generate.ts");
  await writePages();
}
