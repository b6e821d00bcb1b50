/** `--metrics-file`: what a collector reads of the last run. */
import type { RunAggregate } from "../core/report/summary.ts";
import { reserveFile } from "./result_file.ts";

export interface MetricsFile {
  /** Replaces what was there. */
  commit(run: RunAggregate): Promise<void>;
  /** Removes what `commit` did not put in place; harmless afterwards. */
  discard(): Promise<void>;
}

/** The collector is another user. */
const READABLE = 0o644;

async function textOf(path: string): Promise<string> {
  try {
    return (await Deno.stat(path)).isFile ? await Deno.readTextFile(path) : "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Claims the file before the run begins. @throws RivetError DESTINATION_UNWRITABLE */
export async function reserveMetrics(path: string): Promise<MetricsFile> {
  const file = await reserveFile(path, READABLE);
  return {
    async commit(run) {
      const { prometheusText }: typeof import("../core/report/prometheus.ts") = await import(
        "../core/report/prometheus.ts" as string
      );
      await file.commit(prometheusText(run, await textOf(path)));
    },
    discard: () => file.discard(),
  };
}
