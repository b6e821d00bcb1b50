/** The main job on MySQL against its own client. */
import {
  createMysqlDatabase,
  startMariadb,
  testMysql,
  type TestMysqlDatabase,
} from "../../tests/support/mariadb.ts";
import { clientLogin } from "../../tests/support/mysql_client.ts";
import {
  figures,
  inFolder,
  largestDuring,
  measure,
  type Measured,
  measureRun,
  printFigures,
} from "../measure.ts";
import type { Comparison } from "../results.ts";

const DIGITS = (alias: string) =>
  `(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) ${alias}`;

const ORDERS = (rows: number) => `
  CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint NOT NULL, product varchar(40) NOT NULL,
    price decimal(10,2) NOT NULL, quantity int NOT NULL, status varchar(20) NOT NULL,
    created_at datetime(6) NOT NULL, updated_at datetime(6));
  INSERT INTO orders
  SELECT i, (i * 7919) % 200000, CONCAT('product-', i % 1000), ((i * 31) % 100000) / 100.0, 1 + i % 9,
    ELT(1 + i % 5, 'new', 'paid', 'shipped', 'delivered', 'returned'),
    TIMESTAMP('2024-01-01') + INTERVAL i * 13 SECOND,
    IF(i % 4 = 0, NULL, TIMESTAMP('2024-06-01') + INTERVAL i * 7000123 MICROSECOND)
  FROM (
    SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d + 1000000 * g.d AS i
    FROM ${["a", "b", "c", "d", "e", "f", "g"].map(DIGITS).join(", ")}
  ) AS n WHERE i <= ${rows};
  ANALYZE TABLE orders`;

const MODES = {
  "full": "mode: full",
  "chunked": "mode: chunked",
  "chunked, parallel 2": "mode: chunked\n    parallel: 2",
};

function run(url: string, settings: string): Promise<Measured> {
  return inFolder((dir) =>
    measureRun(
      dir,
      `source:\n  type: mysql\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
        `exports:\n  - name: orders\n    table: orders\n    ${settings}\n` +
        "    destination: {type: local, path: ./out}\n",
    )
  );
}

function client(url: string): Promise<Measured> {
  return measure("mariadb", [
    "--no-defaults",
    "--quick",
    "-N",
    ...clientLogin(url),
    "-e",
    "SELECT * FROM orders",
  ]);
}

async function compare(
  db: TestMysqlDatabase,
  rows: number,
  repeat: number,
): Promise<Comparison> {
  console.log(`\n${rows} orders x 8 columns on MariaDB, medians of ${repeat}`);
  await db.sql(ORDERS(rows));
  const limit: Measured[] = [];
  const runs = new Map<string, Measured[]>();
  for (let i = 0; i < repeat; i++) {
    limit.push(await client(db.url));
    for (const [name, settings] of Object.entries(MODES)) {
      runs.set(name, [...runs.get(name) ?? [], await run(db.url, settings)]);
    }
  }
  const lines = [figures("mariadb --quick -N > /dev/null", limit)];
  for (const [name, measured] of runs) lines.push(figures(`rivet: ${name}`, measured));
  for (const line of lines) printFigures(line, lines[0].seconds);
  return { title: "orders x 8 columns, MariaDB", rows, repeat, lines, different: {} };
}

/** The longest time that a statement of a chunked run was seen to take. */
function longestStatementMs(db: TestMysqlDatabase): Promise<number> {
  return largestDuring(() => run(db.url, MODES.chunked), async () => {
    const [[ms]] = await db.sql(
      "SELECT coalesce(max(time_ms), 0) FROM information_schema.processlist " +
        "WHERE command = 'Query' AND id <> connection_id() AND db = database()",
    );
    return Number(ms);
  });
}

/** A table of `rows` orders on a server of RIVET_TEST_MYSQL_URL, else a mariadbd of this machine. */
export async function compareMysql(
  rows: number,
  repeat: number,
): Promise<{ comparison: Comparison; version: string; longestStatementMs: number }> {
  // A buffer pool that holds the table: the disk is not what is measured.
  const server = Deno.env.get("RIVET_TEST_MYSQL_URL")
    ? await testMysql()
    : await startMariadb({ args: ["--innodb-buffer-pool-size=512M"] });
  const db = await createMysqlDatabase(server);
  try {
    const [[version]] = await db.sql("SELECT version()");
    const comparison = await compare(db, rows, repeat);
    return {
      comparison,
      version: String(version),
      longestStatementMs: await longestStatementMs(db),
    };
  } finally {
    await db.drop();
    await server.stop();
  }
}
