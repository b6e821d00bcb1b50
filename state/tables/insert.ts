/** Many rows at once, in statements that both backends take. */
import type { SqlExecutor, SqlParameter } from "../connection.ts";

/** SQLite binds at most 32,766 values per statement, PostgreSQL 65,535. */
const MAX_PARAMETERS = 10_000;

/** Inserts in the order given, one statement after another. Table and column names are ours, values are bound. */
export async function insertRows(
  tx: SqlExecutor,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlParameter[])[],
): Promise<void> {
  const rowsPerStatement = Math.floor(MAX_PARAMETERS / columns.length);
  const tuple = `(${columns.map(() => "?").join(", ")})`;
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    const batch = rows.slice(start, start + rowsPerStatement);
    const tuples = batch.map(() => tuple).join(", ");
    await tx.run(`INSERT INTO ${table} (${columns.join(", ")}) VALUES ${tuples}`, batch.flat());
  }
}
