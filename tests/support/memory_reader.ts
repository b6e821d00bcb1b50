/** A reader of units in memory: each statement gives one row, in one staged part. */
import { createHash } from "node:crypto";
import type { OutputSpec } from "../../core/encode/part_writer.ts";
import type { ReadTimes } from "../../core/extract/read_clock.ts";
import type { ReadJob } from "../../core/extract/read.ts";
import type { Unit } from "../../core/run/units.ts";
import type { Extraction, Extractor } from "../../core/workers/extractor.ts";

export class MemoryReader implements Extractor {
  /** The statements that were begun. */
  readonly begun: string[] = [];
  /** Where it says that its time went. */
  times: ReadTimes = { sourceMs: 0, longestMs: 0, restMs: 0 };
  /** Called when a statement is begun; may throw. */
  onRead: (sql: string) => void | Promise<void> = () => {};

  async extract(job: ReadJob, output: OutputSpec): Promise<Extraction> {
    const sql = job.spec.kind === "statement" ? job.spec.sql : "";
    this.begun.push(sql);
    await this.onRead(sql);
    const file = `${output.stagedPath}.0`;
    await Deno.writeTextFile(file, sql);
    const md5 = createHash("md5").update(sql).digest("base64");
    const part = { file, rows: 1, sizeBytes: sql.length, fingerprint: "xxh3:0", md5 };
    const nothing = { lastValue: null, dropped: 0, lastTies: null, checksum: null };
    const stages = { quality: { rows: 1, nulls: {}, unique: {} }, widths: {} };
    const { times } = this;
    return { result: Promise.resolve({ ...nothing, rows: 1, parts: [part], stages, times }) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The chunk whose statement is `read <index>`. */
export function memoryUnit(index: number): Unit {
  return {
    chunkIndex: index,
    label: `chunk ${index}`,
    spec: { kind: "statement", sql: `read ${index}` },
  };
}
