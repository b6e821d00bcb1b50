/** Rows of a Parquet file on disk, from its footer alone. */
import { invalidFile, readFooter } from "./read_footer.ts";

const NUM_ROWS_FIELD = 3;

/** @throws RivetError VALIDATION_FAILED when the file has no whole footer. */
export async function countRows(path: string): Promise<number> {
  const rows = (await readFooter(path)).get(NUM_ROWS_FIELD);
  if (typeof rows !== "bigint") throw invalidFile(path, "its footer has no row count");
  return Number(rows);
}
