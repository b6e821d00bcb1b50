/** What the planner expects of a query, without running it. */
import type { ReadRequest, ScanFacts } from "../../../core/ports/source.ts";
import type { RunRows } from "../kit/run_rows.ts";

interface PlanNode {
  readonly "Node Type": string;
  readonly "Plan Rows"?: number;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

interface ExplainOutput {
  readonly Plan?: PlanNode;
}

async function explain(rows: RunRows, query: string): Promise<PlanNode | undefined> {
  const found = await rows(`EXPLAIN (FORMAT JSON) ${query}`);
  const [first] = JSON.parse(found.map(([line]) => line ?? "").join("\n")) as ExplainOutput[];
  return first?.Plan;
}

export async function plannedRows(rows: RunRows, query: string): Promise<number | null> {
  return (await explain(rows, query))?.["Plan Rows"] ?? null;
}

/** A cursor is planned as one: for the share of its rows that the session says, and without parallel workers. */
export async function plannedScan(
  rows: RunRows,
  query: string,
  access: ReadRequest["access"],
): Promise<ScanFacts | null> {
  const cursor = access === "cursor" ? "DECLARE _rivet_explained NO SCROLL CURSOR FOR\n" : "";
  const plan = await explain(rows, cursor + query);
  return plan === undefined ? null : scanFacts(plan);
}

const INDEX_SCANS = ["Index Scan", "Index Only Scan", "Bitmap Index Scan"];
const SORTS = ["Sort", "Incremental Sort"];
/** Nodes that read no more of a table than was asked for, without an index of it. */
const PLACE_SCANS = ["Tid Scan", "Tid Range Scan"];
/** Nodes that read all of a table. */
const TABLE_SCANS = ["Seq Scan", "Sample Scan", "Foreign Scan"];

function nodes(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

function scanFacts(plan: PlanNode): ScanFacts | null {
  const all = nodes(plan);
  const indexes = all.filter((node) => INDEX_SCANS.includes(node["Node Type"]));
  const tables = all.filter((node) => TABLE_SCANS.includes(node["Node Type"]));
  const places = all.filter((node) => PLACE_SCANS.includes(node["Node Type"]));
  const [shown] = [...tables, ...places, ...indexes];
  if (shown === undefined) return null;
  const narrow = places.length + indexes.length;
  const on = tables.length + places.length > 0
    ? `on ${shown["Relation Name"] ?? "a table"}`
    : `using ${shown["Index Name"] ?? "an index"}`;
  return {
    scanType: `${shown["Node Type"]} ${on}`,
    index: tables.length === 0 ? "full" : narrow === 0 ? "none" : "partial",
    sorted: all.some((node) => SORTS.includes(node["Node Type"])),
  };
}
