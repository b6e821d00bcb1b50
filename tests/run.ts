/**
 * `deno task test [path...]`: sets up what the tests need, runs them and ends with one line of counts.
 *
 * Tests under `tests/unit` need nothing and run in parallel; all others share one PostgreSQL
 * (see `support/postgres.ts`), those of MySQL one MariaDB (see `support/mariadb.ts`), and run one file
 * after another, in two lanes: those of MySQL and those that kill processes, and the rest. An ignored test is a failure unless
 * RIVET_TEST_ALLOW_SKIP (comma-separated words) has a word of its file or name.
 */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { countTests, type TestCounts } from "./support/junit.ts";
import type { TestMysql } from "./support/mariadb.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

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

async function main(paths: readonly string[]): Promise<number> {
  // Tests choose their state themselves.
  Deno.env.delete("RIVET_STATE_URL");
  const roots = paths.length > 0 ? paths.map((path) => resolve(path)) : [join(ROOT, "tests")];
  const files = [...new Set((await Promise.all(roots.map(testFiles))).flat())];
  const isUnit = (file: string): boolean =>
    relative(ROOT, file).replaceAll("\\", "/").startsWith("tests/unit/");
  const unit = files.filter(isUnit);
  const live = files.filter((file) => !isUnit(file));

  const counts = [await runTests(unit, { parallel: true, env: {} })];
  if (live.length > 0) counts.push(...await runLive(live));
  return summarize(counts);
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
    const second = files.filter((file) => usesMysql(file) || killsProcesses(file));
    const first = files.filter((file) => !second.includes(file));
    return await Promise.all(
      [first, second].map((lane) => runTests(lane, { parallel: false, env })),
    );
  } finally {
    if (mysql !== null && !("problem" in mysql)) await mysql.stop();
    await server.stop();
  }
}

/** Whole runs, one after another: the other lane has the tests that are sensitive to time. */
function killsProcesses(file: string): boolean {
  return /^tests\/(crash|live\/torture)\//.test(relative(ROOT, file).replaceAll("\\", "/"));
}

function usesMysql(file: string): boolean {
  return /mysql/.test(relative(ROOT, file));
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
