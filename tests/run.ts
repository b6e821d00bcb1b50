/**
 * `deno task test [--servers VERSIONS] [path...]`: sets up what the tests need, runs them and ends with one
 * line of counts.
 *
 * Tests under `tests/unit` need nothing and run in parallel; all others share one PostgreSQL
 * (see `support/postgres.ts`), those of MySQL one MariaDB (see `support/mariadb.ts`), and run one file
 * after another, in two lanes (see `twoLanes`). An ignored test is a failure unless RIVET_TEST_ALLOW_SKIP
 * (comma-separated words) has a word of its file or name.
 *
 * Without a path, what depends on the server runs on the oldest and the newest PostgreSQL too.
 * `--servers all` (or `12,18`) runs the live tests of PostgreSQL on those versions and nothing else.
 */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { countTests, type TestCounts } from "./support/junit.ts";
import type { TestMysql } from "./support/mariadb.ts";
import { POSTGRES_VERSIONS } from "./support/postgres_versions.ts";

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

/** Runs one `deno test` over `files`. A process that fails without a failed test counts as one. */
async function runTests(
  files: readonly string[],
  options: { parallel: boolean; env: Record<string, string> },
): Promise<TestCounts> {
  if (files.length === 0) return { passed: 0, failed: [], ignored: [] };
  const report = await Deno.makeTempFile({ prefix: "rivet-tests-", suffix: ".xml" });
  try {
    const parallel = options.parallel ? ["--parallel"] : [];
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", ...parallel, `--junit-path=${report}`, ...files],
      cwd: ROOT,
      env: options.env,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    const counts = countTests(await Deno.readTextFile(report));
    if (code === 0 || counts.failed.length > 0) return counts;
    return { ...counts, failed: [`deno test ended with exit code ${code}; see above`] };
  } finally {
    await Deno.remove(report);
  }
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
  readonly paths: readonly string[];
}

function wanted(args: readonly string[]): Wanted {
  if (args[0] !== "--servers") return { versions: null, paths: args };
  const [, list = "", ...paths] = args;
  return { versions: list === "all" ? POSTGRES_VERSIONS : list.split(","), paths };
}

async function main(args: readonly string[]): Promise<number> {
  // Tests choose their state themselves.
  Deno.env.delete("RIVET_STATE_URL");
  const { versions, paths } = wanted(args);
  const roots = paths.length > 0 ? paths.map((path) => resolve(path)) : [join(ROOT, "tests")];
  const files = [...new Set((await Promise.all(roots.map(testFiles))).flat())];
  if (versions !== null) {
    return summarize(await twoLanes(onVersions(versions, files.filter(onPostgres))));
  }

  const unit = files.filter((file) => inTests(file).startsWith("unit/"));
  const live = files.filter((file) => !inTests(file).startsWith("unit/"));
  const counts = [await runTests(unit, { parallel: true, env: {} })];
  const ends = [POSTGRES_VERSIONS[0], POSTGRES_VERSIONS.at(-1)!];
  const versionsToo = paths.length === 0 ? onVersions(ends, VERSION_SAMPLE) : [];
  if (live.length > 0) counts.push(...await runLive(live, versionsToo));
  return summarize(counts);
}

/** `live/run/run_test.ts` */
function inTests(file: string): string {
  return relative(join(ROOT, "tests"), file).replaceAll("\\", "/");
}

/** Live tests whose outcome is a PostgreSQL's. */
function onPostgres(file: string): boolean {
  return /^live\/(?!destinations\/|mssql\/)/.test(inTests(file)) && !usesMysql(file);
}

/** What one lane runs without a break. */
type Batch = () => Promise<TestCounts>;

/**
 * One lane takes batches from the front, the other from the back, until they meet: what stands at one end
 * never runs at the same time as its neighbour there.
 */
async function twoLanes(batches: readonly Batch[]): Promise<TestCounts[]> {
  const queue = [...batches];
  const all: TestCounts[] = [];
  const lane = async (next: () => Batch | undefined): Promise<void> => {
    for (let batch = next(); batch !== undefined; batch = next()) all.push(await batch());
  };
  await Promise.all([lane(() => queue.shift()), lane(() => queue.pop())]);
  return all;
}

/** `files` on each version; one that cannot be had is a failure. */
function onVersions(versions: readonly string[], files: readonly string[]): Batch[] {
  return versions.map((version) => async () => {
    const name = `PostgreSQL ${version}`;
    if (allowedSkip(name)) return { passed: 0, failed: [], ignored: [name] };
    try {
      const { startPostgresVersion } = await import("./support/postgres_versions.ts");
      const server = await startPostgresVersion(version);
      const counts = await runTests(files, { parallel: false, env: server.env })
        .finally(() => server.stop());
      console.log(`${name}: ${counts.passed} passed, ${counts.failed.length} failed`);
      return { ...counts, failed: counts.failed.map((test) => `${name}: ${test}`) };
    } catch (error) {
      console.log(error instanceof Error ? error.message : String(error));
      return { passed: 0, failed: [name], ignored: [] };
    }
  });
}

/** Starts the servers that `files` need, once, and runs them, and what brings servers of its own. */
async function runLive(
  files: readonly string[],
  others: readonly Batch[],
): Promise<TestCounts[]> {
  const { testPostgres } = await import("./support/postgres.ts");
  const server = await testPostgres();
  const env: Record<string, string> = { RIVET_TEST_POSTGRES_URL: server.url };
  const used = [server.description];
  const mysql = await startMysql(files);
  try {
    if (mysql !== null && !("problem" in mysql)) {
      env.RIVET_TEST_MYSQL_URL = mysql.url;
      used.push(mysql.description);
    }
    console.log(`\ntests below use ${used.join(" and ")}`);
    const run = (some: readonly string[]): Batch => () => runTests(some, { parallel: false, env });
    const onMysql = files.filter(usesMysql);
    const rest = files.filter((file) => !usesMysql(file));
    let mysqlBatch = run(onMysql);
    if (mysql !== null && "problem" in mysql) {
      console.log(mysql.problem);
      mysqlBatch = () => Promise.resolve({ passed: 0, failed: onMysql, ignored: [] });
    }
    const processes = Object.values(Object.groupBy(rest.filter(startsProcesses), folderOf));
    return await twoLanes([
      run(rest.filter((file) => !startsProcesses(file))),
      mysqlBatch,
      ...others,
      ...processes.map((some) => run(some!)).reverse(),
    ]);
  } finally {
    if (mysql !== null && !("problem" in mysql)) await mysql.stop();
    await server.stop();
  }
}

/** `live`, `crash` */
function folderOf(file: string): string {
  return inTests(file).split("/")[0];
}

/** Mostly whole processes, one after another: the other lane waits for servers meanwhile. */
function startsProcesses(file: string): boolean {
  return /^(compat|crash|live\/(action|demo|deploy|destinations|packages|permissions|processes|tasks|torture))\//
    .test(inTests(file));
}

function usesMysql(file: string): boolean {
  return /mysql/.test(inTests(file));
}

/** Null when no file needs one or its tests may be skipped; a server that cannot start is a problem. */
async function startMysql(
  files: readonly string[],
): Promise<TestMysql | { readonly problem: string } | null> {
  if (!files.some(usesMysql)) return null;
  const { mysqlIsSkipped, testMysql } = await import("./support/mariadb.ts");
  if (mysqlIsSkipped) return null;
  try {
    return await testMysql();
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
