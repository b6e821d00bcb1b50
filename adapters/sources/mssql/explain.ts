/** What the optimizer expects of a query, without running it. */
import type { ScanFacts } from "../../../core/ports/source.ts";

import { SourceError } from "../../../core/base/errors.ts";
import { onlyHelps } from "../../../core/access/only_helps.ts";
import type { Connection } from "./connection.ts";

/** Each must be a batch of its own. */
const SHOWPLAN_ON = "SET SHOWPLAN_XML ON";
const SHOWPLAN_OFF = "SET SHOWPLAN_XML OFF";
const PLAN_BEGINS = "<ShowPlanXML";
/** A server that ignores the setting answers with its row, and shows that it would run anything. */
const CANARY = "SELECT 1 AS rivet";

/** Plans of statements, which are not run for them. */
export class Planner {
  readonly #connection: Connection;
  /** null: not known yet. */
  #available: boolean | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The plan as XML; null where the server shows none, or none to this login. */
  async plan(sql: string): Promise<string | null> {
    if (this.#available === false || !await this.#enter()) return null;
    const failures: unknown[] = [];
    const plan = await this.#ask(sql).catch((error: unknown) => {
      failures.push(error);
      return null;
    });
    try {
      await this.#connection.exec(SHOWPLAN_OFF);
    } catch (error) {
      failures.push(error);
      // The next statement would give its plan for its rows.
      await this.#connection.close();
    }
    // What went wrong first is what went wrong.
    if (failures.length > 0) throw failures[0];
    return plan;
  }

  async #enter(): Promise<boolean> {
    const on = async () => {
      await this.#connection.exec(SHOWPLAN_ON);
      return true;
    };
    const entered = await onlyHelps("plans of statements", on, false);
    if (!entered) this.#available = false;
    return entered;
  }

  async #ask(sql: string): Promise<string | null> {
    const text = (statement: string) => this.#connection.text(statement, PLAN_BEGINS);
    this.#available ??= await onlyHelps("plans of statements", () => text(CANARY), null) !== null;
    if (!this.#available) return null;
    try {
      return await text(sql);
    } catch (error) {
      if (error instanceof SourceError && error.code === "SOURCE_PERMISSION") return null;
      throw error;
    }
  }
}

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

const OPERATOR =
  /<RelOp\b[^>]*\bPhysicalOp="([^"]+)"|<IndexScan\b[^>]*\bOrdered="([^"]+)"|<Object\b([^>]*)>/g;

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
  let inOrder = false;
  for (const [, named, ordered, object] of xml.matchAll(OPERATOR)) {
    if (named !== undefined) {
      operator = named;
      inOrder = false;
    } else if (ordered !== undefined) {
      // Walked through for the order that its rows are asked for in.
      inOrder = ordered === "1" || ordered === "true";
    } else if (SCANS.has(operator) && !(inOrder && operator.includes("Index"))) {
      scans.push(`${operator} on ${attribute(object, "Table") ?? "a table"}`);
    } else if (SEEKS.has(operator) || inOrder) {
      seeks.push(`${operator} using ${attribute(object, "Index") ?? "an index"}`);
    }
  }
  const sorted = /<RelOp\b[^>]*\bPhysicalOp="Sort"/.test(xml);
  const [scanType] = [...scans, ...seeks];
  if (scanType === undefined) return null;
  return {
    scanType,
    index: scans.length === 0 ? "full" : seeks.length === 0 ? "none" : "partial",
    sorted,
  };
}
