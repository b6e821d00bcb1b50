/** What the planner expects of a query, without running it. */
import type { RunRows } from "./introspect.ts";

interface ExplainOutput {
  readonly Plan?: { readonly "Plan Rows"?: number };
}

export async function plannedRows(rows: RunRows, query: string): Promise<number | null> {
  const found = await rows(`EXPLAIN (FORMAT JSON) ${query}`);
  const [first] = JSON.parse(found.map(([line]) => line ?? "").join("\n")) as ExplainOutput[];
  return first?.Plan?.["Plan Rows"] ?? null;
}
