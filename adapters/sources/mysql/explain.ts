/** What the optimizer expects of a query, without running it. */
import type { ScanFacts } from "../../../core/ports/source.ts";
import type { ResultSet } from "./connection.ts";

/** One line of EXPLAIN: one table of one SELECT. */
interface Step {
  readonly id: string | null;
  readonly kind: string;
  /** `<derived2>` and the like for what another step gives. */
  readonly table: string | null;
  /** `ALL`, `index`, `range`, `ref`, `eq_ref`, `const`, ... */
  readonly access: string | null;
  readonly key: string | null;
  readonly rows: number | null;
  /** Per cent of the rows that the conditions leave. */
  readonly filtered: number;
  /** `Using where; Using index; Using filesort`. */
  readonly extra: string;
}

/** Steps of these kinds produce the result's rows; the others feed subqueries. */
const OUTER_SELECTS = new Set(["SIMPLE", "PRIMARY", "UNION"]);

function stepsOf({ fields, rows }: ResultSet): Step[] {
  const names = fields.map((field) => field.name);
  return rows.map((row) => {
    const at = (name: string): string | null => row[names.indexOf(name)] ?? null;
    const count = at("rows");
    return {
      id: at("id"),
      kind: at("select_type") ?? "",
      table: at("table"),
      access: at("type"),
      key: at("key"),
      rows: count === null ? null : Number(count),
      filtered: Number(at("filtered") ?? 100),
      extra: at("Extra") ?? "",
    };
  });
}

/** The joins of each outer SELECT multiplied, the SELECTs of a UNION added up. */
export function plannedRows(plan: ResultSet): number | null {
  const products = new Map<string, number>();
  for (const { id, kind, rows, filtered } of stepsOf(plan)) {
    if (!OUTER_SELECTS.has(kind) || id === null || rows === null) continue;
    products.set(id, (products.get(id) ?? 1) * rows * filtered / 100);
  }
  if (products.size === 0) return null;
  return Math.round([...products.values()].reduce((sum, rows) => sum + rows, 0));
}

/**
 * How the tables are read; null when none is.
 * @param ordered whether the statement asks for an order, which walking through an index gives.
 */
export function scanFacts(plan: ResultSet, ordered: boolean): ScanFacts | null {
  const steps = stepsOf(plan);
  const tables = steps.filter(({ table, access }) =>
    table !== null && !table.startsWith("<") && access !== null
  );
  if (tables.length === 0) return null;
  const sorted = steps.some(({ extra }) => extra.includes("Using filesort"));
  // `ALL` reads every row, `index` every entry: to find some of them, or only to have them in its order.
  const whole = tables.filter(({ access, extra, rows }) =>
    access === "ALL" ||
    (access === "index" && rows !== 1 &&
      (!ordered || sorted || extra.includes("Using where")))
  );
  const worst = whole[0] ?? tables[0];
  const by = worst.key === null ? "" : ` using ${worst.key}`;
  return {
    scanType: `${worst.access}${by} on ${worst.table}`,
    index: whole.length === 0 ? "full" : whole.length < tables.length ? "partial" : "none",
    sorted,
  };
}
