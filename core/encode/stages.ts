/** The stages of one read, in the thread that encodes its rows. */
import type { Batch } from "../batch/batch.ts";
import { MetaColumns } from "./meta_columns.ts";
import { QualityCounter, type QualityCounts } from "./quality.ts";
import { WidthCounter, type WidthSums } from "./shape.ts";
import type { StageSpec } from "./stage_plan.ts";
import type { Xxh3 } from "./xxh3.ts";

/** Loaded where rows or values are hashed. */
async function openXxh3(): Promise<Xxh3> {
  const { createXxh3 }: typeof import("./xxh3.ts") = await import("./xxh3.ts" as string);
  return await createXxh3();
}

/** What the stages saw of one read; structured-clone safe. */
export interface StageResult {
  readonly quality: QualityCounts;
  readonly widths: WidthSums;
}

export class Stages {
  readonly #meta: MetaColumns;
  readonly #quality: QualityCounter;
  readonly #widths = new WidthCounter();

  private constructor(meta: MetaColumns, quality: QualityCounter) {
    this.#meta = meta;
    this.#quality = quality;
  }

  static async open(spec: StageSpec): Promise<Stages> {
    const hashes = spec.rowHash !== null || spec.unique.columns.length > 0;
    const xxh3 = hashes ? await openXxh3() : null;
    return new Stages(new MetaColumns(spec, xxh3), new QualityCounter(spec.unique, xxh3));
  }

  /** Counts the source's columns and returns the batch as the file has it. */
  apply(batch: Batch): Batch {
    this.#quality.add(batch);
    this.#widths.add(batch);
    return this.#meta.apply(batch);
  }

  result(): StageResult {
    return { quality: this.#quality.counts(), widths: this.#widths.sums };
  }
}
