/** `chunk_size_memory_mb`: how many rows of a table are so many MiB. */
import { onlyHelps } from "../access/only_helps.ts";
import { logger } from "../base/log.ts";
import type { LoadedExport } from "../config/loaded.ts";
import type { ChunkedMode } from "../config/modes.ts";
import type { Source } from "../ports/source.ts";

/** Where the catalog does not tell: a view, a table that was never analyzed. */
const UNKNOWN_ROW_BYTES = 512;
/** Narrow rows: a chunk is one statement, and what a failure repeats. */
const MAX_SIZE = 5_000_000;
const MIB = 1024 * 1024;

/** `chunk_size`, or what follows from `chunk_size_memory_mb`; a sealed plan holds both. */
export async function chunkSize(
  source: Pick<Source, "rowBytes">,
  { name, table, config: { chunk_size: given } }: Pick<LoadedExport, "name" | "table" | "config">,
  { size, memoryMb }: Pick<ChunkedMode, "size" | "memoryMb">,
): Promise<number> {
  if (memoryMb === null || given !== undefined || table === null) return size;
  const look = async () => await source.rowBytes?.(table) ?? null;
  const width = await onlyHelps(`the width of rows of '${table}'`, look, null);
  if (width === null) {
    logger().warn(
      `export '${name}': the source does not tell how wide a row of '${table}' is; chunk_size_memory_mb ` +
        `counts ${UNKNOWN_ROW_BYTES} bytes for each. Statistics (ANALYZE) or chunk_size would tell`,
    );
  }
  const rows = Math.floor(memoryMb * MIB / Math.max(1, width ?? UNKNOWN_ROW_BYTES));
  return Math.min(MAX_SIZE, Math.max(1, rows));
}
