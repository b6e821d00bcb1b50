/** Tests side by side: lanes that take one batch after another until there are none. */
import { fileURLToPath } from "node:url";
import { countTests, type TestCounts } from "./junit.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What one lane runs without a break. */
export interface Batch {
  /** For the log, e.g. `live/run/run_test.ts`. */
  readonly name: string;
  /**
   * @param lane from 0; batches of one lane never run at the same time.
   * @param alone there is no other batch, so that what it prints can be seen at once.
   */
  run(lane: number, alone: boolean): Promise<TestCounts>;
}

export interface BatchResult {
  readonly name: string;
  readonly seconds: number;
  readonly counts: TestCounts;
}

/**
 * Every lane takes the next batch when it has ended one, so what takes longest had better be first. A batch
 * that throws counts as one failed test.
 */
export async function inLanes(batches: readonly Batch[], lanes: number): Promise<BatchResult[]> {
  const queue = [...batches];
  const alone = batches.length === 1;
  const results: BatchResult[] = [];
  const work = async (lane: number): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
      const since = performance.now();
      const { name } = batch;
      if (!alone) console.log(`lane ${lane}: ${name}`);
      const counts = await batch.run(lane, alone).catch((error): TestCounts => {
        console.log(error instanceof Error ? error.stack : String(error));
        return { passed: 0, failed: [name], ignored: [] };
      });
      results.push({ name, seconds: (performance.now() - since) / 1000, counts });
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, batches.length) }, (_, n) => work(n)));
  return results;
}

/** Those that took longest, a line each. */
export function slowest(results: readonly BatchResult[], most: number): string[] {
  return [...results].sort((a, b) => b.seconds - a.seconds).slice(0, most)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`);
}

export interface TestOptions {
  readonly env: Record<string, string>;
  /** Files of one process at a time; absent: one after another. */
  readonly jobs?: number;
  /** Shows what the tests print as they print it, instead of in one piece at the end. */
  readonly live: boolean;
}

/** Runs one `deno test` over `files`. A process that fails without a failed test counts as one. */
export async function runTests(
  files: readonly string[],
  { env, jobs, live }: TestOptions,
): Promise<TestCounts> {
  if (files.length === 0) return { passed: 0, failed: [], ignored: [] };
  const report = await Deno.makeTempFile({ prefix: "rivet-tests-", suffix: ".xml" });
  const printed = live ? "inherit" : "piped";
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", ...(jobs === undefined ? [] : ["--parallel"])]
        .concat(`--junit-path=${report}`, files),
      cwd: ROOT,
      env: { ...env, ...(jobs === undefined ? {} : { DENO_JOBS: String(jobs) }) },
      stdin: "null",
      stdout: printed,
      stderr: printed,
    }).spawn();
    const code = live ? (await child.status).code : await printedAtOnce(child);
    const counts = countTests(await Deno.readTextFile(report));
    if (code === 0 || counts.failed.length > 0) return counts;
    return { ...counts, failed: [`deno test ended with exit code ${code}; see above`] };
  } finally {
    await Deno.remove(report);
  }
}

/** @returns the exit code. */
async function printedAtOnce(child: Deno.ChildProcess): Promise<number> {
  const { code, stdout, stderr } = await child.output();
  for (const [bytes, to] of [[stdout, Deno.stdout], [stderr, Deno.stderr]] as const) {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  }
  return code;
}
