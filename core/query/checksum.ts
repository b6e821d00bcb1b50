/** The SQL that hashes rows inside the database. */
import { RivetError } from "../base/errors.ts";
import type { Dialect, Source } from "../ports/source.ts";
import { ALIAS } from "./select.ts";

/**
 * COUNT(*) and the checksum of a query's rows, both as text, in one statement; null where the engine
 * has no checksum. The query selects exactly what is read, and nothing orders it.
 */
export function checksumSql(
  dialect: Dialect,
  query: string,
  columns: Parameters<NonNullable<Dialect["rowChecksum"]>>[0],
): string | null {
  if (dialect.rowChecksum === undefined) return null;
  const count = dialect.castText("COUNT(*)");
  const sum = dialect.castText(`COALESCE(${dialect.rowChecksum(columns)}, 0)`);
  return `SELECT ${count}, ${sum} FROM (\n${query}\n) AS ${ALIAS}`;
}

/** For a source whose dialect has no `rowChecksum`. */
export function noChecksum(
  exportName: string,
  { info, dialect }: Pick<Source, "info" | "dialect">,
): RivetError {
  const counts = "econcile counts: leave --checksum out, or set reconcile: count.";
  const { checksumRemedy: remedy } = dialect;
  return new RivetError(
    "NOT_AVAILABLE",
    `export '${exportName}': checksums are not available for ${info.engine}`,
    { hint: remedy === undefined ? `R${counts}` : `${remedy} Or r${counts}` },
  );
}
