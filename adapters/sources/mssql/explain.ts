/** What the optimizer expects of a query, without running it. */

/** Each must be a batch of its own. */
export const SHOWPLAN_ON = "SET SHOWPLAN_XML ON";
export const SHOWPLAN_OFF = "SET SHOWPLAN_XML OFF";

/** The rows that the statement of a SHOWPLAN_XML document gives; null when it does not say. */
export function plannedRows(xml: string): number | null {
  const rows = /<StmtSimple\b[^>]*\bStatementEstRows="([^"]+)"/.exec(xml)?.[1];
  const count = rows === undefined ? NaN : Number(rows);
  return Number.isFinite(count) ? Math.round(count) : null;
}
