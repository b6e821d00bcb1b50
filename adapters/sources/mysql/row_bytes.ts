/** How wide the rows of a table are, from the engine's statistics. */
import type { RunRows } from "../kit/run_rows.ts";
import { tableCondition } from "./introspect.ts";

/** With the values that are stored apart from the rows. */
export async function rowBytes(rows: RunRows, table: string): Promise<number | null> {
  const [found] = await rows(
    `SELECT NULLIF(t.AVG_ROW_LENGTH, 0) FROM information_schema.TABLES t ` +
      `WHERE ${tableCondition("t", table)}`,
  );
  const width = found?.[0] ?? null;
  return width === null ? null : Number(width);
}
