/** The SQL that hashes rows inside the database. */
import type { Dialect } from "../ports/source.ts";
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
