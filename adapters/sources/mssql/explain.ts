/** What the optimizer expects of a query, without running it. */
import type { ScanFacts } from "../../../core/ports/source.ts";

/** Each must be a batch of its own. */
export const SHOWPLAN_ON = "SET SHOWPLAN_XML ON";
export const SHOWPLAN_OFF = "SET SHOWPLAN_XML OFF";

/** The rows that the statement of a SHOWPLAN_XML document gives; null when it does not say. */
export function plannedRows(xml: string): number | null {
  const rows = /<StmtSimple\b[^>]*\bStatementEstRows="([^"]+)"/.exec(xml)?.[1];
  const count = rows === undefined ? NaN : Number(rows);
  return Number.isFinite(count) ? Math.round(count) : null;
}

/** Operators that read a table from end to end, and those that find rows by an index. */
const SCANS = new Set([
  "Table Scan",
  "Clustered Index Scan",
  "Index Scan",
  "Columnstore Index Scan",
  "Remote Scan",
]);
const SEEKS = new Set(["Clustered Index Seek", "Index Seek", "RID Lookup", "Key Lookup"]);

const OPERATOR = /<RelOp\b[^>]*\bPhysicalOp="([^"]+)"|<Object\b([^>]*)>/g;

function attribute(attributes: string, name: string): string | undefined {
  const text = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return text?.replace(/^\[|\]$/g, "").replaceAll("]]", "]").replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** How a plan reads its tables; null when it reads none. */
export function scanFacts(xml: string): ScanFacts | null {
  const scans: string[] = [];
  const seeks: string[] = [];
  let operator = "";
  for (const [, named, object] of xml.matchAll(OPERATOR)) {
    if (named !== undefined) operator = named;
    else if (SCANS.has(operator)) {
      scans.push(`${operator} on ${attribute(object, "Table") ?? "a table"}`);
    } else if (SEEKS.has(operator)) {
      seeks.push(`${operator} using ${attribute(object, "Index") ?? "an index"}`);
    }
  }
  const [scanType] = [...scans, ...seeks];
  if (scanType === undefined) return null;
  return { scanType, index: scans.length === 0 ? "full" : seeks.length === 0 ? "none" : "partial" };
}
