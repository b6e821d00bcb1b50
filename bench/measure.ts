/** Times whole processes, start-up included, with their CPU time and peak memory. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENGINE_FLAGS } from "../core/base/engine_flags.ts";
import { writeBundle } from "../packaging/bundle.ts";

export interface Measured {
  readonly seconds: number;
  /** User and system time of the process and its children. */
  readonly cpuSeconds: number;
  /** Of the process that had the most. */
  readonly peakRssMb: number;
}

/** GNU time writes what the kernel accounted; without it only the wall clock is known. */
const TIME = "/usr/bin/time";

/** A program to measure: the flags that Deno starts it with, and its entry. */
export interface Started {
  readonly flags: readonly string[];
  readonly main: string;
}

/** As a clone or the registry starts it. */
export const FROM_SOURCES: Started = {
  flags: ["-A", "--no-check"],
  main: fileURLToPath(new URL("../main.ts", import.meta.url)),
};

let bundled: Promise<Started> | null = null;

/**
 * The bundle with the flags of its launchers, which is what the npm package, the executables and the image hold. Made
 * once, in a folder that goes with this process.
 */
export function asInstalled(): Promise<Started> {
  bundled ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "rivet-bench-bundle-" });
    addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    await writeBundle({ folder, visible: false });
    const own = ["-A", "--no-check", "--no-config", "--no-lock", "--no-remote", "--no-npm"];
    return { flags: [...own, ...ENGINE_FLAGS], main: join(folder, "main.js") };
  })();
  return bundled;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Runs a command with its output thrown away. @throws when it fails, with what it said. */
export async function measure(command: string, args: readonly string[]): Promise<Measured> {
  const accounting = await Deno.makeTempFile({ prefix: "rivet-time-" });
  try {
    const started = performance.now();
    const { success, stderr } = await new Deno.Command(TIME, {
      args: ["-f", "%U %S %M", "-o", accounting, command, ...args],
      // As the npm package starts it; once a day, Deno would ask for its newest version.
      env: { DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const seconds = (performance.now() - started) / 1000;
    if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
    const fields = (await Deno.readTextFile(accounting)).trim().split(/\s+/).map(Number);
    const [user, system, kilobytes] = fields;
    return { seconds, cpuSeconds: user + system, peakRssMb: kilobytes / 1024 };
  } finally {
    await Deno.remove(accounting);
  }
}

/** `rivet` with these arguments. @param started default: as it is installed. */
export async function measureRivet(
  args: readonly string[],
  started?: Started,
): Promise<Measured> {
  const { flags, main } = started ?? await asInstalled();
  return await measure(Deno.execPath(), ["run", ...flags, main, ...args]);
}

/** `rivet run` of a configuration, whose paths are relative to `dir`. */
export async function measureRun(
  dir: string,
  config: string,
  started?: Started,
): Promise<Measured> {
  const path = join(dir, "rivet.yaml");
  await Deno.writeTextFile(path, config);
  return await measureRivet(["run", "--quiet", "-c", path], started);
}

/** Calls `use` with an empty folder that is removed afterwards. */
export async function inFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-bench-" });
  try {
    return await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** What several runs of one command took. */
export interface Figures {
  readonly name: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  /** Size of the files that were written; null when none were. */
  readonly filesMb: number | null;
}

/** Medians of time, the highest of memory. */
export function figures(
  name: string,
  runs: readonly Measured[],
  filesMb: number | null = null,
): Figures {
  return {
    name,
    seconds: median(runs.map((r) => r.seconds)),
    cpuSeconds: median(runs.map((r) => r.cpuSeconds)),
    peakRssMb: Math.max(...runs.map((r) => r.peakRssMb)),
    filesMb,
  };
}

/** One line of a table; `base` is the wall time that counts as 1. */
export function printFigures(f: Figures, base: number): void {
  const files = f.filesMb === null ? "" : `  ${f.filesMb.toFixed(1).padStart(6)} MB files`;
  console.log(
    `${f.name.padEnd(34)} ${f.seconds.toFixed(2).padStart(7)} s  ${
      (f.seconds / base).toFixed(2).padStart(5)
    } x  ${f.cpuSeconds.toFixed(2).padStart(6)} s CPU  ${
      f.peakRssMb.toFixed(0).padStart(5)
    } MB RSS${files}`,
  );
}

/** The largest of what `ask` gives while `run` goes on, asked every few milliseconds. */
export async function largestDuring(
  run: () => Promise<unknown>,
  ask: () => Promise<number>,
): Promise<number> {
  let largest = 0;
  let running = true;
  const watch = (async () => {
    while (running) {
      largest = Math.max(largest, await ask());
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  })();
  await run().finally(() => running = false);
  await watch;
  return largest;
}
