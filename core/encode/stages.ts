/** The stages of one read, in the thread that encodes its rows. */
import type { Batch } from "../batch/batch.ts";
import { MetaColumns } from "./meta_columns.ts";
import { QualityCounter, type QualityCounts } from "./quality.ts";
import { WidthCounter, type WidthSums } from "./shape.ts";
import type { StageSpec } from "./stage_plan.ts";
import { createXxh3 } from "./xxh3.ts";

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

  static open(spec: StageSpec): Stages {
    const hashes = spec.rowHash !== null || spec.unique.columns.length > 0;
    const xxh3 = hashes ? createXxh3() : null;
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
