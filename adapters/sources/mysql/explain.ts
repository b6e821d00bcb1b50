/** What the optimizer expects of a query, without running it. */
import type { ResultSet } from "./connection.ts";

/** Steps of these kinds produce the result's rows; the others feed subqueries. */
const OUTER_SELECTS = new Set(["SIMPLE", "PRIMARY", "UNION"]);

/** The joins of each outer SELECT multiplied, the SELECTs of a UNION added up. */
export function plannedRows({ fields, rows }: ResultSet): number | null {
  const at = (name: string) => fields.findIndex((field) => field.name === name);
  const [id, kind, count, filtered] = [at("id"), at("select_type"), at("rows"), at("filtered")];
  const products = new Map<string, number>();
  for (const row of rows) {
    const [step, type, expected] = [row[id], row[kind], row[count]];
    if (!OUTER_SELECTS.has(type ?? "") || step === null || expected === null) continue;
    const share = filtered < 0 || row[filtered] === null ? 100 : Number(row[filtered]);
    products.set(step, (products.get(step) ?? 1) * Number(expected) * share / 100);
  }
  if (products.size === 0) return null;
  return Math.round([...products.values()].reduce((sum, rows) => sum + rows, 0));
}
