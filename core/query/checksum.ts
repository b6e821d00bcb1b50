/** The SQL that hashes rows inside the database. */
import { RivetError } from "../base/errors.ts";
import type { Dialect, Source } from "../ports/source.ts";
import type { Column } from "../types/types.ts";
import { MD5_FORM } from "../batch/row_checksum.ts";
import { ALIAS } from "./select.ts";

type Checksums = Pick<Source, "dialect" | "info" | "checksumObstacle">;

/** Why rows of these columns are not hashed; null when they are. */
export function checksumObstacle(source: Checksums, columns: readonly Column[]): string | null {
  if (source.dialect.rowChecksum === undefined) {
    return `checksums are not available for ${source.info.engine}`;
  }
  const obstacle = source.checksumObstacle?.(columns) ?? null;
  return obstacle === null ? null : `no checksum is known on ${source.info.engine} for ${obstacle}`;
}

const COUNTS = "econcile counts: leave --checksum out, or set reconcile: count.";
const OTHER_COLUMNS =
  "Leave such columns out of the query, or read them as text (columns: {name: text}).";

/** @throws RivetError NOT_AVAILABLE naming the engine, or the columns that are in the way */
export function requireChecksum(
  source: Checksums,
  exportName: string,
  columns: readonly Column[],
): void {
  const obstacle = checksumObstacle(source, columns);
  if (obstacle === null) return;
  const { rowChecksum, checksumRemedy } = source.dialect;
  const remedy = rowChecksum === undefined ? checksumRemedy : OTHER_COLUMNS;
  throw new RivetError("NOT_AVAILABLE", `export '${exportName}': ${obstacle}`, {
    hint: remedy === undefined ? `R${COUNTS}` : `${remedy} Or r${COUNTS}`,
  });
}

/**
 * COUNT(*) and the checksum of a query's rows, both as text, in one statement; null for a form that the
 * engine does not know. The query selects exactly what is read, and nothing orders it. `requireChecksum` comes
 * first.
 */
export function checksumSql(
  dialect: Dialect,
  query: string,
  columns: readonly Column[],
  form: string = MD5_FORM,
): string | null {
  if (dialect.rowChecksum === undefined) throw new TypeError("the engine has no checksum");
  const aggregate = dialect.rowChecksum(columns, form);
  if (aggregate === null) return null;
  const count = dialect.castText("COUNT(*)");
  const sum = dialect.castText(`COALESCE(${aggregate}, 0)`);
  return `SELECT ${count}, ${sum} FROM (\n${query}\n) AS ${ALIAS}`;
}
