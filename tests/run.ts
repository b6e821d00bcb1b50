/**
 * `deno task test [--servers VERSIONS] [path...]`: sets up what the tests need, runs them and ends with one
 * line of counts.
 *
 * Tests under `tests/unit` need nothing and run in parallel; all others share one PostgreSQL
 * (see `support/postgres.ts`), those of MySQL one MariaDB (see `support/mariadb.ts`), and run one file
 * after another, in two lanes: those of MySQL, of destinations and of whole processes, and the rest. An
 * ignored test is a failure unless RIVET_TEST_ALLOW_SKIP (comma-separated words) has a word of its file or
 * name.
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
  if (versions !== null) return summarize(await runVersions(versions, files.filter(onPostgres)));

  const unit = files.filter((file) => inTests(file).startsWith("unit/"));
  const live = files.filter((file) => !inTests(file).startsWith("unit/"));
  const counts = [await runTests(unit, { parallel: true, env: {} })];
  if (live.length > 0) counts.push(...await runLive(live));
  if (paths.length === 0) {
    const ends = [POSTGRES_VERSIONS[0], POSTGRES_VERSIONS.at(-1)!];
    counts.push(...await runVersions(ends, VERSION_SAMPLE));
  }
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

/** Runs `files` on each version, two at a time; a version that cannot be had is a failure. */
async function runVersions(
  versions: readonly string[],
  files: readonly string[],
): Promise<TestCounts[]> {
  const { startPostgresVersion } = await import("./support/postgres_versions.ts");
  const queue = [...versions];
  const all: TestCounts[] = [];
  const lane = async (): Promise<void> => {
    for (let version = queue.shift(); version !== undefined; version = queue.shift()) {
      const name = `PostgreSQL ${version}`;
      if (allowedSkip(name)) {
        all.push({ passed: 0, failed: [], ignored: [name] });
        continue;
      }
      try {
        const server = await startPostgresVersion(version);
        const counts = await runTests(files, { parallel: false, env: server.env })
          .finally(() => server.stop());
        console.log(`${name}: ${counts.passed} passed, ${counts.failed.length} failed`);
        all.push({ ...counts, failed: counts.failed.map((test) => `${name}: ${test}`) });
      } catch (error) {
        console.log(error instanceof Error ? error.message : String(error));
        all.push({ passed: 0, failed: [name], ignored: [] });
      }
    }
  };
  await Promise.all([lane(), lane()]);
  return all;
}

/** Starts the servers that `files` need, once, and runs them. */
async function runLive(files: readonly string[]): Promise<TestCounts[]> {
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
    if (mysql !== null && "problem" in mysql) {
      console.log(mysql.problem);
      const rest = files.filter((file) => !usesMysql(file));
      const missing = { passed: 0, failed: files.filter(usesMysql), ignored: [] };
      return [await runTests(rest, { parallel: false, env }), missing];
    }
    // Two lanes: the files of one wait for servers while those of the other compute.
    const second = files.filter((file) => usesMysql(file) || startsProcesses(file));
    const first = files.filter((file) => !second.includes(file));
    return await Promise.all(
      [first, second].map((lane) => runTests(lane, { parallel: false, env })),
    );
  } finally {
    if (mysql !== null && !("problem" in mysql)) await mysql.stop();
    await server.stop();
  }
}

/** Mostly whole processes, one after another: the other lane has the tests that are sensitive to time. */
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
