/** What a PostgreSQL holds, counted. */

/** Rows by table of the schema `public`. */
export async function postgresTables(
  query: (sql: string) => Promise<readonly (readonly unknown[])[]>,
): Promise<Map<string, number>> {
  const names = await query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
  );
  const counts = new Map<string, number>();
  for (const [name] of [...names].sort()) {
    const [[count]] = await query(`SELECT count(*) FROM "${name}"`);
    counts.set(String(name), Number(count));
  }
  return counts;
}
