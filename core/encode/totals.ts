/** What the stages saw over all reads of a run that this process did. */
import { QualityTotals } from "./quality.ts";
import { WidthCounter } from "./shape.ts";
import type { StageSpec } from "./stage_plan.ts";
import type { StageResult } from "./stages.ts";

/** Counters over the reads of a run, whichever Workers did them. */
export class StageTotals {
  readonly quality: QualityTotals;
  readonly widths = new WidthCounter();

  constructor(spec: StageSpec) {
    this.quality = new QualityTotals(spec.unique);
  }

  /** Called once per read whose parts were committed: a read that is tried again counts once. */
  add(result: StageResult): void {
    this.quality.add(result.quality);
    this.widths.merge(result.widths);
  }
}
