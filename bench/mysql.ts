/**
 * The main job on MySQL against its own client, as ratios of one run:
 *
 *   deno run -A bench/mysql.ts [--rows 1000000] [--repeat 5]
 *
 * Needs the `mariadb` client and a server (RIVET_TEST_MYSQL_URL, else a mariadbd of this machine). Fills
 * an orders table of 8 columns, then times whole processes in turn: `mariadb --quick -N` writing the
 * table to nowhere, and `rivet run` in several modes with `profile: fast` and zstd 3.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  createMysqlDatabase,
  startMariadb,
  testMysql,
  type TestMysqlDatabase,
} from "../tests/support/mariadb.ts";
import { measure, type Measured, median } from "./measure.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    rows: { type: "string", default: "1000000" },
    repeat: { type: "string", default: "5" },
  },
});

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

const EXPORTS = {
  "full": "mode: full",
  "chunked": "mode: chunked",
  "chunked, parallel 2": "mode: chunked\n    parallel: 2",
};

async function rivet(url: string, settings: string): Promise<Measured> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-bench-" });
  try {
    await Deno.writeTextFile(
      join(dir, "rivet.yaml"),
      `source:\n  type: mysql\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
        `exports:\n  - name: orders\n    table: orders\n    ${settings}\n` +
        "    destination: {type: local, path: ./out}\n",
    );
    return await measure(Deno.execPath(), [
      ...["run", "-A", "--no-check", MAIN, "run", "--quiet"],
      ...["-c", join(dir, "rivet.yaml")],
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function client(url: string): Promise<Measured> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return measure("mariadb", [
    "--no-defaults",
    "--quick",
    "-N",
    `--host=${hostname}`,
    `--port=${port}`,
    `--user=${decodeURIComponent(username)}`,
    `--password=${decodeURIComponent(password)}`,
    pathname.slice(1),
    "-e",
    "SELECT * FROM orders",
  ]);
}

function row(name: string, runs: readonly Measured[], base: number): void {
  const seconds = median(runs.map((r) => r.seconds));
  const cpu = median(runs.map((r) => r.cpuSeconds));
  const rss = Math.max(...runs.map((r) => r.peakRssMb));
  console.log(
    `${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s  ${
      (seconds / base).toFixed(2).padStart(5)
    } x  ${cpu.toFixed(2).padStart(6)} s CPU  ${rss.toFixed(0).padStart(5)} MB RSS`,
  );
}

async function compare(db: TestMysqlDatabase, rows: number, repeat: number): Promise<void> {
  console.log(`orders, ${rows.toLocaleString("en-US")} rows x 8 columns, median of ${repeat}`);
  await db.sql(ORDERS(rows));
  const limit: Measured[] = [];
  const runs = new Map<string, Measured[]>();
  for (let i = 0; i < repeat; i++) {
    limit.push(await client(db.url));
    for (const [name, settings] of Object.entries(EXPORTS)) {
      runs.set(name, [...runs.get(name) ?? [], await rivet(db.url, settings)]);
    }
  }
  const base = median(limit.map((r) => r.seconds));
  row("mariadb --quick -N > /dev/null", limit, base);
  for (const [name, measured] of runs) row(`rivet run: ${name}`, measured, base);
}

// A buffer pool that holds the table: the disk is not what is measured.
const server = Deno.env.get("RIVET_TEST_MYSQL_URL")
  ? await testMysql()
  : await startMariadb({ args: ["--innodb-buffer-pool-size=512M"] });
const db = await createMysqlDatabase(server);
try {
  await compare(db, Number(flags.rows), Number(flags.repeat));
} finally {
  await db.drop();
  await server.stop();
}
