/** What `deno task bench --write` found, for docs/performance.md. */
import { fileURLToPath } from "node:url";
import type { Figures } from "./measure.ts";

/** Tools on one table, in turn; the first line is what the others are held against. */
export interface Comparison {
  readonly title: string;
  readonly rows: number;
  readonly repeat: number;
  readonly lines: readonly Figures[];
  /** Tools whose files do not hold the same rows as the first one's, and how many rows they hold. */
  readonly different: Readonly<Record<string, string>>;
}

export interface BenchResults {
  /** Day, UTC. */
  readonly date: string;
  readonly machine: string;
  /** e.g. `PostgreSQL` -> `15.14` */
  readonly versions: Readonly<Record<string, string>>;
  readonly comparisons: Readonly<Record<string, Comparison>>;
  /** Single figures, named as in the table of docs/performance.md. */
  readonly singles: Readonly<Record<string, number>>;
}

export const RESULTS = fileURLToPath(new URL("../docs/performance.json", import.meta.url));

/** Those written before; what a run measures replaces its part. */
export async function readResults(): Promise<BenchResults | null> {
  try {
    return JSON.parse(await Deno.readTextFile(RESULTS));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** e.g. `Intel Xeon Processor, 2 cores, 24 GB` */
export async function machine(): Promise<string> {
  const cpu = /model name\s*:\s*(.*)/.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1] ?? "?";
  const gb = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  return `${cpu.replace(/\s+/g, " ")}, ${navigator.hardwareConcurrency} cores, ${gb} GB`;
}
