/** Peak memory as rows, exports and values grow. */
import type { TestDatabase } from "../../tests/support/postgres.ts";
import { inFolder, measureRun } from "../measure.ts";
import { TABLES } from "../tables.ts";
import { runConfig } from "./tools.ts";

const WIDE_ROWS = 900;
const EXPORTS = 20;

function exportsOf(url: string, table: string): string {
  const one = (i: number) =>
    `  - name: e${i}\n    table: ${table}\n    mode: full\n    destination: {type: local, path: ./out/e${i}}\n`;
  return `source:\n  type: postgres\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
    `exports:\n${Array.from({ length: EXPORTS }, (_, i) => one(i)).join("")}`;
}

/** Peak RSS in MB of each. */
export async function measureMemory(
  db: TestDatabase,
  scale: number,
): Promise<Record<string, number>> {
  const orders = TABLES[0];
  const rows = Math.round(1_000_000 * scale);
  await db.sql(orders.fill("orders_1", rows));
  await db.sql(orders.fill("orders_10", 10 * rows));
  await db.sql(
    `CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 32768) AS body FROM generate_series(1, ${WIDE_ROWS}) i`,
  );
  const peak = async (config: string) =>
    (await inFolder((dir) => measureRun(dir, config))).peakRssMb;
  const one = (table: string) => peak(runConfig(db.url, table, "mode: full"));
  const query = runConfig(db.url, "wide", "mode: full").replace(
    "table: wide",
    'query: "SELECT body FROM wide"',
  );
  const found = {
    rss_1_mb: await one("orders_1"),
    rss_10_mb: await one("orders_10"),
    rss_20_exports_mb: await peak(exportsOf(db.url, "orders_1")),
    rss_wide_query_mb: await peak(query),
  };
  await db.sql("DROP TABLE orders_1, orders_10, wide");
  return found;
}
