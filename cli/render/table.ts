/** Plain tables: a header, a rule, one line per row. */
import { oneLine } from "../../core/base/printable.ts";

/** A column of a table, which is as wide as its widest cell. */
export interface TableColumn {
  readonly header: string;
  /** Kept where the terminal is wide enough, so that successive listings line up. */
  readonly minWidth?: number;
  readonly align?: "left" | "right";
}

/**
 * The table's lines joined by newlines.
 * @param width of the terminal, when there is one: minimum widths that do not fit are given up.
 */
export function renderTable(
  columns: readonly TableColumn[],
  cells: readonly (readonly string[])[],
  width?: number,
): string {
  const rows = cells.map((row) => row.map(oneLine));
  const content = columns.map((column, i) =>
    Math.max(column.header.length, ...rows.map((row) => row[i].length))
  );
  const roomy = columns.map((column, i) => Math.max(column.minWidth ?? 0, content[i]));
  const widths = width === undefined || lineWidth(roomy) <= width ? roomy : content;
  const rule = "-".repeat(Math.min(lineWidth(widths), width ?? Infinity));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => align(cell, widths[i], columns[i].align)).join(" ").trimEnd();
  return [line(columns.map((c) => c.header)), rule, ...rows.map(line)].join("\n");
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, w) => sum + w, widths.length - 1);
}

function align(cell: string, width: number, side: TableColumn["align"]): string {
  return side === "right" ? cell.padStart(width) : cell.padEnd(width);
}
