/**
 * `deno task torture [--minutes N] [--seed N] [--only suites,named,random,tables,tasks]`: the tests of what is
 * broken on purpose, then kills at every named write and at random moments, over every engine, mode, destination
 * and state, and around the objects that repairs and checkpoints of tables write, until the time is up, at least
 * one round each. Writes docs/reliability.json and the pages that come
 * from it; what it was told to leave out stays as it was there. The gate runs a sample.
 */
import { FAULTS } from "../../docs/generate/faults.ts";
import { writePages } from "../../docs/generate.ts";
import { createMysqlDatabase, testMysql } from "../support/mariadb.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { startS3 } from "../support/s3.ts";
import { chosen, numberOf, scriptArgs } from "../../packaging/script.ts";
import {
  type Bench,
  killAtNamedWrites,
  killAtRandom,
  killTasks,
  type NamedSource,
} from "./rounds.ts";
import { RESULTS, type TortureResults } from "./results.ts";
import { countSuites } from "./suites.ts";
import { killTables } from "./tables.ts";
import { VICTIMS_SQL } from "../crash/points.ts";

const PARTS = ["suites", "named", "random", "tables", "tasks"] as const;
const { values } = scriptArgs(import.meta.url, {
  minutes: { type: "string", default: "30" },
  seed: { type: "string", default: "1" },
  only: { type: "string", default: PARTS.join() },
});
const minutes = numberOf(import.meta.url, values.minutes);
const seed = numberOf(import.meta.url, values.seed);
const only = chosen(import.meta.url, values.only, PARTS);
const begun = performance.now();
const at = (share: number) => begun + share * minutes * 60_000;
const wanted = (part: typeof PARTS[number]) => only.includes(part);

const before: TortureResults = JSON.parse(await Deno.readTextFile(RESULTS));
const postgres = await testPostgres();
const mysql = await testMysql();
const s3 = await startS3();
const databases = [await createDatabase(postgres), await createMysqlDatabase(mysql)] as const;
const sources: readonly NamedSource[] = [
  { name: "PostgreSQL", source: { type: "postgres", ...databases[0] } },
  { name: "MariaDB", source: { type: "mysql", ...databases[1] } },
];
const bench: Bench = { sources, s3Endpoint: s3.endpoint, stateServer: postgres };

let results = { ...before, written: new Date().toISOString().slice(0, 10), seed };
try {
  if (wanted("suites")) {
    const servers = { RIVET_TEST_POSTGRES_URL: postgres.url, RIVET_TEST_MYSQL_URL: mysql.url };
    const paths = [...new Set(FAULTS.flatMap(({ suites }) => suites))];
    results = { ...results, suites: await countSuites(paths, servers) };
  }
  if (wanted("named")) {
    for (const { source } of sources) await source.sql(VICTIMS_SQL[source.type]);
    results = { ...results, ...await killAtNamedWrites(bench, seed, at(0.5)) };
  }
  if (wanted("random")) {
    const share = wanted("tasks") || wanted("tables") ? 0.7 : 1;
    results = { ...results, random: await killAtRandom(bench, seed, at(share)) };
  }
  if (wanted("tables")) {
    Deno.env.set("RIVET_TEST_POSTGRES_URL", postgres.url);
    results = { ...results, tables: await killTables(at(wanted("tasks") ? 0.8 : 1)) };
  }
  if (wanted("tasks")) results = { ...results, tasks: await killTasks(bench, seed, at(1)) };
} finally {
  for (const database of databases) await database.drop();
  await Promise.all([postgres.stop(), mysql.stop(), s3.stop()]);
}
await Deno.writeTextFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
await writePages();
const killed = results.named.reduce((sum, { points }) => sum + points.length, 0) +
  results.random.reduce((sum, line) => sum + line.killed, 0) +
  (results.tables ?? []).reduce((sum, { points }) => sum + points.length, 0) +
  (results.tasks ?? []).reduce((sum, line) => sum + line.killed, 0);
console.log(`${killed} kills, no row lost or doubled`);
