/**
 * `deno task test [--servers VERSIONS] [--lanes N] [path...]`: sets up what the tests need, runs them and ends
 * with one line of counts.
 *
 * Tests under `tests/unit` need nothing and run in parallel, in one process. Every other file has a process
 * of its own, and lanes take one file after another: much of what they do is waiting. Each lane has one
 * PostgreSQL (see `support/postgres.ts`), so that what is the whole server's is a file's alone while it runs;
 * tests of MySQL share one MariaDB (see `support/mariadb.ts`), and run one after another for the same reason.
 * An ignored test is a failure unless RIVET_TEST_ALLOW_SKIP (comma-separated words) has a word of its file or
 * name.
 *
 * Without a path, what depends on the server runs on the oldest and the newest PostgreSQL too.
 * `--servers all` (or `12,18`) runs the live tests of PostgreSQL on those versions and nothing else.
 */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestCounts } from "./support/junit.ts";
import { type Batch, inLanes, runTests, slowest } from "./support/lanes.ts";
import type { TestMysql } from "./support/mariadb.ts";
import type { TestServer } from "./support/postgres.ts";
import { POSTGRES_VERSIONS } from "./support/postgres_versions.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What differs between PostgreSQL's versions; the gate runs these on the oldest and the newest. */
const VERSION_SAMPLE = [
  "check/standby_test.ts",
  "cuts/postgres_test.ts",
  "incremental/cursor_types_test.ts",
  "postgres/conformance_test.ts",
  "postgres/overrides_test.ts",
  "postgres/repeated_keys_test.ts",
  "postgres/servers_test.ts",
  "postgres/session_test.ts",
  "postgres/types_test.ts",
  "reconcile/checksum_test.ts",
  "snapshot/snapshot_test.ts",
  "storage/versions_test.ts",
].map((path) => join(ROOT, "tests/live", path));

async function testFiles(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const found: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    const child = join(path, entry.name);
    if (entry.isDirectory) found.push(...await testFiles(child));
    else if (entry.name.endsWith("_test.ts")) found.push(child);
  }
  return found.sort();
}

function allowedSkip(test: string): boolean {
  const words = (Deno.env.get("RIVET_TEST_ALLOW_SKIP") ?? "").split(",").map((w) => w.trim());
  return words.some((word) => word !== "" && test.toLowerCase().includes(word.toLowerCase()));
}

/** Prints the verdict and returns the exit code. */
function summarize(all: readonly TestCounts[]): number {
  const passed = all.reduce((sum, c) => sum + c.passed, 0);
  const ignored = all.flatMap((c) => c.ignored);
  const hidden = ignored.filter((test) => !allowedSkip(test));
  const skipped = ignored.length - hidden.length;
  const failures = [
    ...all.flatMap((c) => c.failed),
    ...hidden.map((test) => `${test} (ignored, which counts as failed)`),
  ];
  if (passed + failures.length + skipped === 0) failures.push("no test was run");
  for (const failure of failures) console.log(`failed: ${failure}`);
  const skips = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${passed} passed, ${failures.length} failed${skips}`);
  return failures.length > 0 ? 1 : 0;
}

interface Wanted {
  /** Major versions of PostgreSQL; null without `--servers`. */
  readonly versions: readonly string[] | null;
  readonly lanes: number;
  readonly paths: readonly string[];
}

/** More than there are cores, for a lane mostly waits; beyond that memory is what runs out. */
const LANES = Math.min(navigator.hardwareConcurrency + 2, 8);

function wanted(): Wanted {
  const { values: { servers, lanes }, positionals } = scriptArgs(import.meta.url, {
    servers: { type: "string" },
    lanes: { type: "string", default: String(LANES) },
  }, Infinity);
  const versions = servers === "all" ? POSTGRES_VERSIONS : servers?.split(",") ?? null;
  return { versions, lanes: numberOf(import.meta.url, lanes, 1), paths: positionals };
}

async function main(): Promise<number> {
  // Tests choose their state themselves.
  Deno.env.delete("RIVET_STATE_URL");
  const { versions, lanes, paths } = wanted();
  const roots = paths.length > 0 ? paths.map((path) => resolve(path)) : [join(ROOT, "tests")];
  const files = [...new Set((await Promise.all(roots.map(testFiles))).flat())];
  if (versions !== null) {
    return await verdict(onVersions(versions, files.filter(onPostgres)), lanes);
  }
  const unit = files.filter((file) => inTests(file).startsWith("unit/"));
  const live = files.filter((file) => !inTests(file).startsWith("unit/"));
  const ends = [POSTGRES_VERSIONS[0], POSTGRES_VERSIONS.at(-1)!];
  const onMysql = live.filter(usesMysql);
  const rest = live.filter((file) => !usesMysql(file));
  const servers = new Servers(onMysql.length > 0);
  // What takes longest is first.
  const batches = [
    ...unitBatch(unit),
    ...mysqlBatch(onMysql, servers),
    ...liveBatches(rest.filter((file) => longPlace(file) < LONG.length), servers),
    ...(paths.length === 0 ? onVersions(ends, VERSION_SAMPLE) : []),
    ...liveBatches(rest.filter((file) => longPlace(file) === LONG.length), servers),
  ];
  try {
    return await verdict(batches, lanes);
  } finally {
    await servers.stop();
  }
}

async function verdict(batches: readonly Batch[], lanes: number): Promise<number> {
  const results = await inLanes(batches, lanes);
  if (results.length > 1) console.log(`\nthe slowest:\n${slowest(results, 25).join("\n")}`);
  return summarize(results.map(({ counts }) => counts));
}

/** `live/run/run_test.ts` */
function inTests(file: string): string {
  return relative(join(ROOT, "tests"), file).replaceAll("\\", "/");
}

/** Live tests whose outcome is a PostgreSQL's. */
function onPostgres(file: string): boolean {
  return /^live\/(?!destinations\/|mssql\/)/.test(inTests(file)) && !usesMysql(file);
}

function usesMysql(file: string): boolean {
  return /mysql/.test(inTests(file));
}

/** Those that would leave other lanes without work if they came last. */
export const LONG: readonly string[] = [
  "crash/crash_test.ts",
  "live/repair/repair_test.ts",
  "live/repair/crash_test.ts",
  "live/postgres/types_test.ts",
  "live/secrets_test.ts",
  "live/plan/secrets_test.ts",
  "live/run/modes_test.ts",
  "live/clock_test.ts",
  "live/demo/demo_test.ts",
  "live/incremental/commit_safe_test.ts",
  "live/init/postgres_test.ts",
  "live/stops/postgres_test.ts",
  "live/tasks/tasks_test.ts",
  "compat/cases_test.ts",
  "live/packages/bundle_test.ts",
  "live/packages/npm_test.ts",
  "live/snapshot/snapshot_test.ts",
  "live/storage/partitions_postgres_test.ts",
  "live/postgres/conformance_test.ts",
  "live/destinations/https_test.ts",
  "live/destinations/run_test.ts",
  "live/processes/processes_test.ts",
  "live/lineage_test.ts",
  "live/check/check_test.ts",
];

function longPlace(file: string): number {
  const place = LONG.indexOf(inTests(file));
  return place < 0 ? LONG.length : place;
}

function unitBatch(files: readonly string[]): Batch[] {
  if (files.length === 0) return [];
  const run = (_lane: number, alone: boolean) => {
    const jobs = navigator.hardwareConcurrency + (alone ? 2 : 0);
    return runTests(files, { env: {}, jobs, live: alone });
  };
  return [{ name: "unit", run }];
}

/** The servers of the live tests, started when they are needed. */
class Servers {
  readonly #ofLane: Promise<TestServer>[] = [];
  readonly #mysql: Promise<TestMysql | null>;

  constructor(mysql: boolean) {
    this.#mysql = mysql ? startMysql() : Promise.resolve(null);
    // Whoever needs it is told.
    this.#mysql.catch(() => {});
  }

  async env(lane: number): Promise<Record<string, string>> {
    const postgres = await (this.#ofLane[lane] ??= this.#start(lane));
    const mysql = await this.#mysql.catch(() => null);
    return {
      RIVET_TEST_POSTGRES_URL: postgres.url,
      ...(mysql === null ? {} : { RIVET_TEST_MYSQL_URL: mysql.url }),
    };
  }

  /** @throws when it was wanted and cannot be started. */
  async mysql(): Promise<void> {
    const server = await this.#mysql;
    if (server !== null) console.log(`tests of MySQL use ${server.description}`);
  }

  async stop(): Promise<void> {
    const started = await Promise.allSettled([...this.#ofLane, this.#mysql]);
    await Promise.all(started.map((one) => one.status === "fulfilled" ? one.value?.stop() : null));
  }

  async #start(lane: number): Promise<TestServer> {
    const { testPostgres } = await import("./support/postgres.ts");
    const server = await testPostgres();
    if (lane === 0) console.log(`tests use ${server.description}`);
    return server;
  }
}

async function startMysql(): Promise<TestMysql | null> {
  const { mysqlIsSkipped, testMysql } = await import("./support/mariadb.ts");
  return mysqlIsSkipped ? null : await testMysql();
}

/** Each file by itself. */
function liveBatches(files: readonly string[], servers: Servers): Batch[] {
  return [...files].sort((a, b) => longPlace(a) - longPlace(b)).map((file) => ({
    name: inTests(file),
    run: async (lane, live) => runTests([file], { env: await servers.env(lane), live }),
  }));
}

function mysqlBatch(files: readonly string[], servers: Servers): Batch[] {
  if (files.length === 0) return [];
  const run = async (lane: number, live: boolean) => {
    await servers.mysql();
    return await runTests(files, { env: await servers.env(lane), live });
  };
  return [{ name: "MySQL", run }];
}

/** `files` on each version; one that cannot be had is a failure. */
function onVersions(versions: readonly string[], files: readonly string[]): Batch[] {
  return versions.map((version) => {
    const name = `PostgreSQL ${version}`;
    const run = async (_lane: number, live: boolean): Promise<TestCounts> => {
      if (allowedSkip(name)) return { passed: 0, failed: [], ignored: [name] };
      const { startPostgresVersion } = await import("./support/postgres_versions.ts");
      const server = await startPostgresVersion(version);
      const counts = await runTests(files, { env: server.env, live })
        .finally(() => server.stop());
      console.log(`${name}: ${counts.passed} passed, ${counts.failed.length} failed`);
      return { ...counts, failed: counts.failed.map((test) => `${name}: ${test}`) };
    };
    return { name, run };
  });
}

if (import.meta.main) Deno.exit(await main());
