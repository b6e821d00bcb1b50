/** Where to cut a unique key of any type, without scanning the table. */
import { onlyHelps } from "../../access/only_helps.ts";
import { pageEndSql } from "../page.ts";
import type { CutRequest } from "./cut.ts";

/** Steps along the index where the catalog has no statistics; more would scan a large table. */
const MAX_PROBES = 1_000;

/** Every `step`-th of `values`, so that about `parts` parts remain. */
function thin(values: readonly string[], parts: number): string[] {
  const wanted = Math.max(1, parts) - 1;
  if (values.length <= wanted) return [...values];
  return Array.from(
    { length: wanted },
    (_, i) => values[Math.floor((i + 1) * values.length / (wanted + 1))],
  );
}

/** Walks the key's index in steps of `size` entries: each statement touches that many and no more. */
async function probe({ source, base, column }: CutRequest, size: number): Promise<string[]> {
  const shape = { base, key: column.name, keyType: column, after: null, until: null };
  const bounds: string[] = [];
  for (let after: string | null = null; bounds.length < MAX_PROBES;) {
    const rows: (string | null)[][] = await source.rows(
      pageEndSql(source.dialect, shape, after, size),
    );
    if (rows.length === 0 || rows[0][0] === null) return bounds;
    bounds.push(after = rows[0][0]);
  }
  return bounds;
}

/**
 * Inner boundaries of parts of about `chunk_size` rows, ascending, as text: from the catalog's
 * statistics, and without them from the key's index.
 */
export async function keyBoundaries(request: CutRequest): Promise<string[]> {
  const { source, exported, mode: { size }, base, column } = request;
  const { table } = exported;
  const quantiles = table === null ? [] : await onlyHelps(
    `statistics of '${table}'`,
    () => source.quantiles(table, column.name),
    [],
  );
  if (quantiles.length === 0) return probe(request, size);
  const rows = await onlyHelps("the estimate of rows", () => source.estimateRows(base), null);
  return thin(quantiles, Math.ceil((rows ?? 0) / size));
}
