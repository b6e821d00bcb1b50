/** Columns that were described as NOT NULL hold no NULL, or the read fails. */
import type { Batch } from "../../../core/batch/batch.ts";
import { SourceError } from "../../../core/base/errors.ts";
import type { Column } from "../../../core/types/types.ts";

/** @throws SourceError naming the first column that became nullable after it was described. */
export function checkNotNull(batch: Batch, columns: readonly Column[]): void {
  for (let c = 0; c < batch.data.length; c++) {
    if (columns[c].nullable || batch.data[c].nullCount === 0) continue;
    throw new SourceError(
      "VALUE_OUT_OF_RANGE",
      `column "${columns[c].name}" was NOT NULL when it was described, but holds a NULL`,
      { hint: "The table changed while it was read; run the export again." },
    );
  }
}
