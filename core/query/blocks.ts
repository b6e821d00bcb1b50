/** Tables cut by their blocks: ranges `[from, until)` of block numbers, the outermost ones open. */
import { ConfigError, RivetError } from "../base/errors.ts";
import { onlyHelps } from "../access/only_helps.ts";
import type { Dialect, Source, TableBlocks } from "../ports/source.ts";
import { outerSelect } from "./select.ts";

/** A base query of `table:` with the rows of a range alone; null is open. */
export function blockRows(
  dialect: Dialect,
  base: string,
  from: string | null,
  until: string | null,
): string {
  if (from === null && until === null) return base;
  if (dialect.blockRange === undefined) {
    throw new RivetError("INTERNAL", "blocks of an engine that does not tell where rows lie");
  }
  return `${base} WHERE ${dialect.blockRange(from, until)}`;
}

/** Inner boundaries of about `pieces` ranges of equal length. */
export function blockBoundaries(blocks: number, pieces: number, first = 0): string[] {
  const count = Math.max(1, Math.min(pieces, blocks));
  return Array.from(
    { length: count - 1 },
    (_, i) => String(first + Math.floor((i + 1) * blocks / count)),
  );
}

/** @throws ConfigError when the table's rows cannot be found by their blocks, and why. */
export async function requireBlocks(
  source: Pick<Source, "tableBlocks" | "info">,
  exportName: string,
  table: string,
): Promise<TableBlocks> {
  const found = await source.tableBlocks?.(table) ??
    { blocks: 0, files: [], obstacle: `${source.info.engine} does not tell where rows lie` };
  if (found.obstacle === null) return found;
  throw new ConfigError(
    `export '${exportName}': chunk_by: ctid cannot cut '${table}': ${found.obstacle}`,
    [],
    { hint: "Cut by a column (chunk_column, chunk_by_key), or use mode: full." },
  );
}

/** How many ranges of about `size` rows there are; 1 where the number of rows is not known. */
export async function piecesOf(source: Source, base: string, size: number): Promise<number> {
  const rows = await onlyHelps("the estimate of rows", () => source.estimateRows(base), null);
  return Math.max(1, Math.ceil((rows ?? 0) / size));
}

/** The statements of a stretch, each over about `step` blocks of it. */
export function blockStatements(
  dialect: Dialect,
  base: string,
  selectList: readonly string[],
  { from, until }: { readonly from: string | null; readonly until: string | null },
  { blocks, step }: { readonly blocks: number; readonly step: number },
): string[] {
  const first = Number(from ?? 0);
  const length = Math.max(0, (until === null ? blocks : Number(until)) - first);
  const inner = blockBoundaries(length, Math.ceil(length / step), first);
  const starts = [from, ...inner];
  return starts.map((start, i) =>
    outerSelect(dialect, {
      selectList,
      base: blockRows(dialect, base, start, inner[i] ?? until),
    })
  );
}
