/** The table of `rivet check --type-report`. */
import type { TypeReportRow } from "../../core/preflight/type_report.ts";

const INDENT = "  ";
const GAP = "  ";

/** `ok`, `ok ~` for what arrives as another kind of value, `FAIL` for what does not arrive. */
function status({ acceptable, fidelity, target_status }: TypeReportRow): string {
  if (!acceptable) return "FAIL";
  const other = fidelity === "logical_string" || target_status === "approximate";
  return other ? "ok ~" : "ok";
}

/** @param target whether the rows have a warehouse's types. */
export function renderTypeReport(rows: readonly TypeReportRow[], target: boolean): string {
  const heads = ["Column", "Source type", "Rivet type", "Arrow type", "Fidelity"];
  const header = target ? [...heads, "Target type", "Status"] : [...heads, "Status"];
  const body = rows.map((row) => {
    const cells = [
      row.column,
      row.source_type,
      row.rivet_type ?? "-",
      row.arrow_type ?? "-",
      row.fidelity,
    ];
    return target ? [...cells, row.target_type ?? "-", status(row)] : [...cells, status(row)];
  });
  const widths = header.map((head, i) =>
    Math.max(head.length, ...body.map((cells) => cells[i].length))
  );
  const line = (cells: readonly string[]) =>
    (INDENT + cells.map((cell, i) => cell.padEnd(widths[i])).join(GAP)).trimEnd();
  const notes = rows.filter((row) => row.note !== null).map((row) =>
    `${INDENT}${row.column}: ${row.note}`
  );
  return [
    line(header),
    line(widths.map((width) => "-".repeat(width))),
    ...body.map(line),
    ...(notes.length === 0 ? [] : ["", ...notes]),
  ].join("\n");
}
