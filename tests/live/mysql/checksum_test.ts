/**
 * The checksum of rows as they are received against the one that the server computes, for every type and
 * value of fixtures/types/mysql.sql and for what could tell the two apart; then found and repaired by it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source } from "../../../core/ports/source.ts";
import { checksumSql } from "../../../core/query/checksum.ts";
import { parseOverride } from "../../../core/types/overrides.ts";
import { RowChecksum } from "../../../core/batch/row_checksum.ts";
import type { ReconcileReport } from "../../../core/reconcile/reconcile_report.ts";
import { readAll, type ReadOptions, requestFor, withSource } from "../../conformance/source.ts";
import {
  createMysqlDatabase,
  mysqlTest,
  testMysql,
  type TestMysqlDatabase,
} from "../../support/mariadb.ts";
import { mysqlHarness } from "./harness.ts";

const FIXTURE = new URL("../../../fixtures/types/mysql.sql", import.meta.url);
const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

interface Sums {
  /** Rows and checksum, of the rows that came and of those at the server. */
  readonly received: readonly [number, string];
  readonly computed: readonly [number, string];
}

async function sums(source: Source, query: string, options: ReadOptions = {}): Promise<Sums> {
  const checksum = new RowChecksum();
  const batches = await readAll(source, query, { ...options, checksum });
  const { sql, columns } = await requestFor(source, query, options);
  const statement = checksumSql(source.dialect, sql, columns);
  assert.ok(statement !== null);
  const [[count, sum]] = await source.rows(statement);
  const rows = batches.reduce((total, batch) => total + batch.rows, 0);
  return { received: [rows, checksum.sum], computed: [Number(count), sum ?? "NULL"] };
}

async function agree(source: Source, query: string, options: ReadOptions = {}): Promise<string> {
  const { received, computed } = await sums(source, query, options);
  assert.deepEqual(received, computed, query);
  return received[1];
}

/** The matrix column by column and row by row, so that a difference names its place. */
async function agreeOnEveryValue(source: Source, table: string): Promise<void> {
  const { columns } = await source.describe(`SELECT * FROM ${table}`, new Map());
  const ids = (await source.rows(`SELECT id FROM ${table} ORDER BY id`)).flat();
  for (const { name } of columns) {
    const query = `SELECT ${source.dialect.quote(name)} FROM ${table}`;
    const { received, computed } = await sums(source, query);
    if (received[1] === computed[1]) continue;
    for (const id of ids) await agree(source, `${query} WHERE id = ${id}`);
    assert.fail(`${query}: each row agrees, all of them together do not`);
  }
}

const QUERIES: Readonly<Record<string, string>> = {
  "no rows": "SELECT 1 AS a FROM DUAL WHERE 1 = 0",
  "every value NULL": "SELECT NULL AS a, NULLIF(id, id) AS b FROM type_matrix",
  "a column named like the alias": "SELECT id AS _rivet, 'x' AS b FROM type_matrix",
  "names that need quotes": "SELECT 1 AS `select`, 2 AS `with ``backtick```, 3 AS `日本`",
  "a trailing comment": "SELECT 1 AS a -- a comment",
  "long values in the loops and above": "SELECT REPEAT('é', id * 7) AS a FROM type_matrix",
  "a derived table that is materialised": "SELECT * FROM type_matrix ORDER BY id LIMIT 5",
  "a union": "SELECT * FROM type_matrix WHERE id < 6 UNION ALL SELECT * FROM type_matrix",
  "groups":
    "SELECT c_bit_20, c_zerofill, COUNT(*) AS n, SUM(c_decimal_18_5) AS s, AVG(c_double) AS m " +
    "FROM type_matrix GROUP BY c_bit_20, c_zerofill",
  "expressions": "SELECT id * 1.5 AS a, id / 3 AS b, id * 1e-7 AS c, CONCAT(id, 'ü') AS d, " +
    "c_bit_5 + 1 AS e, c_latin1 AS f, HEX(c_blob) AS g, UPPER(c_utf16) AS h, -c_double AS i, " +
    "c_date + INTERVAL 1 MICROSECOND AS j, IF(id > 3, 1.25, 2) AS k FROM type_matrix WHERE id < 4",
  "zerofill": "SELECT * FROM padded",
  "character sets, invalid bytes and paddings": "SELECT * FROM charsets",
  "floats with all their digits": "SELECT * FROM floats",
};

const TABLES = `
  CREATE TABLE padded (
    id int PRIMARY KEY, a tinyint(3) zerofill, b bigint(20) zerofill,
    c decimal(12, 3) zerofill, d double(12, 2) zerofill, e float zerofill, f year NOT NULL
  );
  INSERT INTO padded VALUES (1, 0, 0, 0, 0, 0, 0), (2, 7, 18446744073709551615, 0.5, 1.25, 0.1, 2000),
    (3, 100, 10, 123456789.012, 999999.99, 16777216, 1970), (4, NULL, NULL, NULL, NULL, NULL, 2155);
  CREATE TABLE charsets (
    id int PRIMARY KEY, a varchar(40) CHARACTER SET latin1 COLLATE latin1_german2_ci,
    b varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, c varbinary(40), d char(10) CHARACTER SET ucs2,
    e text CHARACTER SET sjis, f text CHARACTER SET koi8r, g varchar(40) CHARACTER SET cp1251,
    h longtext CHARACTER SET utf32, i enum('ä', '', '日') CHARACTER SET utf8mb3, j char(4) CHARACTER SET ascii,
    k set('ä', 'ö') CHARACTER SET latin1
  );
  INSERT INTO charsets VALUES
    (1, 'größe €', '🚀 N', X'00FF', 'ä  ', '日本', 'ключ', 'ключ', '🚀', 'ä', 'a  ', 'ä,ö'),
    (2, '', '', '', '', '', '', '', '', '', '', ''),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, X'8190', 'N', 'N', 'N', 'N', 'N', 'N', 'N', 'no such', 'N', 'ö'),
    (5, 'a,b', 'a;b', X'0A3B2C', '3:abc', '0', '00', '007', '1e5', '日', '0', NULL);
  CREATE TABLE floats (id int PRIMARY KEY AUTO_INCREMENT, f float, d double);
  INSERT INTO floats (f, d)
    SELECT POW(-1, seq) * POW(2, seq MOD 250 - 125) * (1 + seq / 1009), POW(-10, seq MOD 300 - 150) / (seq + 7)
    FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS seq
      FROM digits a, digits b, digits c, digits e) AS s;
  INSERT INTO floats (f, d) VALUES (0, 0), (-0.0, -0.0), (1e15, 1e15), (1e16, 1e16), (1e17, 123456789012345678),
    (0.3, 0.1 + 0.2), (1e-5, 1e-5), (1e-4, 1e-4), (1e38, 1e308), (NULL, 5e-324)`;

/** Expression and override: the override changes the file, at times also what is sent. */
const OVERRIDES: readonly (readonly [string, string])[] = [
  ["id", "decimal(20,0)"],
  ["c_double", "text"],
  ["c_float", "text"],
  ["c_decimal_18_5", "float64"],
  ["c_bit_40", "binary"],
  ["c_bit_20", "int64"],
  ["c_text", "binary"],
  ["c_datetime_6", "text"],
  ["c_time_6", "text"],
  ["ST_GeomFromText(CONCAT('POINT(', id, ' 0.1)'))", "text"],
  ["ST_GeomFromText(CONCAT('POINT(', id, ' 0.1)'))", "binary"],
  ["IF(id = 1, CAST('0000-00-00' AS DATE), c_date)", "text"],
];

async function checkOverrides(source: Source): Promise<void> {
  for (const [expression, text] of OVERRIDES) {
    const override = parseOverride(text);
    assert.ok(!("error" in override));
    const overrides = new Map([["x", override.type]]);
    await agree(source, `SELECT ${expression} AS x FROM type_matrix`, { overrides });
  }
}

async function checkMariadbTypes(database: TestMysqlDatabase, source: Source): Promise<void> {
  const [[version]] = await database.sql("SELECT VERSION()");
  if (!version?.includes("MariaDB")) return;
  await database.sql(`CREATE TABLE own_types (i inet6, j json);
    INSERT INTO own_types VALUES ('2001:db8::1', '[1]'), (NULL, NULL)`);
  const newer = await database.sql(
    "SELECT 1 FROM information_schema.PLUGINS WHERE PLUGIN_NAME IN ('uuid', 'inet4') HAVING COUNT(*) = 2",
  );
  if (newer.length > 0) {
    await database.sql(`ALTER TABLE own_types ADD u uuid, ADD k inet4;
      UPDATE own_types SET u = UUID(), k = '10.0.0.1' WHERE i IS NOT NULL`);
  }
  await agree(source, "SELECT * FROM own_types");
  await agree(source, "SELECT * FROM own_types LIMIT 2");
}

/** Under the modes that change functions most; sessions keep what the server's default is. */
async function checkModes(database: TestMysqlDatabase, work: () => Promise<void>): Promise<void> {
  const [[mode, version]] = await database.sql("SELECT @@GLOBAL.sql_mode, VERSION()");
  const odd = version?.includes("MariaDB") ? "ORACLE,EMPTY_STRING_IS_NULL" : "ANSI";
  await database.sql(`SET GLOBAL sql_mode = '${odd}'`);
  try {
    await work();
  } finally {
    await database.sql(`SET GLOBAL sql_mode = '${mode}'`);
  }
}

/** A row of 60 KB, twice that in utf8mb4, without a value that is long by its type; and another row. */
const LONG_ROW = `
  CREATE TABLE long_row (
    id int PRIMARY KEY, a varchar(10000), b varchar(10000), c varchar(10000), d varchar(10000), e varchar(10000),
    f varchar(10000)
  ) CHARACTER SET latin1;
  SET @v = REPEAT('ä', 10000);
  INSERT INTO long_row VALUES (1, @v, @v, @v, @v, @v, @v), (2, 'a', 'b', 'c', 'd', 'e', 'f')`;

/** The server says NULL instead of a text above its `max_allowed_packet`. */
async function checkLongRow(database: TestMysqlDatabase, connect: () => Promise<Source>) {
  await database.sql(LONG_ROW);
  const [[size]] = await database.sql("SELECT @@GLOBAL.max_allowed_packet");
  await database.sql("SET GLOBAL max_allowed_packet = 65536");
  const source = await connect();
  try {
    const { received, computed } = await sums(source, "SELECT * FROM long_row");
    assert.deepEqual([received[0], computed[0]], [2, 2]);
    assert.match(computed[1], /^-\d+$/);
    assert.match(received[1], /^\d+$/);
    // Values that are long by their type are hashed by themselves.
    const long = (name: string) =>
      `CAST(CONCAT(a, ${name}) AS CHAR CHARACTER SET utf8mb4) AS ${name}`;
    await agree(source, `SELECT ${[..."bcdef"].map(long).join(", ")} FROM long_row`);
  } finally {
    await source.close();
    await database.sql(`SET GLOBAL max_allowed_packet = ${size}`);
  }
}

const VARIANTS: readonly string[] = [
  "SELECT 1 AS a, '' AS b UNION ALL SELECT 2, 'x'",
  "SELECT 1 AS a, NULL AS b UNION ALL SELECT 2, 'x'",
  "SELECT 1 AS a, 'N' AS b UNION ALL SELECT 2, 'x'",
  "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, ''",
  "SELECT 1 AS a, '' AS b UNION ALL SELECT 2, 'x' UNION ALL SELECT 2, 'x'",
  "SELECT 1 AS a, '' AS b UNION ALL SELECT 2, 'y'",
  "SELECT 0 AS a, '' AS b UNION ALL SELECT 2, 'x'",
  "SELECT NULL AS a, '' AS b UNION ALL SELECT 2, 'x'",
  "SELECT 'a,b' AS a, 'c' AS b UNION ALL SELECT 2, 'x'",
  "SELECT 'a' AS a, 'b,c' AS b UNION ALL SELECT 2, 'x'",
];

async function checkForm(t: Deno.TestContext, database: TestMysqlDatabase): Promise<void> {
  const harness = await mysqlHarness(database);
  await database.sql(await Deno.readTextFile(FIXTURE));
  await database.sql(`SET sql_mode = ''; ${TABLES}`);
  const step = (name: string, check: (source: Source) => Promise<void>) =>
    t.step(name, () => withSource(harness, {}, check));
  await step("every value of the type matrix", (s) => agreeOnEveryValue(s, "type_matrix"));
  await step("whole rows, in blocks of any size", async (s) => {
    const whole = await agree(s, "SELECT * FROM type_matrix");
    for (const access of ["statement", "cursor"] as const) {
      const small = { access, batchRows: 3 };
      assert.equal(await agree(s, "SELECT * FROM type_matrix", small), whole);
    }
    assert.equal(await agree(s, "SELECT * FROM type_matrix", { orderBy: "c_varchar" }), whole);
    await agree(s, "SELECT * FROM numbers");
  });
  for (const [name, query] of Object.entries(QUERIES)) {
    await step(name, async (s) => void await agree(s, query));
  }
  await step("overrides", checkOverrides);
  await step("the types that only MariaDB has", (s) => checkMariadbTypes(database, s));
  await t.step(
    "sql_mode does not matter",
    () =>
      checkModes(database, () =>
        withSource(harness, {}, async (s) => {
          assert.match(String(await s.rows("SELECT @@sql_mode")), /ORACLE|ANSI/);
          await agreeOnEveryValue(s, "type_matrix");
          await agree(s, "SELECT * FROM padded");
          await agree(s, "SELECT * FROM charsets");
        })),
  );
  await t.step(
    "a row above the largest packet is told apart",
    () => checkLongRow(database, () => harness.connect({})),
  );
  await step("one changed value, NULL for empty, or a duplicate is another sum", async (s) => {
    const seen = new Set<string>();
    for (const query of VARIANTS) seen.add(await agree(s, query));
    assert.equal(seen.size, VARIANTS.length);
  });
}

async function onDatabase(work: (database: TestMysqlDatabase) => Promise<void>): Promise<void> {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await work(database);
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
}

mysqlTest(
  "mysql checksum: received rows and the server's own sum agree",
  (t) =>
    onDatabase(async (database) => {
      // A server that has it in a component only.
      const hashes = await database.sql("SELECT MD5('')").then(() => true, () => false);
      const component = "COMPONENT 'file://component_classic_hashing'";
      if (!hashes) await database.sql(`INSTALL ${component}`);
      try {
        await checkForm(t, database);
      } finally {
        if (!hashes) await database.sql(`UNINSTALL ${component}`);
      }
    }),
);

/** 1,000 rows in chunks of 250. */
const ORDERS = `
  CREATE TABLE digits (d int);
  INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
  CREATE TABLE orders (
    id int PRIMARY KEY, amount decimal(12, 2), ratio float, flags bit(12), note text, code char(8),
    body varbinary(20), at timestamp(6) NULL
  );
  INSERT INTO orders
    SELECT i, i / 7, i / 3, i, IF(i % 3 = 0, NULL, CONCAT('größe ', i)), i, UNHEX(LPAD(HEX(i), 8, '0')),
      TIMESTAMP('2024-01-01') + INTERVAL i * 997 MICROSECOND
    FROM (SELECT 1 + a.d + 10 * b.d + 100 * c.d AS i FROM digits a, digits b, digits c) AS n`;

/** Each changes one value and no count: in chunk 1 by its last bit, in chunk 2 NULL for empty. */
const SILENT_DRIFT = `UPDATE orders SET ratio = ratio * 1.0000001 WHERE id = 300;
  UPDATE orders SET note = '' WHERE id = 600`;

function ordersConfig(url: string): string {
  return `source: { type: mysql, url: "${url}", tls: { mode: disable } }
exports:
  - name: orders
    table: orders
    mode: chunked
    chunk_size: 250
    chunk_checkpoint: true
    parallel: 2
    reconcile: checksum
    format: csv
    destination: { type: local, path: ./out }
`;
}

async function checkRepair(database: TestMysqlDatabase, folder: string): Promise<void> {
  await database.sql(ORDERS);
  await Deno.writeTextFile(join(folder, "rivet.yaml"), ordersConfig(database.url));
  const rivet = async (expected: number, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...args, "-c", "rivet.yaml"],
      cwd: folder,
      env: { RIVET_LOG: "", RUST_LOG: "" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    assert.equal(code, expected, text.decode(stderr));
    return text.decode(stdout);
  };
  const reconcile = async (expected: number): Promise<string[]> => {
    const args = ["reconcile", "-e", "orders", "--checksum", "--format", "json"];
    const report: ReconcileReport = JSON.parse(await rivet(expected, ...args));
    return report.partitions.map((p) => p.note === null ? p.status : `${p.status}: ${p.note}`);
  };
  const clean = Array(4).fill("match");
  const differs = "mismatch: checksum differs: values changed, the count did not";

  // The run compares its own checksums with the server's before it ends.
  await rivet(0, "run");
  assert.deepEqual(await reconcile(0), clean);
  await database.sql(SILENT_DRIFT);
  assert.deepEqual(await reconcile(1), ["match", differs, differs, "match"]);
  await rivet(0, "repair", "-e", "orders", "--execute");
  assert.deepEqual(await reconcile(0), clean);
}

async function checkRefusal(database: TestMysqlDatabase, folder: string): Promise<void> {
  await database.sql(ORDERS);
  await Deno.writeTextFile(join(folder, "rivet.yaml"), ordersConfig(database.url));
  for (const command of ["check", "plan", "run"]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, command, "-c", "rivet.yaml"],
      cwd: folder,
      env: { RIVET_LOG: "", RUST_LOG: "" },
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, 2, text);
    assert.match(text.replace(/\s+/g, " "), /not available for MySQL.*component_classic_hashing/);
  }
}

mysqlTest(
  "mysql checksum: a changed value is found, repaired, and clean again; refused where there is no hash",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "rivet-mysql-checksum-" });
    try {
      await onDatabase(async (database) => {
        const hashes = await database.sql("SELECT MD5('')").then(() => true, () => false);
        await (hashes ? checkRepair : checkRefusal)(database, folder);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
